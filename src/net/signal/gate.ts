/**
 * How much work strangers may cause before a message is known to be genuine. A message of a peer
 * whose secret is at hand costs 0.05 ms to refuse and 0.4 ms to check (the signature), one of an
 * unknown sender 0.9 ms more (the key agreement), so each broker may bring few of the latter: a flood
 * through one leaves the others open. Nobody uses up a peer's share without holding its key. Rule only.
 */
import { TokenBuckets } from '../token-bucket.ts';

/** Brokers told apart; a node has fewer. */
const MAX_BROKERS = 32;
const MAX_SENDERS = 1_024;
/** ms that a sender is not heard once it has used up its share: so long its messages cost nothing. */
const MUTED = 1_000;

export class Gate {
  /** Key agreements for unknown senders, per broker: 1 % of a core each. */
  readonly #unknown = new TokenBuckets({ rate: 10, burst: 30, maxKeys: MAX_BROKERS });
  /** Decryptions for claimed peers, per broker: 5 % of a core each. */
  readonly #claimed = new TokenBuckets({ rate: 1_000, burst: 1_000, maxKeys: MAX_BROKERS });
  /** Genuine messages of one sender. */
  readonly #genuine = new TokenBuckets({ rate: 50, burst: 100, maxKeys: MAX_SENDERS });
  /** Those of all senders that we wait for nothing from: one person may hold many keys. 8 % of a core. */
  readonly #uninvited = new TokenBuckets({ rate: 200, burst: 400, maxKeys: 1 });
  /** Until when senders are muted, the oldest first. */
  readonly #muted = new Map<string, number>();

  /** Before any cryptography. @param known whether the claimed sender's secret is at hand */
  admit(sender: string, broker: string, known: boolean, now: number): boolean {
    const until = this.#muted.get(sender);
    if (until !== undefined && now < until) return false;
    return (known ? this.#claimed : this.#unknown).take(broker, now);
  }

  /**
   * Counts a message that its sender's key has sealed, whatever it says.
   *
   * @param awaited whether we wait for something from this sender
   * @returns false when the sender is over its share, and muted for a while
   */
  count(sender: string, awaited: boolean, now: number): boolean {
    if (this.#genuine.take(sender, now) && (awaited || this.#uninvited.take('all', now))) return true;
    for (const [name, until] of this.#muted) {
      if (until > now && this.#muted.size < MAX_SENDERS) break;
      this.#muted.delete(name);
    }
    this.#muted.set(sender, now + MUTED);
    return false;
  }
}
