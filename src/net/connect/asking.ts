/** The other half of a connect: a peer that can be asked, and the ways by which it may come in. Types only. */
import type { Secured } from '../pipe/secure.ts';
import type { AttemptWay } from './attempt.ts';
import type { Explanation } from './lane-case.ts';
import type { Candidate } from './pathway.ts';
import type { Measured } from './quality.ts';

/** A way by which the peer may come in: told as an attempt. */
export interface Hope {
  /** A connection has come by it: its handshake is under way, or (false) has come to nothing. */
  connecting(isUnderWay: boolean): void;
  /** It is encrypted and waits for our choice. */
  arrived(secured: Secured, way: AttemptWay, measured: Measured): void;
  /** It has come to nothing. Without effect once something has arrived. */
  failed(reason: string): void;
}

/** What asking the peer over signalling brings; nothing after `stop`. */
export interface AskListener {
  hope(way: AttemptWay): Hope;
  /** Pairs to dial that the peer's newest address adds. */
  more(candidates: readonly Candidate[]): void;
  /** It has the question. */
  heard(): void;
  /** It will not take part. */
  refused(why: 'not-allowed' | 'busy' | 'unwilling'): void;
  /** It does not answer. @param reached whether the question got as far as a broker of the peer */
  silent(reason: string, reached: boolean): void;
  /** No more hopes will come. @param explanation why punching came to nothing, where there was any */
  done(explanation: Explanation | null): void;
}

export interface Asking {
  start(listener: AskListener): void;
  /** Nothing is wanted any more. */
  stop(): void;
}
