/** What a name server did lately: requests, how long they took, what was refused and why. No addresses, no names. Pure. */
import type { RefusalReason } from './rules.ts';

/** Latencies kept of the time since the last look, the newest. */
const MAX_SAMPLES = 4_096;

export interface PnpStats {
  /** Of the time since the last look. */
  readonly requestsPerSecond: number;
  /** ms; null where nothing was asked. */
  readonly p50: number | null;
  readonly p99: number | null;
  /** Since the start. */
  readonly requests: number;
  readonly refused: Readonly<Partial<Record<RefusalReason | 'junk' | 'silent', number>>>;
}

export class PnpMetrics {
  #samples: number[] = [];
  readonly #refused = new Map<RefusalReason | 'junk' | 'silent', number>();
  #requests = 0;
  #lookedAt: number;
  #counted = 0;

  constructor(now: number) {
    this.#lookedAt = now;
  }

  /** @param elapsed ms */
  answered(elapsed: number): void {
    this.#samples[(this.#requests - this.#counted) % MAX_SAMPLES] = elapsed;
    this.#requests++;
  }

  /** junk: no request · silent: too many, not even read. */
  refused(why: RefusalReason | 'junk' | 'silent'): void {
    this.#refused.set(why, (this.#refused.get(why) ?? 0) + 1);
  }

  look(now: number): PnpStats {
    const fresh = this.#requests - this.#counted;
    const seconds = Math.max(1, now - this.#lookedAt) / 1000;
    const sorted = this.#samples.sort((a, b) => a - b);
    const at = (share: number) =>
      sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? null;
    this.#samples = [];
    this.#lookedAt = now;
    this.#counted = this.#requests;
    return {
      requestsPerSecond: Math.round((fresh / seconds) * 10) / 10,
      p50: at(0.5),
      p99: at(0.99),
      requests: this.#requests,
      refused: Object.fromEntries(this.#refused),
    };
  }
}
