/**
 * Frames as a terminal should get them: what Ink draws, less what Ink cannot know. Pure.
 */

/** Characters at a row's end that only a word broken over rows has: an address, say. */
const WORD_END = 16;

/** Characters of ours as ASCII shows them, a column each. */
const LIKE: Readonly<Record<string, string>> = { '…': '~', '−': '-', '±': '~', '×': 'x' };

/**
 * A frame for a terminal of so many columns. A long word that was broken at the right edge goes on
 * without a line feed: the terminal then breaks it itself, remembers that, and copies it as one
 * word. Without UTF-8 nothing but ASCII goes out: other bytes could be controls there (C1).
 */
export function terminalText(frame: string, columns: number, utf8: boolean): string {
  const joined = columns > WORD_END ? frame.replace(brokenWords(columns), '$1') : frame;
  // biome-ignore lint/suspicious/noControlCharactersInRegex: frames are made of control sequences and ASCII
  return utf8 ? joined : joined.replace(/[^\x00-\x7f]/gu, (character) => LIKE[character] ?? '?');
}

/** Rows that are full to the last column with a word that goes on in the next. */
function brokenWords(columns: number): RegExp {
  return new RegExp(`^([!-~ ]{${columns - WORD_END}}[a-z0-9]{${WORD_END}})\\n(?=[a-z0-9])`, 'gm');
}
