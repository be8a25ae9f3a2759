import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { makeVisible } from '../../src/app/visible.ts';
import { cut, cutMiddle, hardWrap, pad, widthOf, wrap } from '../../src/ui/width.ts';

const anyText = fc.string({ unit: 'grapheme', maxLength: 300 }).map(makeVisible);
const columns = fc.integer({ min: 2, max: 120 });

describe('width', () => {
  test.each([
    ['abc', 3],
    ['あ', 2],
    ['👍', 2],
    ['e\u0301', 1],
    ['👍🏽', 4],
    ['कि', 2],
    ['\u1100'.repeat(500), 1_000],
  ])('%j takes %i columns', (text, width) => {
    expect(widthOf(text)).toBe(width);
  });

  test('wrap: breaks at spaces', () => {
    expect(wrap('one two three', 8)).toEqual(['one two', 'three']);
  });

  test('wrap: breaks a word that is too long anywhere, wide characters whole', () => {
    expect(wrap('あいうえお', 5)).toEqual(['あい', 'うえ', 'お']);
    expect(wrap('x'.repeat(16_384), 80)).toHaveLength(Math.ceil(16_384 / 80));
  });

  test('wrap: no line is wider than the columns, and no character but spaces is lost', () => {
    fc.assert(
      fc.property(anyText, columns, (text, room) => {
        const lines = wrap(text, room);
        for (const line of lines) expect(widthOf(line), JSON.stringify(line)).toBeLessThanOrEqual(room);
        expect(lines.join('').replace(/\s/g, '')).toBe(text.replace(/\s/g, ''));
      }),
    );
  });

  test('hardWrap: breaks at the right edge, spaces or not', () => {
    expect(hardWrap('npx p2pd-demo connect p2pd1abc', 22)).toBe('npx p2pd-demo connect \np2pd1abc');
    expect(hardWrap('npx p2pd-demo connect p2pd1abc', 26)).toBe('npx p2pd-demo connect p2pd\n1abc');
  });

  test('cut, cutMiddle: never wider than the columns', () => {
    fc.assert(
      fc.property(anyText, columns, (text, room) => {
        expect(widthOf(cut(text, room))).toBeLessThanOrEqual(room);
        expect(widthOf(cutMiddle(text, room))).toBeLessThanOrEqual(room);
      }),
    );
  });

  test('cutMiddle: keeps both ends of a long word', () => {
    expect(cutMiddle('p2pd1abcdefghijk', 9)).toBe('p2pd…hijk');
  });

  test('pad: gives exactly the columns', () => {
    expect(pad('あ', 4)).toBe('あ  ');
    expect(pad('12', 4, 'left')).toBe('  12');
    expect(pad('abcdef', 4)).toBe('abc…');
  });
});
