/** Two terminals under a tmux of their own, typed into as by a person and looked at eight times a second. */
import { execFileSync, spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import type { Frame } from './svg.ts';

/** ms between two looks, and between two keys. */
const LOOK = 125;
const KEY = 55;
const LIMIT = 30_000;

export class Recorder {
  readonly #socket: string;
  readonly #terminals: Terminal[] = [];
  #startedAt = 0;
  #looking: Promise<void> | null = null;
  #over = false;

  constructor(folder: string) {
    this.#socket = join(folder, 'tmux');
  }

  /** @param command what runs in it */
  open(columns: number, rows: number, command: readonly string[]): Terminal {
    const size = ['-x', `${columns}`, '-y', `${rows}`];
    const format = ['-P', '-F', '#{pane_id}'];
    const pane = this.#tmux('new-session', '-d', ...size, ...format, ...command).trim();
    this.#tmux('set-option', '-g', 'status', 'off');
    const terminal = new Terminal((...args) => this.#tmux(...args), pane);
    this.#terminals.push(terminal);
    return terminal;
  }

  start(): void {
    this.#startedAt = Date.now();
    this.#looking = this.#look();
  }

  /** @returns ms that it took */
  async stop(): Promise<number> {
    this.#over = true;
    await this.#looking;
    return Date.now() - this.#startedAt;
  }

  close(): void {
    spawnSync('tmux', ['-S', this.#socket, 'kill-server'], { stdio: 'ignore' });
  }

  async #look(): Promise<void> {
    while (!this.#over) {
      const at = Date.now() - this.#startedAt;
      for (const terminal of this.#terminals) terminal.look(at);
      await pause(Math.max(0, LOOK - (Date.now() - this.#startedAt - at)));
    }
  }

  #tmux(...args: readonly string[]): string {
    const { TMUX: _, ...env } = process.env;
    return execFileSync('tmux', ['-u', '-S', this.#socket, '-f', '/dev/null', ...args], {
      encoding: 'utf8',
      env: { ...env, LANG: 'C.UTF-8' },
    });
  }
}

export class Terminal {
  readonly frames: Frame[] = [];
  readonly #tmux: (...args: readonly string[]) => string;
  readonly #pane: string;

  constructor(tmux: (...args: readonly string[]) => string, pane: string) {
    this.#tmux = tmux;
    this.#pane = pane;
  }

  /** Keeps what it shows, where that is new. */
  look(at: number): void {
    const screen = this.#capture('-e');
    const place = this.#tmux(
      'display-message',
      '-p',
      '-t',
      this.#pane,
      '#{cursor_flag} #{cursor_x} #{cursor_y}',
    );
    const [flag, column = 0, row = 0] = place.split(' ').map(Number);
    const frame: Frame = { at, screen, cursor: flag === 1 ? { column, row } : null };
    const last = this.frames.at(-1);
    const isSame = last?.screen === screen && JSON.stringify(last.cursor) === JSON.stringify(frame.cursor);
    if (!isSame) this.frames.push(frame);
  }

  /** As somebody types: key after key. */
  async type(text: string): Promise<void> {
    for (const letter of text) {
      this.#tmux('send-keys', '-t', this.#pane, '-l', '--', letter);
      await pause(KEY);
    }
  }

  /** Keys by tmux's names: `Enter`, `C-y`. */
  press(...keys: readonly string[]): void {
    this.#tmux('send-keys', '-t', this.#pane, ...keys);
  }

  paste(text: string): void {
    this.#tmux('set-buffer', '-b', 'paste', '--', text);
    this.#tmux('paste-buffer', '-p', '-r', '-d', '-b', 'paste', '-t', this.#pane);
  }

  /** @returns what is shown, once all of it is */
  async until(...words: readonly RegExp[]): Promise<string> {
    for (const limit = Date.now() + LIMIT; ; await pause(40)) {
      const screen = this.#capture('-J');
      if (words.every((word) => word.test(screen))) return screen;
      if (Date.now() > limit) throw new Error(`the terminal never showed ${words.join(' and ')}:\n${screen}`);
    }
  }

  #capture(how: '-e' | '-J'): string {
    return this.#tmux('capture-pane', '-p', how, '-t', this.#pane).replace(/\n$/, '');
  }
}
