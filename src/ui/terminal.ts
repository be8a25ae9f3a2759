/**
 * The terminal itself: alternate screen and bracketed paste on the way in, everything as it was on
 * every way out. The only file of the TUI that touches the process.
 */
import { terminalText } from './terminal-text.ts';

const ENTER = '\x1b[?1049h\x1b[?2004h\x1b[2J\x1b[H';
const LEAVE = '\x1b[?2004l\x1b[?1049l\x1b[?25h';
const CLEAR = '\x1b[2J\x1b[H';
const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

export interface Terminal {
  /** Whether the locale can show more than ASCII. */
  readonly utf8: boolean;
  /** Where Ink draws. */
  readonly stdout: NodeJS.WriteStream;
  /** Empties the screen: after a resize, remains of the old frame would stay. */
  clear(): void;
  /** Asks the terminal to put text on the clipboard (OSC 52); many do, none says so. */
  copy(text: string): void;
  /** Gives the screen back. May be called more than once. */
  restore(): void;
  /** After `restore`: a line on the ordinary screen. */
  print(line: string): void;
}

/**
 * Takes the screen over.
 *
 * @param onSignal the user, or the system, wants the program to end
 */
export function openTerminal(onSignal: () => void): Terminal {
  const { stdout, env } = process;
  let isOpen = true;
  const restore = () => {
    if (!isOpen) return;
    isOpen = false;
    // What is closed after this may be cut short by hand; a shell that ends sends SIGHUP twice.
    process.off('SIGINT', onSignal);
    stdout.write(LEAVE);
  };
  const onCrash = (error: unknown) => {
    restore();
    process.stderr.write(
      `p2pd-demo: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`,
    );
    process.exit(1);
  };
  process.once('exit', restore);
  process.once('uncaughtException', onCrash);
  process.once('unhandledRejection', onCrash);
  for (const signal of SIGNALS) process.on(signal, onSignal);
  // A terminal that was closed takes no more frames; SIGHUP tells what is to be done.
  stdout.on('error', () => undefined);
  stdout.write(ENTER);
  const utf8 = isUtf8(env);
  return {
    utf8,
    stdout: translating(stdout, utf8),
    clear: () => void (isOpen && stdout.write(CLEAR)),
    copy: (text) => void stdout.write(`\x1b]52;c;${Buffer.from(text).toString('base64')}\x07`),
    restore,
    print: (line) => void stdout.write(`${line}\n`),
  };
}

/** stdout, with frames as this terminal should get them. */
function translating(stdout: NodeJS.WriteStream, utf8: boolean): NodeJS.WriteStream {
  const write = (data: string | Uint8Array, ...rest: []) =>
    stdout.write(typeof data === 'string' ? terminalText(data, stdout.columns, utf8) : data, ...rest);
  return new Proxy(stdout, {
    get(target, name) {
      if (name === 'write') return write;
      const value: unknown = Reflect.get(target, name, target);
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });
}

/** POSIX's order of precedence for the character set; Windows terminals know UTF-8. */
function isUtf8(env: NodeJS.ProcessEnv): boolean {
  if (process.platform === 'win32') return true;
  return /utf-?8/i.test(env.LC_ALL || env.LC_CTYPE || env.LANG || '');
}
