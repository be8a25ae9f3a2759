/**
 * One timer that is moved often: it fires early and waits for the rest, which is cheaper than a new
 * timer for every acknowledgement. Pure but for the clock it is given.
 */
import type { Clock, Timer } from './clock.ts';

export class PurposeTimer<Purpose extends string> {
  /** What it is armed for, null when it is not. */
  purpose: Purpose | null = null;
  readonly #clock: Clock;
  readonly #onTime: (purpose: Purpose) => void;
  #deadline = Number.POSITIVE_INFINITY;
  #timer: Timer | null = null;

  constructor(clock: Clock, onTime: (purpose: Purpose) => void) {
    this.#clock = clock;
    this.#onTime = onTime;
  }

  /** @param delay ms from now */
  arm(purpose: Purpose, delay: number): void {
    this.purpose = purpose;
    this.#deadline = this.#clock.now() + delay;
    if (this.#timer !== null && this.#timer.at <= this.#deadline) return;
    this.#timer?.cancel();
    this.#timer = this.#clock.at(this.#deadline, this.#fire);
  }

  disarm(): void {
    this.purpose = null;
  }

  /** For good: nothing is left on the clock. */
  cancel(): void {
    this.disarm();
    this.#timer?.cancel();
    this.#timer = null;
  }

  readonly #fire = (): void => {
    this.#timer = null;
    const { purpose } = this;
    if (purpose === null) return;
    if (this.#clock.now() < this.#deadline) this.#timer = this.#clock.at(this.#deadline, this.#fire);
    else {
      this.purpose = null;
      this.#onTime(purpose);
    }
  };
}
