import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Intent } from '../../src/ui/keymap.ts';
import { charactersOf, EMPTY_LINE, edit, insert, type Line, lineOf } from '../../src/ui/line-edit.ts';

function after(text: string, ...intents: readonly Intent[]): string {
  const line = intents.reduce<Line>((before, intent) => edit(before, intent) ?? before, lineOf(text));
  const characters = charactersOf(line.text);
  return `${characters.slice(0, line.cursor).join('')}|${characters.slice(line.cursor).join('')}`;
}

describe('line', () => {
  test.each<readonly [string, readonly Intent[], string]>([
    ['abc', [], 'abc|'],
    ['abc', ['left', 'left'], 'a|bc'],
    ['abc', ['left', 'left', 'left', 'left', 'right'], 'a|bc'],
    ['abc', ['line-start'], '|abc'],
    ['abc', ['line-start', 'line-end', 'right'], 'abc|'],
    ['abc', ['left', 'erase'], 'a|c'],
    ['abc', ['line-start', 'erase'], '|abc'],
    ['abc', ['line-start', 'erase-next'], '|bc'],
    ['abc', ['erase-next'], 'abc|'],
    ['one two  ', ['erase-word'], 'one |'],
    ['one two', ['left', 'erase-word'], 'one |o'],
    ['abc', ['erase-line'], '|'],
    ['a👩‍👩‍👧b', ['left', 'erase'], 'a|b'],
    ['e\u0301', ['erase'], '|'],
  ])('%j after %j is %j', (text, intents, expected) => {
    expect(after(text, ...intents)).toBe(expected);
  });

  test('keys that edit nothing are left to others', () => {
    expect(edit(lineOf('abc'), 'confirm')).toBe(null);
  });

  test('typing or pasting puts the text at the cursor', () => {
    const line = edit(lineOf('ad'), 'left') ?? EMPTY_LINE;
    expect(insert(line, 'bc')).toEqual({ text: 'abcd', cursor: 3 });
  });

  test('the cursor stays inside of the text, whatever is typed', () => {
    const step = fc.oneof(
      fc.string({ unit: 'grapheme', maxLength: 5 }),
      fc.constantFrom<Intent>('left', 'right', 'erase', 'erase-next', 'erase-word', 'line-start', 'line-end'),
    );
    const intents = new Set(['left', 'right', 'erase', 'erase-next', 'erase-word', 'line-start', 'line-end']);
    fc.assert(
      fc.property(fc.array(step, { maxLength: 30 }), (steps) => {
        let line = EMPTY_LINE;
        for (const one of steps) {
          line = intents.has(one) ? (edit(line, one as Intent) ?? line) : insert(line, one);
          expect(line.cursor).toBeGreaterThanOrEqual(0);
          expect(line.cursor).toBeLessThanOrEqual(charactersOf(line.text).length);
        }
      }),
    );
  });
});
