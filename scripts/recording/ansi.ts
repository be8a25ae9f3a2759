/**
 * A terminal's rows as `tmux capture-pane -e` prints them, cut into pieces of one look: SGR sequences (ECMA-48
 * §8.3.117), no others. Pure.
 */
import stringWidth from 'string-width';

export interface Look {
  /** 0 to 15, the terminal's own colours; null: its text colour. */
  readonly colour: number | null;
  /** The same, of what is behind. */
  readonly behind: number | null;
  readonly bold: boolean;
  readonly dim: boolean;
  readonly inverse: boolean;
  readonly underlined: boolean;
}

export interface Piece {
  readonly text: string;
  /** Column of its first character, from 0. */
  readonly column: number;
  /** Columns that it takes. */
  readonly width: number;
  readonly look: Look;
}

export const PLAIN: Look = {
  colour: null,
  behind: null,
  bold: false,
  dim: false,
  inverse: false,
  underlined: false,
};

const ESCAPE = '\u001b';
const SEQUENCE = new RegExp(`${ESCAPE}\\[([\\d;:]*)([A-Za-z])|${ESCAPE}[()][A-Z0-9]|[\\u000e\\u000f]`, 'g');

/** The pieces of each row; a look goes on in the next row, as tmux has it. */
export function parseScreen(text: string): Piece[][] {
  let look = PLAIN;
  return text.split('\n').map((line) => {
    const pieces: Piece[] = [];
    let column = 0;
    const add = (part: string) => {
      for (const { segment } of graphemes.segment(part)) {
        const width = stringWidth(segment);
        append(pieces, { text: segment, column, width, look });
        column += width;
      }
    };
    let from = 0;
    for (const match of line.matchAll(SEQUENCE)) {
      add(line.slice(from, match.index));
      from = match.index + match[0].length;
      if (match[2] === 'm') look = changed(look, match[1] ?? '');
    }
    add(line.slice(from));
    return trimmed(pieces);
  });
}

const graphemes = new Intl.Segmenter();

/**
 * Letters of one look are one piece. Marks are drawn by whatever font has them, perhaps wider than a letter, so each
 * kind of them is a piece of its own, put where its column is.
 */
function append(pieces: Piece[], next: Piece): void {
  const last = pieces.at(-1);
  if (last === undefined || !sameLook(last.look, next.look) || kindOf(last.text) !== kindOf(next.text)) {
    pieces.push(next);
    return;
  }
  pieces[pieces.length - 1] = { ...last, text: last.text + next.text, width: last.width + next.width };
}

function kindOf(text: string): string {
  const [first = ''] = text;
  return first <= '~' ? 'letters' : first;
}

function sameLook(a: Look, b: Look): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}

/** Without what nobody can see at its end. */
function trimmed(pieces: readonly Piece[]): Piece[] {
  const isSeen = ({ text, look }: Piece) =>
    text.trim() !== '' || look.behind !== null || look.inverse || look.underlined;
  return pieces.slice(0, pieces.findLastIndex(isSeen) + 1);
}

function changed(look: Look, parameters: string): Look {
  const codes = parameters.split(/[;:]/).map(Number);
  let now = look;
  for (let i = 0; i < codes.length; i++) {
    const code = codes[i] ?? 0;
    if (code === 38 || code === 48) {
      // Of 256 colours the first sixteen are the terminal's own; ours ask for no others.
      const colour = codes[i + 1] === 5 ? sixteen(codes[i + 2]) : null;
      now = code === 38 ? { ...now, colour } : { ...now, behind: colour };
      i += codes[i + 1] === 5 ? 2 : 4;
    } else now = withCode(now, code);
  }
  return now;
}

const sixteen = (number: number | undefined) => (number !== undefined && number < 16 ? number : null);

const FLAGS = new Map<number, Partial<Look>>([
  [1, { bold: true }],
  [2, { dim: true }],
  [4, { underlined: true }],
  [7, { inverse: true }],
  [22, { bold: false, dim: false }],
  [24, { underlined: false }],
  [27, { inverse: false }],
  [39, { colour: null }],
  [49, { behind: null }],
]);

function withCode(look: Look, code: number): Look {
  if (code === 0) return PLAIN;
  if (code >= 30 && code <= 37) return { ...look, colour: code - 30 };
  if (code >= 90 && code <= 97) return { ...look, colour: code - 82 };
  if (code >= 40 && code <= 47) return { ...look, behind: code - 40 };
  if (code >= 100 && code <= 107) return { ...look, behind: code - 92 };
  return { ...look, ...FLAGS.get(code) };
}
