/**
 * Text from a peer as it may stand on a screen: whatever could move the cursor, change colours,
 * reverse the reading direction or hide is shown instead of obeyed. Pure.
 */

/** Combining marks kept on one character; real scripts need fewer. */
const MAX_MARKS = 8;

/**
 * Controls (C0, DEL, C1), format characters (bidirectional overrides and isolates, zero-width
 * characters, tags), line and paragraph separators, lone surrogates, letters that draw nothing.
 */
const UNSAFE = /[\p{Cc}\p{Cf}\p{Cs}\u2028\u2029\u115f\u1160\u3164\uffa0]/gu;
/**
 * The zero-width joiner makes one picture of several emoji where a terminal can, and as many as they
 * are where it cannot: without it they take the same room everywhere.
 */
const EMOJI_JOIN =
  /(?<=\p{Extended_Pictographic}[\ufe0f\u{1f3fb}-\u{1f3ff}]?)\u200d(?=\p{Extended_Pictographic})/gu;
const MARKS = new RegExp(`(\\p{M}{${MAX_MARKS}})\\p{M}+`, 'gu');

/**
 * One line of safe text. Tabs become a space, joined emoji stand side by side; a newline and every
 * other unsafe character is shown as `\n`, `\x1b` or `\u{202e}`.
 */
export function makeVisible(text: string): string {
  return text
    .replaceAll('\t', ' ')
    .replace(EMOJI_JOIN, '')
    .replace(UNSAFE, (character) => escapeOf(character.codePointAt(0) ?? 0))
    .replace(MARKS, '$1…');
}

function escapeOf(code: number): string {
  if (code === 0x0a) return '\\n';
  if (code === 0x0d) return '\\r';
  const hex = code.toString(16);
  return code < 0x100 ? `\\x${hex.padStart(2, '0')}` : `\\u{${hex}}`;
}
