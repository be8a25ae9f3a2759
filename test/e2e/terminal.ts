/**
 * Terminals that tests can look at: the built program under a tmux server of the test's own, with
 * what a shell said before it and the exit code after it. Nothing waits for time: `until` looks
 * again until a limit.
 */
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { vi } from 'vitest';

const PROGRAM = join(import.meta.dirname, '../../bin/p2pd-demo.js');
/** What stood on the screen before the program, and must stand there again after it. */
export const EARLIER = 'what the shell said before';
const LIMIT = { timeout: 15_000, interval: 40 };

export interface OpenOptions {
  readonly columns?: number;
  readonly rows?: number;
  /** @default a list of no servers: nobody outside is asked */
  readonly args?: readonly string[];
  /** Over an environment without CI, NO_COLOR and FORCE_COLOR, and with a UTF-8 locale. */
  readonly env?: Readonly<Record<string, string>>;
  /** State directory; a new one when left out. */
  readonly state?: string;
}

export interface TerminalServer {
  open(options?: OpenOptions): OpenTerminal;
  /** A new path in the test's own folder. */
  path(name: string): string;
  /** Ends every program and removes every file. */
  close(): void;
}

export interface OpenTerminal {
  readonly state: string;
  frame(): string;
  /** The frame with its colours, as SGR sequences. */
  coloured(): string;
  /** Keys by tmux's names: `Enter`, `Escape`, `C-c`, `BTab`… */
  press(...keys: readonly string[]): void;
  type(text: string): void;
  /** As a terminal does it where the program asked for bracketed paste. */
  paste(text: string): void;
  resize(columns: number, rows: number): void;
  signal(name: NodeJS.Signals): void;
  isAlternate(): boolean;
  /** Waits until the frame shows all of these, and gives that frame. */
  until(...words: readonly (string | RegExp)[]): Promise<string>;
  untilGone(word: string): Promise<void>;
  /** Waits for the end. @returns the exit code */
  exit(): Promise<number>;
}

export function openServer(): TerminalServer {
  const folder = mkdtempSync(join(tmpdir(), 'p2pd-tui-'));
  const env = { ...process.env, LANG: 'C.UTF-8' };
  for (const name of ['CI', 'NO_COLOR', 'FORCE_COLOR', 'LC_ALL', 'LC_CTYPE', 'TMUX', 'P2PD_HOME']) {
    Reflect.deleteProperty(env, name);
  }
  const tmux = (...args: readonly string[]): string => {
    const done = spawnSync('tmux', ['-u', '-S', join(folder, 'socket'), '-f', '/dev/null', ...args], {
      env,
      encoding: 'utf8',
    });
    if (done.status !== 0) throw new Error(`tmux ${args.join(' ')}: ${done.stderr}`);
    return done.stdout;
  };
  let count = 0;
  const path = (name: string) => join(folder, name);
  const nobody = path('no-servers.json');
  writeFileSync(nobody, '{}');
  return {
    path,
    open(options = {}) {
      const number = ++count;
      const state = options.state ?? path(`state-${number}`);
      if (options.state === undefined) mkdirSync(state);
      const script = shellScript(path(`pid-${number}`), { args: ['--servers', nobody], ...options, state });
      const { columns = 80, rows = 24 } = options;
      const size = ['-x', `${columns}`, '-y', `${rows}`];
      const pane = tmux('new-session', '-d', ...size, '-P', '-F', '#{pane_id}', 'sh', '-c', script).trim();
      return terminalOf(tmux, pane, state, path(`pid-${number}`));
    },
    close() {
      spawnSync('tmux', ['-S', join(folder, 'socket'), 'kill-server'], { stdio: 'ignore' });
      rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
    },
  };
}

/** Says something, runs the program as a process whose id is known, says how it ended, and stays. */
function shellScript(pidFile: string, { args = [], env = {}, state }: OpenOptions): string {
  const assignments = Object.entries({ P2PD_HOME: state ?? '', ...env }).map(([name, value]) =>
    quoted(`${name}=${value}`),
  );
  const program = ['env', ...assignments, process.execPath, PROGRAM, ...args].map((word, i) =>
    i > 0 && i <= assignments.length ? word : quoted(word),
  );
  const child = `echo $$ >${quoted(pidFile)}; exec ${program.join(' ')}`;
  return `echo ${quoted(EARLIER)}; sh -c ${quoted(child)}; echo "exit code $?"; exec cat`;
}

function quoted(word: string): string {
  return `'${word.replaceAll("'", `'\\''`)}'`;
}

function terminalOf(
  tmux: (...args: readonly string[]) => string,
  pane: string,
  state: string,
  pidFile: string,
): OpenTerminal {
  const frame = () => tmux('capture-pane', '-p', '-t', pane);
  const seen = (word: string | RegExp, text: string) =>
    typeof word === 'string' ? text.includes(word) : word.test(text);
  const wait = async (holds: (text: string) => boolean, what: string): Promise<string> => {
    let last = '';
    await vi
      .waitUntil(() => {
        last = frame();
        return holds(last);
      }, LIMIT)
      .catch(() => {
        throw new Error(`${what}:\n${last}`);
      });
    return last;
  };
  const until = (...words: readonly (string | RegExp)[]) =>
    wait(
      (text) => words.every((word) => seen(word, text)),
      `the terminal never showed ${words.join(' and ')}`,
    );
  return {
    state,
    frame,
    coloured: () => tmux('capture-pane', '-p', '-e', '-t', pane),
    press: (...keys) => void tmux('send-keys', '-t', pane, ...keys),
    type: (text) => void tmux('send-keys', '-t', pane, '-l', '--', text),
    paste(text) {
      tmux('set-buffer', '-b', 'paste', '--', text);
      tmux('paste-buffer', '-p', '-r', '-d', '-b', 'paste', '-t', pane);
    },
    resize: (columns, rows) => void tmux('resize-window', '-t', pane, '-x', `${columns}`, '-y', `${rows}`),
    signal: (name) => void process.kill(Number(readFileSync(pidFile, 'utf8')), name),
    isAlternate: () => tmux('display-message', '-p', '-t', pane, '#{alternate_on}').trim() === '1',
    until,
    untilGone: async (word) => void (await wait((text) => !seen(word, text), `still there: ${word}`)),
    async exit() {
      const text = await until(/exit code \d+/);
      return Number(/exit code (\d+)/.exec(text)?.[1]);
    },
  };
}
