/**
 * What serving on this machine tells: what is offered where, who uses it and how much. Types only.
 */
import type { ServerKind } from '../net/index.ts';

/** One kind of server, with counts since it started. */
export interface ServedKind {
  readonly kind: ServerKind;
  /** Where it listens: `ip:port`. */
  readonly endpoints: readonly string[];
  /** Clients now; of a kind without connections, those that asked within the last minute. */
  readonly clients: number;
  /** Answered. */
  readonly requests: number;
  /** Over a limit or not allowed. */
  readonly refused: number;
  /** Junk and broken rules. */
  readonly errors: number;
}

/** One machine that uses this one. */
export interface ServedClient {
  readonly ip: string;
  /** What it used, in the order in which it first did. */
  readonly kinds: readonly ServerKind[];
  readonly requests: number;
  /** ms since the program started, as `at`. */
  readonly lastAt: number;
}

/** At most once a second, and only when something is different. */
export interface ServingEvent {
  readonly event: 'serving';
  readonly services: readonly ServedKind[];
  /** The most recent first, at most `MAX_SERVED_CLIENTS`. */
  readonly clients: readonly ServedClient[];
  /** What another machine runs: `npx p2pd-demo --via 192.168.1.5#9f2c…`; the best of `commands`. */
  readonly command: string;
  /** One for each address. */
  readonly commands: readonly string[];
}
