/** Connections of ours that are joined to a pipe: which one is about to be, and when the last one was. */

export class Joins<P> {
  #current: P | null = null;
  #at = Number.NEGATIVE_INFINITY;

  /** The one that is about to be joined; null where none is. */
  get current(): P | null {
    return this.#current;
  }

  /** When one was begun last, monotonic ms. */
  get lastAt(): number {
    return this.#at;
  }

  /** @returns how to leave */
  enter(candidate: P, now: number): () => void {
    this.#current = candidate;
    this.#at = now;
    return () => {
      if (this.#current === candidate) this.#current = null;
    };
  }
}
