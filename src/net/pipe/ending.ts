/** How a session comes to its end: half-close of each side, then CLOSE of both, with a reason. Machine. */
import { CLOSE_TIMEOUT } from '../timing.ts';
import type { SendQueue } from './send-queue.ts';

/** Characters of a reason that are sent and kept. */
const MAX_REASON = 200;
const EMPTY = new Uint8Array(0);

export class Ending {
  readonly #queue: SendQueue;
  /** We shall send no more messages. */
  hasEnded = false;
  /** The peer will send no more. */
  peerHasEnded = false;
  /** It has dealt with all of ours. */
  isFlushed = false;
  reason = '';
  /** When the peer has had its time to answer our CLOSE. */
  closeBy = Number.POSITIVE_INFINITY;

  constructor(queue: SendQueue) {
    this.#queue = queue;
  }

  end(): void {
    if (this.hasEnded) return;
    this.hasEnded = true;
    this.#queue.push('end', EMPTY);
  }

  /** @returns whether everything up to our END is acknowledged now and was not before */
  flush(): boolean {
    if (!this.hasEnded || this.isFlushed || !this.#queue.settled) return false;
    this.isFlushed = true;
    return true;
  }

  /** Says why, after what is queued. */
  close(reason: string, now: number): 'closing' {
    this.reason = reason.slice(0, MAX_REASON);
    return this.#begin(new TextEncoder().encode(this.reason), now);
  }

  /** Answers the peer's CLOSE. */
  answer(payload: Uint8Array, now: number): 'closing' {
    const said = new TextDecoder().decode(payload).slice(0, MAX_REASON);
    this.reason = said === '' ? 'closed by the peer' : `closed by the peer: ${said}`;
    return this.#begin(EMPTY, now);
  }

  #begin(payload: Uint8Array, now: number): 'closing' {
    this.closeBy = now + CLOSE_TIMEOUT;
    this.#queue.push('close', payload);
    return 'closing';
  }
}
