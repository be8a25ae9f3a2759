/** One line of text being edited: a cursor between characters as people count them. Pure. */
import type { Intent } from './keymap.ts';

export interface Line {
  readonly text: string;
  /** Characters (graphemes) before the cursor. */
  readonly cursor: number;
}

export const EMPTY_LINE: Line = { text: '', cursor: 0 };

const segmenter = new Intl.Segmenter(undefined, { granularity: 'grapheme' });

/** Letters of which each is a character, by far the most; marks stand for themselves in some scripts. */
const SIMPLE = /^[ -~\p{sc=Latn}\p{sc=Grek}\p{sc=Cyrl}\p{sc=Han}\p{sc=Hira}\p{sc=Kana}]*$/u;

/** A text as the characters that people see. */
export function charactersOf(text: string): string[] {
  // The segmenter is slow: a pasted page of Chinese would be felt at every key.
  if (SIMPLE.test(text) && !/\p{M}/u.test(text)) return [...text];
  return [...segmenter.segment(text)].map(({ segment }) => segment);
}

export function lineOf(text: string): Line {
  return { text, cursor: charactersOf(text).length };
}

/** Types or pastes at the cursor. */
export function insert(line: Line, text: string): Line {
  const characters = charactersOf(line.text);
  const before = characters.slice(0, line.cursor).join('') + text;
  return { text: before + characters.slice(line.cursor).join(''), cursor: charactersOf(before).length };
}

/** The line after an editing key; null when the key edits nothing. */
export function edit(line: Line, intent: Intent): Line | null {
  const characters = charactersOf(line.text);
  const { cursor } = line;
  const without = (from: number, to: number): Line => ({
    text: [...characters.slice(0, from), ...characters.slice(to)].join(''),
    cursor: from,
  });
  switch (intent) {
    case 'left':
      return { ...line, cursor: Math.max(0, cursor - 1) };
    case 'right':
      return { ...line, cursor: Math.min(characters.length, cursor + 1) };
    case 'line-start':
      return { ...line, cursor: 0 };
    case 'line-end':
      return { ...line, cursor: characters.length };
    case 'erase':
      return cursor === 0 ? line : without(cursor - 1, cursor);
    case 'erase-next':
      return without(cursor, cursor + 1);
    case 'erase-line':
      return EMPTY_LINE;
    case 'erase-word':
      return without(wordStart(characters, cursor), cursor);
    default:
      return null;
  }
}

function wordStart(characters: readonly string[], cursor: number): number {
  let at = cursor;
  while (at > 0 && characters[at - 1] === ' ') at--;
  while (at > 0 && characters[at - 1] !== ' ') at--;
  return at;
}
