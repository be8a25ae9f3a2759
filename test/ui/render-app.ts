/**
 * The app in a terminal that is not there: frames as plain lines, keys as a keyboard sends them.
 * Nothing waits for time: `until` looks again after each frame.
 */
import { EventEmitter } from 'node:events';
import { stripVTControlCharacters } from 'node:util';
import { render } from 'ink';
import { createElement } from 'react';
import { vi } from 'vitest';
import type { DemoView } from '../../src/app/demo/scene.ts';
import type { Session } from '../../src/app/session.ts';
import { App } from '../../src/ui/app.tsx';
import { terminalText } from '../../src/ui/terminal-text.ts';

export interface Size {
  readonly columns: number;
  readonly rows: number;
}

export interface RenderedApp {
  /** The newest frame, a string per row, without colours and without space at the ends. */
  lines(): string[];
  frame(): string;
  /** What the terminal was asked to copy. */
  readonly copied: readonly string[];
  /** How often the terminal was cleared. */
  clears(): number;
  /** Every piece that was written. */
  readonly written: readonly string[];
  /** Sends input in one piece, as it comes from a terminal. */
  type(piece: string): void;
  resize(size: Size): void;
  /** Waits until the frame shows all of these words. */
  until(...words: readonly string[]): Promise<void>;
  /** Resolves when the app has ended. */
  readonly left: Promise<unknown>;
  unmount(): void;
}

const WAIT = { timeout: 5_000, interval: 5 };

class FakeStdout extends EventEmitter {
  readonly isTTY = true;
  readonly written: string[] = [];
  columns: number;
  rows: number;

  constructor(size: Size) {
    super();
    this.columns = size.columns;
    this.rows = size.rows;
  }

  readonly write = (piece: string): boolean => {
    this.written.push(piece);
    return true;
  };
}

class FakeStdin extends EventEmitter {
  readonly isTTY = true;
  readonly #pieces: string[] = [];

  setEncoding(): void {
    // Pieces are strings already.
  }
  setRawMode(): this {
    return this;
  }
  ref(): this {
    return this;
  }
  unref(): this {
    return this;
  }
  read(): string | null {
    return this.#pieces.shift() ?? null;
  }
  send(piece: string): void {
    this.#pieces.push(piece);
    this.emit('readable');
  }
}

export function renderApp(
  session: Session,
  size: Size = { columns: 80, rows: 24 },
  utf8 = true,
  demo?: DemoView,
): RenderedApp {
  const stdout = new FakeStdout(size);
  const stdin = new FakeStdin();
  const copied: string[] = [];
  let clears = 0;
  const terminal = {
    utf8,
    clear: () => void clears++,
    copy: (text: string) => void copied.push(text),
  };
  const app = render(createElement(App, { session, terminal, demo }), {
    stdout: stdout as unknown as NodeJS.WriteStream,
    stdin: stdin as unknown as NodeJS.ReadStream,
    exitOnCtrlC: false,
    patchConsole: false,
    // Each frame is written whole: no cursor movement to be undone here.
    debug: true,
  });
  const shown = () => stdout.written.at(-1) ?? '';
  const lines = () =>
    stripVTControlCharacters(utf8 ? shown() : terminalText(shown(), stdout.columns, utf8))
      .replace(/\n$/, '')
      .split('\n')
      .map((line) => line.trimEnd());
  const frame = () => lines().join('\n');
  return {
    lines,
    frame,
    copied,
    written: stdout.written,
    clears: () => clears,
    type: (piece) => stdin.send(piece),
    resize(next) {
      Object.assign(stdout, next);
      stdout.emit('resize');
    },
    async until(...words) {
      await vi
        .waitUntil(() => words.every((word) => frame().includes(word)), WAIT)
        .catch(() => {
          throw new Error(`the frame never showed ${JSON.stringify(words)}:\n${frame()}`);
        });
    },
    left: app.waitUntilExit(),
    unmount: () => app.unmount(),
  };
}
