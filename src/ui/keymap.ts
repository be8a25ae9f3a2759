/**
 * Every key there is, and what it means where. The footer, the help screen and the README's table
 * are made of it; a key that is not here does not exist. Pure.
 */
import type { Key } from './keys.ts';

/** Where a key is pressed. */
export type KeyContext =
  | 'global'
  | 'home'
  | 'connect'
  | 'accept'
  | 'nodes'
  | 'interfaces'
  | 'nat'
  | 'nat-tables'
  | 'matrix'
  | 'serve'
  | 'chat'
  | 'timeline'
  | 'trial'
  | 'trial-form'
  | 'nickname'
  | 'log'
  | 'demo'
  | 'overlay';

export type Intent =
  | 'leave'
  | 'back'
  | 'help'
  | 'up'
  | 'down'
  | 'left'
  | 'right'
  | 'line-start'
  | 'line-end'
  | 'page-up'
  | 'page-down'
  | 'next'
  | 'previous'
  | 'confirm'
  | 'erase'
  | 'erase-next'
  | 'erase-line'
  | 'erase-word'
  | 'go-connect'
  | 'go-accept'
  | 'start-node'
  | 'go-interfaces'
  | 'go-nodes'
  | 'go-log'
  | 'go-serve'
  | 'go-nat'
  | 'go-nat-tables'
  | 'go-matrix'
  | 'go-timeline'
  | 'go-nickname'
  | 'go-trial'
  | 'stop-trial'
  | 'save-report'
  | 'show-evidence'
  | 'stop-serve'
  | 'show-qr'
  | 'copy-address'
  | 'copy-command'
  | 'close-pipe'
  | 'next-pipe'
  | 'previous-pipe'
  | 'other-side';

interface Binding {
  /** Key names, or single characters. */
  readonly keys: readonly string[];
  readonly intent: Intent;
  /** As a person reads it. */
  readonly shown: string;
  readonly does: string;
  /** Shown in the footer too. */
  readonly footer?: true;
}

const scroll: readonly Binding[] = [
  { keys: ['up'], intent: 'up', shown: 'Up', does: 'a line up' },
  { keys: ['down'], intent: 'down', shown: 'Down', does: 'a line down' },
  { keys: ['pageup'], intent: 'page-up', shown: 'PgUp', does: 'a page up', footer: true },
  { keys: ['pagedown'], intent: 'page-down', shown: 'PgDn', does: 'a page down', footer: true },
];

const choose: readonly Binding[] = [
  { keys: ['up', 'shift-tab'], intent: 'up', shown: 'Up', does: 'the one above' },
  { keys: ['down', 'tab'], intent: 'down', shown: 'Down', does: 'the one below' },
];

const editing: readonly Binding[] = [
  { keys: ['left', 'ctrl-b'], intent: 'left', shown: 'Left', does: 'a character left' },
  { keys: ['right', 'ctrl-f'], intent: 'right', shown: 'Right', does: 'a character right' },
  { keys: ['home', 'ctrl-a'], intent: 'line-start', shown: 'Home', does: 'start of the line' },
  { keys: ['end', 'ctrl-e'], intent: 'line-end', shown: 'End', does: 'end of the line' },
  { keys: ['backspace', 'ctrl-h'], intent: 'erase', shown: 'Backspace', does: 'erase to the left' },
  { keys: ['delete'], intent: 'erase-next', shown: 'Delete', does: 'erase to the right' },
  { keys: ['ctrl-u'], intent: 'erase-line', shown: 'Ctrl+U', does: 'erase the line' },
  { keys: ['ctrl-w'], intent: 'erase-word', shown: 'Ctrl+W', does: 'erase a word' },
];

export const KEYMAP: Readonly<Record<KeyContext, readonly Binding[]>> = {
  global: [
    { keys: ['ctrl-c'], intent: 'leave', shown: 'Ctrl+C', does: 'leave', footer: true },
    { keys: ['escape'], intent: 'back', shown: 'Esc', does: 'back', footer: true },
    { keys: ['?', 'f1'], intent: 'help', shown: '? or F1', does: 'help (F1 while typing)', footer: true },
  ],
  home: [
    { keys: ['0'], intent: 'go-connect', shown: '0', does: 'connect' },
    { keys: ['1'], intent: 'go-accept', shown: '1', does: 'accept connections' },
    { keys: ['2'], intent: 'start-node', shown: '2', does: 'one more node' },
    { keys: ['3'], intent: 'go-nickname', shown: '3', does: 'nickname' },
    { keys: ['4', 'q'], intent: 'leave', shown: '4', does: 'exit' },
    { keys: ['i'], intent: 'go-interfaces', shown: 'i', does: 'interfaces', footer: true },
    { keys: ['r'], intent: 'go-nat', shown: 'r', does: 'NAT (report)', footer: true },
    { keys: ['t'], intent: 'go-trial', shown: 't', does: 'trial', footer: true },
    { keys: ['d'], intent: 'go-nat-tables', shown: 'd', does: 'NAT and delta tables' },
    { keys: ['m'], intent: 'go-matrix', shown: 'm', does: 'matrix of NATs' },
    { keys: ['n'], intent: 'go-nodes', shown: 'n', does: 'nodes', footer: true },
    { keys: ['s'], intent: 'go-serve', shown: 's', does: 'serve', footer: true },
    { keys: ['y'], intent: 'go-timeline', shown: 'y', does: 'why' },
    { keys: ['l'], intent: 'go-log', shown: 'l', does: 'log', footer: true },
    ...choose,
    { keys: ['enter'], intent: 'confirm', shown: 'Enter', does: 'choose', footer: true },
  ],
  connect: [
    { keys: ['enter'], intent: 'confirm', shown: 'Enter', does: 'connect', footer: true },
    { keys: ['tab', 'down'], intent: 'next', shown: 'Tab', does: 'next field', footer: true },
    { keys: ['ctrl-y'], intent: 'go-timeline', shown: 'Ctrl+Y', does: 'why', footer: true },
    { keys: ['shift-tab', 'up'], intent: 'previous', shown: 'Shift+Tab', does: 'previous field' },
    ...editing,
  ],
  accept: [
    { keys: ['q'], intent: 'show-qr', shown: 'q', does: 'QR code', footer: true },
    { keys: ['c'], intent: 'copy-command', shown: 'c', does: 'copy command', footer: true },
    { keys: ['a'], intent: 'copy-address', shown: 'a', does: 'copy address', footer: true },
    ...choose,
    { keys: ['enter'], intent: 'confirm', shown: 'Enter', does: 'open the pipe', footer: true },
  ],
  nodes: [
    ...choose,
    { keys: ['2'], intent: 'start-node', shown: '2', does: 'one more node', footer: true },
    { keys: ['a'], intent: 'copy-address', shown: 'a', does: 'copy address', footer: true },
    { keys: ['enter'], intent: 'confirm', shown: 'Enter', does: 'open the pipe', footer: true },
  ],
  interfaces: scroll,
  nat: [
    { keys: ['r'], intent: 'go-nat', shown: 'r', does: 'look again', footer: true },
    { keys: ['e'], intent: 'show-evidence', shown: 'e', does: 'evidence', footer: true },
    { keys: ['t'], intent: 'go-nat-tables', shown: 't', does: 'tables', footer: true },
    { keys: ['m'], intent: 'go-matrix', shown: 'm', does: 'matrix', footer: true },
    ...scroll,
  ],
  'nat-tables': [
    { keys: ['r'], intent: 'go-nat', shown: 'r', does: 'NAT report', footer: true },
    { keys: ['m'], intent: 'go-matrix', shown: 'm', does: 'matrix', footer: true },
    ...scroll,
  ],
  matrix: [
    { keys: ['r'], intent: 'go-nat', shown: 'r', does: 'NAT report', footer: true },
    { keys: ['t'], intent: 'go-nat-tables', shown: 't', does: 'tables', footer: true },
    ...choose,
  ],
  serve: [
    { keys: ['c'], intent: 'copy-command', shown: 'c', does: 'copy command', footer: true },
    { keys: ['x'], intent: 'stop-serve', shown: 'x', does: 'stop serving', footer: true },
    { keys: ['s'], intent: 'go-serve', shown: 's', does: 'serve again' },
    ...scroll,
  ],
  chat: [
    { keys: ['enter'], intent: 'confirm', shown: 'Enter', does: 'send', footer: true },
    // No key of its own: typed, as every command is.
    { keys: [], intent: 'confirm', shown: '/help', does: 'commands (files)' },
    { keys: ['tab', 'ctrl-n'], intent: 'next-pipe', shown: 'Tab', does: 'next', footer: true },
    { keys: ['shift-tab', 'ctrl-p'], intent: 'previous-pipe', shown: 'Shift+Tab', does: 'previous' },
    { keys: ['ctrl-d'], intent: 'close-pipe', shown: 'Ctrl+D', does: 'close', footer: true },
    { keys: ['ctrl-y'], intent: 'go-timeline', shown: 'Ctrl+Y', does: 'why', footer: true },
    ...scroll,
    ...editing,
  ],
  timeline: choose,
  'trial-form': [
    { keys: ['enter'], intent: 'confirm', shown: 'Enter', does: 'start, or wait', footer: true },
    ...editing,
  ],
  trial: [
    { keys: ['c'], intent: 'copy-command', shown: 'c', does: 'copy', footer: true },
    { keys: ['w'], intent: 'save-report', shown: 'w', does: 'write report', footer: true },
    { keys: ['x'], intent: 'stop-trial', shown: 'x', does: 'stop', footer: true },
    { keys: ['n'], intent: 'go-trial', shown: 'n', does: 'new trial', footer: true },
    ...scroll,
  ],
  nickname: [
    { keys: ['enter'], intent: 'confirm', shown: 'Enter', does: 'register', footer: true },
    ...editing,
  ],
  log: scroll,
  demo: [{ keys: ['tab'], intent: 'other-side', shown: 'Tab', does: 'other side', footer: true }],
  overlay: [],
};

const TITLES: Readonly<Record<KeyContext, string>> = {
  global: 'Everywhere',
  home: 'Menu',
  connect: 'Connect',
  accept: 'Accept',
  nodes: 'Nodes',
  interfaces: 'Interfaces',
  nat: 'NAT report',
  'nat-tables': 'NAT tables',
  matrix: 'NAT tables',
  serve: 'Serve',
  chat: 'Chat',
  nickname: 'Nickname',
  timeline: 'Timeline',
  trial: 'Trial',
  'trial-form': 'Trial',
  log: 'Log',
  demo: 'Demo',
  overlay: 'Help and QR code',
};

const SHARED: readonly { readonly title: string; readonly bindings: readonly Binding[] }[] = [
  { title: 'Lists', bindings: choose },
  { title: 'Scrolling', bindings: scroll },
  { title: 'Typing', bindings: editing },
];

/** Contexts in which a key that writes something writes it. */
const TYPING: ReadonlySet<KeyContext> = new Set<KeyContext>(['connect', 'chat', 'trial-form']);

/** What a key means in a context; null when it means nothing there, or is text. */
export function intentOf(context: KeyContext, key: Key): Intent | null {
  if (TYPING.has(context) && key.name === 'text') return null;
  const name = key.name === 'text' ? key.text : key.name;
  const binding = [...KEYMAP[context], ...KEYMAP.global].find(({ keys }) => keys.includes(name));
  return binding?.intent ?? null;
}

export interface Hint {
  readonly keys: string;
  readonly does: string;
}

/**
 * What the footer shows, most particular first.
 *
 * @param isDemo its keys come before those that they replace
 */
export function footerHints(context: KeyContext, isDemo = false): Hint[] {
  const taken = new Set(isDemo ? KEYMAP.demo.map(({ shown }) => shown) : []);
  const own = KEYMAP[context].filter(({ shown }) => !taken.has(shown));
  return (
    [...(isDemo ? KEYMAP.demo : []), ...own, ...KEYMAP.global]
      // From the menu there is no way back, only out.
      .filter(({ footer, intent }) => footer && !(context === 'home' && intent === 'back'))
      .map(({ shown, does, intent }) => ({
        keys: intent === 'help' ? (TYPING.has(context) ? 'F1' : '?') : shown,
        does: does.replace(/ \(.*\)$/, ''),
      }))
  );
}

/**
 * What the help screen shows: everywhere first, then each place; what several places share, once.
 *
 * @param isDemo with the keys that only the demo has
 */
export function helpSections(isDemo = true): { readonly title: string; readonly hints: readonly Hint[] }[] {
  const shared = new Set(SHARED.flatMap(({ bindings }) => bindings));
  const contexts = (Object.keys(KEYMAP) as KeyContext[]).filter((context) => isDemo || context !== 'demo');
  // Places of one name are one section.
  const places = [...new Set(contexts.map((context) => TITLES[context]))].map((title) => ({
    title,
    bindings: contexts
      .filter((context) => TITLES[context] === title)
      .flatMap((context) => KEYMAP[context].filter((binding) => !shared.has(binding))),
  }));
  return [...places, ...SHARED]
    .filter(({ bindings }) => bindings.length > 0)
    .map(({ title, bindings }) => ({ title, hints: hintsOf(bindings) }));
}

/** Each once: places of one name have some in common. */
function hintsOf(bindings: readonly Binding[]): Hint[] {
  const hints = new Map(bindings.map(({ shown, does }) => [`${shown} ${does}`, { keys: shown, does }]));
  return [...hints.values()];
}

/** The README's table. */
export function keymapMarkdown(): string {
  const rows = helpSections().map(
    ({ title, hints }) =>
      `| ${title} | ${hints.map(({ keys, does }) => `\`${keys}\` ${does}`).join(' · ')} |`,
  );
  return ['| where | keys |', '|---|---|', ...rows].join('\n');
}
