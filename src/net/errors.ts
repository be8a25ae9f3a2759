/**
 * The one error people meet, and the one table: code → exit code and what to try.
 * The message says what failed and what was seen; the hint what to try.
 */

interface CodeInfo {
  /** The process's exit code (docs: the README's table). */
  readonly exit: number;
  /** What to try, unless the place that throws knows better. */
  readonly hint: string;
}

export const ERROR_CODES = {
  USAGE: { exit: 2, hint: 'see p2pd-demo --help' },
  ADDRESS_FOREIGN: { exit: 2, hint: 'copy the whole word that begins with p2pd1 from the other side' },
  ADDRESS_DAMAGED: { exit: 2, hint: 'copy the whole word that begins with p2pd1 from the other side' },
  ADDRESS_TOO_NEW: { exit: 2, hint: 'update this p2pd-demo: npx p2pd-demo@latest' },
  OWN_ADDRESS: { exit: 2, hint: "give the other side's address, or start a second node" },
  NO_PATH: { exit: 10, hint: 'check that the other side still runs and that its address is the newest' },
  PEER_SILENT: { exit: 11, hint: 'check that the other side still runs and that its address is the newest' },
  NO_ANSWER: { exit: 11, hint: 'the other side may not answer messages; start it with accept --echo' },
  NO_SERVICE: {
    exit: 13,
    hint: 'check the Internet connection, name servers of your own with --servers or --via, or run p2pd-demo serve',
  },
  NOT_ALLOWED: { exit: 14, hint: 'ask the other side to add your node id to its --allow list' },
  WRONG_PROTOCOL: { exit: 14, hint: 'run the same version of p2pd-demo on both sides' },
  VIA_KEY: { exit: 14, hint: 'compare the part after # with what serve prints' },
  NAME_NOT_FOUND: { exit: 12, hint: 'compare the spelling, or ask the other side for its address' },
  NAME_FOREIGN: { exit: 12, hint: 'ask the other side for its address' },
  NAME_TAKEN: { exit: 14, hint: 'choose another nickname' },
  NAME_REFUSED: { exit: 14, hint: 'try again later, or choose other servers with --servers or --via' },
  KEY_CHANGED: {
    exit: 14,
    hint: 'ask the other side whether its key is new; if so: connect --accept-new-key',
  },
  BUSY: { exit: 14, hint: 'try again in a few seconds' },
  PORT_TAKEN: { exit: 15, hint: 'leave --port out, or name another one' },
  STATE_UNUSABLE: { exit: 15, hint: 'name a directory you may write to with --state DIR' },
  KEY_DAMAGED: { exit: 15, hint: 'move the file away to start with a new identity' },
  NO_INTERFACE: { exit: 15, hint: 'p2pd-demo interfaces lists what there is' },
  FILE_UNUSABLE: { exit: 15, hint: 'name a file that can be read, or a folder that can be written to' },
  FILE_REFUSED: { exit: 14, hint: 'the other side takes files with accept --save-to DIR' },
  PIPE_CLOSED: { exit: 11, hint: 'connect again' },
  MESSAGE_TOO_LONG: { exit: 2, hint: 'send it in pieces of at most 16 MiB' },
  INTERNAL: { exit: 15, hint: 'this is a fault of p2pd-demo; run again with --log debug and report it' },
  INTERRUPTED: { exit: 130, hint: '' },
} as const satisfies Record<string, CodeInfo>;

export type ErrorCode = keyof typeof ERROR_CODES;

/** What people and scripts meet: prefer matching on `code`. */
export class P2pdError extends Error {
  override readonly name = 'P2pdError';
  readonly code: ErrorCode;
  readonly hint: string;

  constructor(code: ErrorCode, message: string, options: { cause?: unknown; hint?: string } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.hint = options.hint ?? ERROR_CODES[code].hint;
  }

  get exitCode(): number {
    return ERROR_CODES[this.code].exit;
  }
}

/** The system's error code (`ECONNREFUSED`), or the message where there is none. */
export function reasonOf(error: unknown): string {
  if (error instanceof P2pdError) return error.message;
  if (error instanceof Error)
    return 'code' in error && typeof error.code === 'string' ? error.code : error.message;
  return String(error);
}
