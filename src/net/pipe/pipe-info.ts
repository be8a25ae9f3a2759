/** What a pipe is called, where it comes from, and what it tells its node. */
import { createHash } from 'node:crypto';
import type { Method, Pathway } from '../events.ts';
import { encodeBase32 } from '../wire/base32.ts';
import type { Rest } from './effects.ts';
import type { MessageKind } from './frame.ts';
import { PIPE_ID_LENGTH } from './preamble.ts';
import type { Secured } from './secure.ts';

/** Which way a pipe goes. */
export interface PipeWay {
  readonly method: Method;
  readonly path: Pathway;
}

/** Where a pipe comes from and which way it goes. */
export interface PipeInfo extends PipeWay {
  /** The pipe's name, see `pipeName`. */
  readonly id: string;
  /** The peer's node id. */
  readonly peer: string;
  /** Whether this side asked for the pipe. */
  readonly initiator: boolean;
}

/** A proven connection that one side joins to a pipe: its payload says which. */
export interface Handover {
  readonly secured: Secured;
  readonly way: PipeWay;
  readonly payload: Uint8Array;
  readonly rest: Rest;
}

/** What a pipe tells its node. @typeParam P the pipe */
export interface Listener<P> {
  proven(pipe: P): void;
  open(pipe: P): void;
  /** What was to be a pipe is to carry another one: the receiver now owns its connection. */
  joined(pipe: P, handover: Handover): void;
  /** The path is gone, and why; `move` or `abandon` follows. */
  stranded(pipe: P, reason: string): void;
  /** An answer is overdue, or (false) has come after all. */
  doubtful(pipe: P, isDoubtful: boolean): void;
  /** Another path carries it. @param elapsed ms without a path */
  moved(pipe: P, from: PipeWay, elapsed: number): void;
  /** The peer tells its newest address, not checked. */
  address(pipe: P, bytes: Uint8Array): void;
  rtt(pipe: P): void;
  message(pipe: P, kind: MessageKind, bytes: Buffer): void | Promise<void>;
  sent(pipe: P, kind: MessageKind, bytes: Uint8Array): void;
  closed(pipe: P, reason: string): void;
  /** ms of silence after which a pipe over UDP has to say something. */
  keepalive(pipe: P): number;
}

/**
 * The name of a pipe, the same on both sides: made of its id and both keys, so that a third party
 * who saw the id on the wire cannot take the name first.
 *
 * @param asker the key of who asked for the pipe, whoever dials
 */
export function pipeName(pipeId: Uint8Array, asker: Uint8Array, asked: Uint8Array): string {
  const hash = createHash('sha256').update(pipeId).update(asker).update(asked).digest();
  return encodeBase32(hash.subarray(0, PIPE_ID_LENGTH));
}
