/** Text by the columns it takes in a terminal: wrapped, cut and padded. Pure. */
import stringWidth from 'string-width';

/** Columns of a character on its own, as far as one was asked for lately. */
const known = new Map<string, number>();
/** Characters remembered: more than any language needs, less than a peer can think of. */
const MAX_KNOWN = 20_000;

/**
 * What is not torn apart at the end of a line: a sign with its marks, the two letters of a flag, a
 * Korean syllable in parts. Nearly what `Intl.Segmenter` says, a hundred times as fast: a peer may
 * send much.
 */
const UNIT = /\p{RI}{2}|[\u1100-\u11ff\ua960-\ua97f\ud7b0-\ud7ff]+\p{M}*|\P{M}(?:\p{M}|\p{EMod})*|\p{M}+/gu;

/**
 * The columns that a text takes at most: terminals differ in what they join (skin tones, Indic and
 * Korean syllables), so every code point counts for itself.
 */
export function widthOf(text: string): number {
  if (/^[\x20-\x7e]*$/.test(text)) return text.length;
  let width = 0;
  for (const character of text) width += ownWidth(character);
  return width;
}

function ownWidth(character: string): number {
  const before = known.get(character);
  if (before !== undefined) return before;
  // Spacing marks stand beside their letter, and U+FE0F turns a narrow sign into a wide emoji.
  const width = /\p{Mc}|\ufe0f/u.test(character) ? 1 : stringWidth(character);
  if (known.size >= MAX_KNOWN) known.clear();
  known.set(character, width);
  return width;
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

/** ASCII broken at the right edge and nowhere else: what the terminal itself would do. */
export function hardWrap(text: string, columns: number): string {
  return text.match(new RegExp(`.{1,${columns}}`, 'g'))?.join('\n') ?? '';
}

/** A word in pieces of at most `columns`; mostly one. */
function split(word: string, columns: number): string[] {
  if (widthOf(word.trimEnd()) <= columns) return [word];
  if (/^[\x20-\x7e]*$/.test(word)) return hardWrap(word, columns).split('\n');
  const pieces: string[] = [];
  let piece = '';
  let width = 0;
  const fitting = (unit: string) => (widthOf(unit) > columns ? [...unit] : [unit]);
  for (const unit of unitsOf(word).flatMap(fitting)) {
    const own = widthOf(unit);
    if (width + own > columns && piece !== '') {
      pieces.push(piece);
      piece = '';
      width = 0;
    }
    piece += unit;
    width += own;
  }
  return [...pieces, piece];
}

/** At most `columns`, the rest told by a mark. */
export function cut(text: string, columns: number, mark = '…'): string {
  if (widthOf(text) <= columns) return text;
  if (columns < widthOf(mark)) return '';
  return beginning(unitsOf(text), columns - widthOf(mark)).join('') + mark;
}

function unitsOf(text: string): string[] {
  return text.match(UNIT) ?? [];
}

/** As many units as fit. */
function beginning(units: readonly string[], columns: number): string[] {
  let width = 0;
  const end = units.findIndex((unit) => {
    width += widthOf(unit);
    return width > columns;
  });
  return end < 0 ? [...units] : units.slice(0, end);
}

/** Beginning and end of a long word, so that both can be compared. */
export function cutMiddle(text: string, columns: number, mark = '…'): string {
  if (widthOf(text) <= columns) return text;
  const room = Math.max(0, columns - widthOf(mark));
  const units = unitsOf(text);
  const head = beginning(units, Math.ceil(room / 2));
  const tail = beginning(units.toReversed(), Math.floor(room / 2));
  return head.join('') + mark + tail.toReversed().join('');
}

/** Exactly `columns`. */
export function pad(text: string, columns: number, side: 'left' | 'right' = 'right'): string {
  const fitting = cut(text, columns);
  const space = ' '.repeat(Math.max(0, columns - widthOf(fitting)));
  return side === 'right' ? fitting + space : space + fitting;
}
