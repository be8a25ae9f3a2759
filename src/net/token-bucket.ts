/**
 * Token buckets by key: so much at once, so much a second after that. Of more keys than there is room
 * for, the one used longest ago is forgotten, which fills its bucket. Pure; times are monotonic ms.
 */

export interface BucketLimits {
  /** Tokens a second. */
  readonly rate: number;
  /** Tokens of a full bucket. */
  readonly burst: number;
  /** Buckets kept. */
  readonly maxKeys: number;
}

interface Bucket {
  readonly tokens: number;
  readonly at: number;
}

export class TokenBuckets {
  readonly #limits: BucketLimits;
  /** The one used last at the end. */
  readonly #buckets = new Map<string, Bucket>();

  constructor(limits: BucketLimits) {
    this.#limits = limits;
  }

  /** A key that does not come back. */
  forget(key: string): void {
    this.#buckets.delete(key);
  }

  /** Takes tokens from this key's bucket; false, and none is taken, when it has fewer. */
  take(key: string, now: number, count = 1): boolean {
    const { rate, burst, maxKeys } = this.#limits;
    const bucket = this.#buckets.get(key);
    const filled =
      bucket === undefined ? burst : Math.min(burst, bucket.tokens + ((now - bucket.at) * rate) / 1000);
    const taken = filled >= count;
    this.#buckets.delete(key);
    this.#buckets.set(key, { tokens: taken ? filled - count : filled, at: now });
    for (const oldest of this.#buckets.keys()) {
      if (this.#buckets.size <= maxKeys) break;
      this.#buckets.delete(oldest);
    }
    return taken;
  }
}
