import fc from 'fast-check';
import { expect, test } from 'vitest';
import { makeVisible } from '../../src/app/visible.ts';

test.each([
  ['plain text, ümläute, 日本語', 'plain text, ümläute, 日本語'],
  ['\x1b[31mred\x1b[0m', '\\x1b[31mred\\x1b[0m'],
  ['\x1b]0;title\x07', '\\x1b]0;title\\x07'],
  ['a\u202egnp.exe', 'a\\u{202e}gnp.exe'],
  ['\u2066x\u2069\u200e\u200f\u061c', '\\u{2066}x\\u{2069}\\u{200e}\\u{200f}\\u{61c}'],
  ['a\u200bb\u200cc\ufeffd', 'a\\u{200b}b\\u{200c}c\\u{feff}d'],
  ['a\u2028b\u2029c', 'a\\u{2028}b\\u{2029}c'],
  ['\u{e0041}\u{e007f}', '\\u{e0041}\\u{e007f}'],
  ['\ud800', '\\u{d800}'],
  ['\x7f\x9b31m\x85', '\\x7f\\x9b31m\\x85'],
  ['two\nlines\r', 'two\\nlines\\r'],
  ['a\tb', 'a b'],
])('visible: %j is shown as %j', (text, shown) => {
  expect(makeVisible(text)).toBe(shown);
});

test('visible: keeps an accent and bounds a flood of them', () => {
  expect(makeVisible('e\u0301')).toBe('e\u0301');
  expect([...makeVisible(`e${'\u0301'.repeat(500)}`)].length).toBeLessThan(12);
});

test('visible: joins no more than a family of emoji', () => {
  const flood = Array.from({ length: 500 }, () => '👩').join('\u200d');
  expect(makeVisible(flood)).not.toMatch(/(?:\u{1f469}\u200d){10}/u);
});

test('visible: no control, format or separator character is left, whatever comes', () => {
  const unit = fc.oneof(
    fc.nat({ max: 0xffff }).map((code) => String.fromCharCode(code)),
    fc.constantFrom('\x1b', '\u200d', '👩', '\u0301', '\ue000', '\u202e', '\u{e0041}', '\ufe0f'),
  );
  fc.assert(
    fc.property(fc.array(unit, { maxLength: 60 }), (units) => {
      const shown = makeVisible(units.join(''));
      expect(shown.replaceAll('\u200d', '')).not.toMatch(/[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/u);
      expect(shown).not.toMatch(/\p{M}{9}/u);
    }),
    { numRuns: 2_000 },
  );
});

test('visible: what is visible already stays as it is', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 80 }), (text) => {
      const shown = makeVisible(text);
      expect(makeVisible(shown)).toBe(shown);
    }),
    { numRuns: 500 },
  );
});

test('visible: nothing is lost in silence: every character stays, or its number is shown', () => {
  const character = fc.string({ unit: 'binary', minLength: 1, maxLength: 1 });
  fc.assert(
    fc.property(fc.array(character, { maxLength: 40 }), (characters) => {
      // A letter between them, so that no mark follows another and nothing is joined.
      const shown = makeVisible(characters.join('x'));
      for (const one of characters) {
        const hex = one.codePointAt(0)?.toString(16);
        const forms = [one, one === '\t' ? ' ' : one, `\\x${hex?.padStart(2, '0')}`, `\\u{${hex}}`];
        const named = one === '\n' ? ['\\n'] : one === '\r' ? ['\\r'] : [];
        expect(
          [...forms, ...named].some((form) => shown.includes(form)),
          JSON.stringify(one),
        ).toBe(true);
      }
    }),
    { numRuns: 500 },
  );
});

test('visible: eight marks stay on a letter, of more there is a sign', () => {
  const marks = (count: number) => `e${'\u0301'.repeat(count)}x`;
  expect(makeVisible(marks(8))).toBe(marks(8));
  expect(makeVisible(marks(9))).toBe(`e${'\u0301'.repeat(8)}…x`);
});
