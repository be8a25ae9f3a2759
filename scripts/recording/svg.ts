/**
 * Screens of terminals, over time, as one SVG that plays by itself: style sheets alone, no script, so that it plays
 * inside a page that shows it as a picture. Each row is there once for each thing that it says, and shown while it says
 * it. Who prefers less motion, and what cannot play, sees the last screen. Pure.
 */
import { type Look, type Piece, parseScreen } from './ansi.ts';

export interface Cursor {
  readonly column: number;
  readonly row: number;
}

export interface Frame {
  /** ms since the recording began. */
  readonly at: number;
  /** As `tmux capture-pane -e` prints it. */
  readonly screen: string;
  /** null: hidden. */
  readonly cursor: Cursor | null;
}

export interface Recorded {
  readonly title: string;
  /** In order of time, from 0 on. */
  readonly frames: readonly Frame[];
}

export interface RecordingOptions {
  readonly columns: number;
  readonly rows: number;
  /** ms that it takes until it begins again. */
  readonly length: number;
  /** What it shows, for who cannot see it. */
  readonly label: string;
}

/** px of one character, and around the screens. */
const CELL = { width: 7.2, height: 16 } as const;
const PAD = 12;
const BAR = 30;
const GAP = 14;

/** Roles of the sixteen colours, by day and by night; contrast of each at least 4.5 : 1 against what is behind. */
const DAY = {
  page: '#ffffff',
  bar: '#eaeef2',
  edge: '#d0d7de',
  text: '#1f2328',
  sixteen: '#24292f #b3202b #116329 #7d4e00 #0550ae #8250df #0f6d78 #57606a'.split(' '),
  bright: '#57606a #a40e26 #1a7f37 #633c01 #0969da #6639ba #13707b #32383f'.split(' '),
};
const NIGHT = {
  page: '#0d1117',
  bar: '#161b22',
  edge: '#30363d',
  text: '#e6edf3',
  sixteen: '#7d8590 #ff7b72 #3fb950 #d29922 #58a6ff #bc8cff #39c5cf #b1bac4'.split(' '),
  bright: '#8b949e #ffa198 #56d364 #e3b341 #79c0ff #d2a8ff #56d4dd #f0f6fc'.split(' '),
};

/** @throws Error where something is to be shown after the end */
export function recordingSvg(terminals: readonly Recorded[], options: RecordingOptions): string {
  const { columns, rows, length, label } = options;
  const inner = { width: columns * CELL.width + 2 * PAD, height: rows * CELL.height + 2 * PAD };
  const width = terminals.length * inner.width + (terminals.length - 1) * GAP;
  const height = BAR + inner.height;
  const plays = new Plays(length);
  const bodies = terminals.map((terminal, i) => {
    const x = i * (inner.width + GAP);
    return `<g transform="translate(${px(x)} 0)">${windowOf(terminal.title, inner)}<g transform="translate(${PAD} ${BAR + PAD})">${linesOf(terminal.frames, plays)}</g></g>`;
  });
  const size = `width="${px(width + 2)}" height="${height + 2}" viewBox="-1 -1 ${px(width + 2)} ${height + 2}"`;
  return `<svg xmlns="http://www.w3.org/2000/svg" ${size} role="img" aria-label="${escaped(label)}">
<title>${escaped(label)}</title>
<style>
${styleSheet(length)}
${plays.css()}
</style>
${bodies.join('\n')}
</svg>
`;
}

function windowOf(title: string, { width, height }: { readonly width: number; readonly height: number }) {
  const w = px(width);
  return `<rect class="page" width="${w}" height="${BAR + height}" rx="8"/><path class="bar" d="M0 ${BAR}V8a8 8 0 0 1 8-8H${px(width - 8)}a8 8 0 0 1 8 8V${BAR}z"/><rect class="edge" width="${w}" height="${BAR + height}" rx="8"/><text class="title" x="${px(width / 2)}" y="20">${escaped(title)}</text>`;
}

interface Span {
  readonly from: number;
  readonly to: number;
}

/** What each row says, and when. */
function linesOf(frames: readonly Frame[], plays: Plays): string {
  const shown = new Map<string, Span[]>();
  for (const [i, frame] of frames.entries()) {
    const to = frames[i + 1]?.at ?? plays.length;
    for (const markup of marksOf(frame)) {
      const spans = shown.get(markup) ?? [];
      const before = spans.at(-1);
      if (before?.to === frame.at) spans[spans.length - 1] = { ...before, to };
      else spans.push({ from: frame.at, to });
      shown.set(markup, spans);
    }
  }
  return [...shown].map(([markup, spans]) => `<g class="${plays.classOf(spans)}">${markup}</g>`).join('\n');
}

function marksOf({ screen, cursor }: Frame): string[] {
  const rows = parseScreen(screen).map((pieces, row) => rowMarkup(pieces, row));
  return [...rows, cursor === null ? '' : cursorMarkup(cursor)].filter((markup) => markup !== '');
}

function cursorMarkup({ column, row }: Cursor): string {
  return `<rect class="cursor" x="${px(column * CELL.width)}" y="${row * CELL.height}" width="${CELL.width}" height="${CELL.height}"/>`;
}

function rowMarkup(pieces: readonly Piece[], row: number): string {
  const top = row * CELL.height;
  const grounds = pieces.flatMap(({ column, width, look }) => {
    const name = groundOf(look);
    if (name === null) return [];
    return `<rect class="${name}" x="${px(column * CELL.width)}" y="${top}" width="${px(width * CELL.width)}" height="${CELL.height}"/>`;
  });
  const texts = pieces.filter(({ text }) => text.trim() !== '').map(pieceMarkup);
  if (texts.length === 0) return grounds.join('');
  return `${grounds.join('')}<text y="${top + 12}">${texts.join('')}</text>`;
}

function pieceMarkup(piece: Piece): string {
  // Spaces at the ends are no ink, and would be lost.
  const start = piece.text.length - piece.text.trimStart().length;
  const text = piece.text.trim();
  const width = piece.width - (piece.text.length - text.length);
  const names = classesOf(piece.look);
  const look = names === '' ? '' : ` class="${names}"`;
  // Whatever font is there, the columns stay.
  const fit = width > 1 ? ` textLength="${px(width * CELL.width)}"` : '';
  return `<tspan x="${px((piece.column + start) * CELL.width)}"${fit}${look}>${escaped(text)}</tspan>`;
}

function classesOf({ colour, bold, dim, inverse, underlined }: Look): string {
  return [
    inverse ? 'out' : colour !== null && `c${colour}`,
    bold && 'bold',
    dim && 'dim',
    underlined && 'under',
  ]
    .filter((name) => typeof name === 'string')
    .join(' ');
}

function groundOf({ behind, colour, inverse }: Look): string | null {
  if (inverse) return colour === null ? 'ink' : `c${colour}`;
  return behind === null ? null : `c${behind}`;
}

/** When things are shown: one rule of the style sheet for each set of times. */
class Plays {
  readonly length: number;
  readonly #names = new Map<string, string>();

  constructor(length: number) {
    this.length = length;
  }

  classOf(spans: readonly Span[]): string {
    if (spans.some(({ from, to }) => from > to || to > this.length))
      throw new Error('a frame is later than the end of the recording');
    const [only] = spans;
    if (spans.length === 1 && only?.from === 0 && only.to === this.length) return '';
    const steps = spans.flatMap(({ from, to }) => [
      `${this.#part(from)}{visibility:visible}`,
      ...(to < this.length ? [`${this.#part(to)}{visibility:hidden}`] : []),
    ]);
    const rule = `${spans[0]?.from === 0 ? '' : '0%{visibility:hidden}'}${steps.join('')}`;
    const name = this.#names.get(rule) ?? `p${this.#names.size}`;
    this.#names.set(rule, name);
    return `play ${name}${spans.at(-1)?.to === this.length ? ' last' : ''}`;
  }

  css(): string {
    const rules = [...this.#names].map(
      ([rule, name]) => `@keyframes ${name}{${rule}}.${name}{animation-name:${name}}`,
    );
    return rules.join('\n');
  }

  #part(at: number): string {
    return `${Number(((at / this.length) * 100).toFixed(3))}%`;
  }
}

function styleSheet(length: number): string {
  const colours = (palette: typeof DAY) =>
    [...palette.sixteen, ...palette.bright].map((colour, i) => `.c${i}{fill:${colour}}`).join('');
  const theme = (palette: typeof DAY) =>
    `.page,.out{fill:${palette.page}}.bar{fill:${palette.bar}}.edge{fill:none;stroke:${palette.edge}}text,.ink,.cursor{fill:${palette.text}}${colours(palette)}`;
  return [
    'text{font:12px ui-monospace,SFMono-Regular,Menlo,Consolas,"DejaVu Sans Mono",monospace;white-space:pre}',
    '.title{font-weight:600;text-anchor:middle}.bold{font-weight:700}.dim{opacity:.7}.under{text-decoration:underline}.cursor{opacity:.6}',
    theme(DAY),
    `@media (prefers-color-scheme:dark){${theme(NIGHT)}}`,
    `.play{visibility:hidden;animation:${length}ms step-end infinite}.last{visibility:visible}`,
    '@media (prefers-reduced-motion:reduce){.play.play{animation:none}}',
  ].join('\n');
}

function px(value: number): string {
  return String(Number(value.toFixed(2)));
}

function escaped(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;');
}
