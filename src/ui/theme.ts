/**
 * How roles look: a colour of the terminal's sixteen and a mark, so that nothing is lost without
 * colour. Components ask for roles, never for colours.
 */

export type Role = 'good' | 'bad' | 'warn' | 'muted' | 'accent' | 'plain';

export interface RoleStyle {
  readonly color?: string;
  readonly dimColor?: boolean;
}

const STYLES: Readonly<Record<Role, RoleStyle>> = {
  good: { color: 'green' },
  bad: { color: 'red' },
  warn: { color: 'yellow' },
  accent: { color: 'cyan' },
  muted: { dimColor: true },
  plain: {},
};

export function styleOf(role: Role): RoleStyle {
  return STYLES[role];
}

export interface Marks {
  readonly done: string;
  readonly failed: string;
  readonly on: string;
  readonly off: string;
  readonly pointer: string;
  readonly arrow: string;
  readonly dot: string;
  readonly more: string;
  /** Of a bar: what is done, and what is not. */
  readonly full: string;
  readonly empty: string;
  readonly wall: string;
  readonly right: string;
  readonly left: string;
  readonly times: string;
  readonly spinner: readonly string[];
}

const UNICODE: Marks = {
  done: '✔',
  failed: '✖',
  on: '●',
  off: '○',
  pointer: '❯',
  arrow: '→',
  dot: '·',
  more: '…',
  full: '█',
  empty: '░',
  wall: '┃',
  right: '▶',
  left: '◀',
  times: '×',
  spinner: ['⠋', '⠙', '⠹', '⠸', '⠼', '⠴', '⠦', '⠧', '⠇', '⠏'],
};

/** For terminals whose locale is not UTF-8. */
const ASCII: Marks = {
  done: '+',
  failed: 'x',
  on: '*',
  off: 'o',
  pointer: '>',
  arrow: '->',
  dot: '-',
  more: '...',
  full: '#',
  empty: '.',
  wall: '|',
  right: '>',
  left: '<',
  times: 'x',
  spinner: ['|', '/', '-', '\\'],
};

export function marksFor(utf8: boolean): Marks {
  return utf8 ? UNICODE : ASCII;
}
