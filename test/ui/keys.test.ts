import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type Key, NO_KEYS, splitKeys } from '../../src/ui/keys.ts';

/** What pieces of input come to: key names, and text in quotes. */
function keysOf(...pieces: readonly string[]): string[] {
  let state = NO_KEYS;
  const keys: Key[] = [];
  for (const piece of pieces) {
    const split = splitKeys(state, piece);
    state = split.state;
    keys.push(...split.keys);
  }
  return keys.map(({ name, text }) => (name === 'text' ? JSON.stringify(text) : name));
}

describe('keys', () => {
  test.each([
    ['\t\t\t', ['tab', 'tab', 'tab']],
    ['ab\r', ['"a"', '"b"', 'enter']],
    ['\x1b[A\x1b[B\x1bOC\x1b[D', ['up', 'down', 'right', 'left']],
    [
      '\x1b[5~\x1b[6~\x1b[H\x1b[4~\x1b[3~\x1b[Z',
      ['pageup', 'pagedown', 'home', 'end', 'delete', 'shift-tab'],
    ],
    ['\x03\x04\x15\x17\x0e\x10', ['ctrl-c', 'ctrl-d', 'ctrl-u', 'ctrl-w', 'ctrl-n', 'ctrl-p']],
    ['\x7f\b', ['backspace', 'backspace']],
    ['\x1b', ['escape']],
    ['\x1bOP\x1b[11~', ['f1', 'f1']],
    ['äあ👍', ['"ä"', '"あ"', '"👍"']],
  ])('splitter: cuts %j into %j', (piece, keys) => {
    expect(keysOf(piece)).toEqual(keys);
  });

  test('splitter: skips sequences that it does not know, whole', () => {
    expect(keysOf('a\x1b[1;5Cb\x1b[24~c\x1b[?1;2cd')).toEqual(['"a"', '"b"', '"c"', '"d"']);
  });

  test('splitter: finds a sequence wherever it was cut behind its first two characters', () => {
    for (const [input, key] of [
      ['\x1b[5~', 'pageup'],
      ['\x1b[1;5C', null],
      ['\x1b[200~pasted\x1b[201~', '"pasted"'],
    ] as const) {
      for (let at = 2; at < input.length; at++) {
        const expected = key === null ? ['"x"'] : [key, '"x"'];
        expect(keysOf(input.slice(0, at), `${input.slice(at)}x`), `cut at ${at}`).toEqual(expected);
      }
    }
  });

  test('splitter: Esc is a key at once, whatever follows in the next piece', () => {
    expect(keysOf('\x1b', '[', 'A')).toEqual(['escape', '"["', '"A"']);
    expect(keysOf('\x1b\x1b', 'x')).toEqual(['escape', 'escape', '"x"']);
  });

  test('splitter: writes no C1 control', () => {
    expect(keysOf('\x9bA\x80')).toEqual(['"A"']);
  });
});

describe('paste', () => {
  test('splitter: gives a bracketed paste as one text, between other keys', () => {
    expect(keysOf('x\x1b[200~two\nlines\x1b[201~\r')).toEqual(['"x"', '"two\\nlines"', 'enter']);
  });

  test('splitter: joins a paste that comes in several pieces', () => {
    expect(keysOf('\x1b[200~p2pd1', 'abc', 'def\x1b[201~')).toEqual(['"p2pd1abcdef"']);
  });

  test('splitter: finds the end of a paste wherever the pieces were cut', () => {
    const input = '\x1b[200~abc\x1b[201~\r';
    for (let at = '\x1b[200~'.length; at < input.length; at++) {
      expect(keysOf(input.slice(0, at), input.slice(at)), `cut at ${at}`).toEqual(['"abc"', 'enter']);
    }
  });

  test('splitter: obeys no key inside of a paste', () => {
    expect(keysOf('\x1b[200~q\x03\x1b[A4\x1b[201~')).toEqual([JSON.stringify('q\x03\x1b[A4')]);
  });

  test('splitter: keeps a bounded part of an endless paste and still sees its end', () => {
    const pieces = Array.from({ length: 40 }, () => 'x'.repeat(10_000));
    const [text, after] = keysOf('\x1b[200~', ...pieces, '\x1b[20', '1~\r');
    expect(text?.length).toBeLessThanOrEqual(100_002);
    expect(after).toBe('enter');
  });

  test('splitter: loses nothing of what was pasted, however it was cut', () => {
    const text = fc.string({ minLength: 1, maxLength: 200 }).filter((value) => !value.includes('\x1b'));
    fc.assert(
      fc.property(text, fc.array(fc.nat({ max: 220 }), { maxLength: 5 }), (pasted, cuts) => {
        const input = `\x1b[200~${pasted}\x1b[201~`;
        const at = [6, ...cuts.filter((cut) => cut > 6 && cut < input.length), input.length].sort(
          (a, b) => a - b,
        );
        const pieces = [input.slice(0, 6), ...at.slice(1).map((end, i) => input.slice(at[i], end))];
        expect(keysOf(...pieces)).toEqual([JSON.stringify(pasted)]);
      }),
    );
  });
});
