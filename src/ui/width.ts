/** Text by the columns it takes in a terminal: wrapped, cut and padded. Pure. */
import stringWidth from 'string-width';
import { charactersOf } from './line-edit.ts';

export function widthOf(text: string): number {
  return /^[\x20-\x7e]*$/.test(text) ? text.length : stringWidth(text);
}

/** Lines of at most `columns`, broken at spaces where there are some, else anywhere. */
export function wrap(text: string, columns: number): string[] {
  const lines: string[] = [];
  let line = '';
  let width = 0;
  for (const word of wordsOf(text)) {
    if (width + widthOf(word.trimEnd()) > columns && line !== '') {
      lines.push(line.trimEnd());
      line = '';
      width = 0;
    }
    const parts = split(word, columns);
    lines.push(...parts.slice(0, -1));
    line += parts.at(-1) ?? '';
    width = widthOf(line);
  }
  return [...lines, line.trimEnd()];
}

/** Words with the spaces after them. */
function wordsOf(text: string): string[] {
  return text.match(/ *[^ ]+ */g) ?? [text];
}

/** A word in pieces of at most `columns`; mostly one. */
function split(word: string, columns: number): string[] {
  if (widthOf(word.trimEnd()) <= columns) return [word];
  const pieces: string[] = [];
  let piece = '';
  let width = 0;
  for (const character of charactersOf(word)) {
    const own = widthOf(character);
    if (width + own > columns && piece !== '') {
      pieces.push(piece);
      piece = '';
      width = 0;
    }
    piece += character;
    width += own;
  }
  return [...pieces, piece];
}

/** At most `columns`, the rest told by a mark. */
export function cut(text: string, columns: number, mark = '…'): string {
  if (widthOf(text) <= columns) return text;
  let kept = '';
  let width = widthOf(mark);
  for (const character of charactersOf(text)) {
    width += widthOf(character);
    if (width > columns) break;
    kept += character;
  }
  return columns < widthOf(mark) ? '' : kept + mark;
}

/** Beginning and end of a long word, so that both can be compared. */
export function cutMiddle(text: string, columns: number, mark = '…'): string {
  if (widthOf(text) <= columns) return text;
  const room = Math.max(2, columns - widthOf(mark));
  const head = Math.ceil(room / 2);
  const characters = charactersOf(text);
  return (
    characters.slice(0, head).join('') + mark + characters.slice(characters.length - (room - head)).join('')
  );
}

/** Exactly `columns`. */
export function pad(text: string, columns: number, side: 'left' | 'right' = 'right'): string {
  const fitting = cut(text, columns);
  const space = ' '.repeat(Math.max(0, columns - widthOf(fitting)));
  return side === 'right' ? fitting + space : space + fitting;
}
