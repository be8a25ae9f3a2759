import { expect, test } from 'vitest';
import { terminalText } from '../../src/ui/terminal-text.ts';

const WORD = 'p2pd1abcdefghijkmnpqrstuvwxyz23456789'.repeat(4).slice(0, 100);
const rows = (text: string) => text.match(/.{1,40}/g)?.join('\n') ?? '';

test('terminal text: lets the terminal break a long word itself, so that it is copied as one', () => {
  expect(terminalText(`title\n${rows(WORD)}\n\nmore\n`, 40, true)).toBe(`title\n${WORD}\n\nmore\n`);
  const command = `npx p2pd-demo connect ${WORD}`;
  expect(terminalText(rows(command), 40, true)).toBe(command);
});

test('terminal text: leaves rows alone that end where the word ends, or in a shorter word', () => {
  for (const text of [
    `${WORD.slice(0, 40)}\n\nnext`,
    `${'word '.repeat(8).slice(0, 39)}x\nnext`,
    `${WORD.slice(0, 39)}\nx`,
  ]) {
    expect(terminalText(text, 40, true)).toBe(text);
  }
});

test('terminal text: sends nothing but ASCII to a terminal without UTF-8', () => {
  expect(terminalText('\x1b[1ma…\x1b[0m Û あ', 40, false)).toBe('\x1b[1ma~\x1b[0m ? ?');
});
