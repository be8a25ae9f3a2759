/**
 * Connections of one connect that are secured at about the same time: what came over UDP waits a moment
 * for a handshake over TCP that is under way, and the better one is told first. Effects through Io.
 */
import type { Io } from '../io/io.ts';
import type { Attempt } from './attempt.ts';
import { isBetterOverUdp, type Measured, patienceFor } from './quality.ts';

export interface TieTask {
  readonly io: Io;
  readonly attempts: () => Iterable<Attempt>;
  /** Takes attempts in the order in which they are to be committed. */
  readonly secured: (attempt: number) => void;
  readonly signal: AbortSignal;
}

export class Tie {
  readonly #task: TieTask;
  #held: { readonly attempt: number; readonly measured: Measured } | null = null;

  constructor(task: TieTask) {
    this.#task = task;
  }

  secured(attempt: number, measured: Measured): void {
    if (measured.transport === 'udp') this.#hold(attempt, measured);
    else {
      if (this.#held !== null && isBetterOverUdp(this.#held.measured, measured)) this.#release();
      this.#task.secured(attempt);
      this.#release();
    }
  }

  /** An attempt has come to nothing. */
  failed(): void {
    if (!this.#isTcpUnderWay()) this.#release();
  }

  /** Whether a connection over TCP is there whose handshake has not ended. */
  #isTcpUnderWay(): boolean {
    return [...this.#task.attempts()].some(
      ({ connecting, secured, outcome, way }) =>
        connecting > 0 && secured === null && outcome === null && way.method !== 'udp-punch',
    );
  }

  #hold(attempt: number, measured: Measured): void {
    const { io, secured, signal } = this.#task;
    if (this.#held !== null || !this.#isTcpUnderWay()) {
      secured(attempt);
      return;
    }
    const held = { attempt, measured };
    this.#held = held;
    const until = io.now() + patienceFor(measured);
    void io.sleepUntil(until, AbortSignal.any([signal])).then(() => {
      if (this.#held === held) this.#release();
    });
  }

  #release(): void {
    const held = this.#held;
    this.#held = null;
    if (held !== null && !this.#task.signal.aborted) this.#task.secured(held.attempt);
  }
}
