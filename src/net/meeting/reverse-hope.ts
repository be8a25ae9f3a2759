/** The hope that the peer dials back: how long it lives, and why it dies. Effects through Io. */

import type { Hope } from '../connect/asking.ts';
import type { AttemptWay } from '../connect/attempt.ts';
import type { Measured } from '../connect/quality.ts';
import type { Io } from '../io/io.ts';
import type { Secured } from '../pipe/secure.ts';
import { DIAL_BACK_TIMEOUT } from '../timing.ts';

export class ReverseHope {
  readonly #io: Io;
  readonly #hope: Hope;
  readonly #signal: AbortSignal;
  #waiting = false;

  constructor(io: Io, hope: Hope, signal: AbortSignal) {
    this.#io = io;
    this.#hope = hope;
    this.#signal = signal;
  }

  /** The peer's answer may be lost although it has the question: from then on the time runs. @param delay its plan's */
  heard(delay: number): void {
    if (this.#waiting) return;
    this.#waiting = true;
    const until = this.#io.now() + DIAL_BACK_TIMEOUT + delay;
    const seconds = (DIAL_BACK_TIMEOUT + delay) / 1000;
    void this.#io.sleepUntil(until, AbortSignal.any([this.#signal])).then(() => {
      if (!this.#signal.aborted) this.#hope.failed(`no connection came back within ${seconds} s`);
    });
  }

  connecting(): void {
    this.#hope.connecting(true);
  }

  arrived(secured: Secured, way: AttemptWay, measured: Measured): void {
    this.#hope.arrived(secured, way, measured);
  }

  failed(reason: string): void {
    this.#hope.failed(reason);
  }
}
