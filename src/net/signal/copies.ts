/**
 * Whether one more copy of a message is answered again. Its sender publishes it to several brokers at
 * once and again while no answer comes: then on every broker that brings it, as the way that the first
 * answer took may be broken. Copies need no key to make, so their number is bounded. Rule only.
 */
import { REPEAT_INTERVAL } from '../timing.ts';

/** A message leaves five times, the last four because the answer did not come, over three brokers. */
const MAX_ANSWERS = 12;

export class Copies {
  readonly #answeredAt: number;
  #left = MAX_ANSWERS;
  /** When copies were answered again, by broker. */
  #again: Map<string, number> | null = null;

  /** @param answeredAt when the message was answered first, monotonic ms */
  constructor(answeredAt: number) {
    this.#answeredAt = answeredAt;
  }

  take(broker: string, now: number): boolean {
    const last = this.#again?.get(broker) ?? this.#answeredAt;
    if (this.#left === 0 || now < last + REPEAT_INTERVAL) return false;
    this.#left--;
    this.#again ??= new Map();
    this.#again.set(broker, now);
    return true;
  }
}
