/** One sleeper at a time, set anew only when something is due earlier than it. Effects through Io. */
import type { Io } from '../io/io.ts';

export class Alarm {
  readonly #io: Io;
  readonly #ring: () => void;
  #sleeper = new AbortController();
  #at = Number.POSITIVE_INFINITY;

  constructor(io: Io, ring: () => void) {
    this.#io = io;
    this.#ring = ring;
  }

  /** @param at monotonic ms */
  set(at: number): void {
    if (at >= this.#at) return;
    this.#sleeper.abort();
    const sleeper = new AbortController();
    this.#sleeper = sleeper;
    this.#at = at;
    void this.#io.sleepUntil(at, sleeper.signal).then(() => {
      if (sleeper.signal.aborted) return;
      this.#at = Number.POSITIVE_INFINITY;
      this.#ring();
    });
  }

  stop(): void {
    this.#sleeper.abort();
  }
}
