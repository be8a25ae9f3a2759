/**
 * Challenges that this node has sent: to a sender whose message does not fit our clock, a nonce that
 * its next message must carry. Each is good once, for that sender, for 30 s. The challenged message
 * itself is remembered as long as an accepted one, or a clock that is set could let it in too. Pure.
 */
import { CHALLENGE_LIFETIME, SIGNAL_MEMORY } from '../timing.ts';
import { TokenBuckets } from '../token-bucket.ts';
import { Copies } from './copies.ts';

/** More than `#all` lets through while they are remembered. */
const MAX_CHALLENGES = 2_048;

interface Challenge {
  readonly sender: string;
  readonly nonce: Uint8Array;
  readonly issuedAt: number;
  readonly copies: Copies;
}

export class Challenges {
  /** By the challenged message's name, the oldest first. */
  readonly #byMessage = new Map<string, Challenge>();
  /** Names of challenged messages by nonce. */
  readonly #byNonce = new Map<string, string>();
  /** A challenge costs 0.3 ms, and is only an answer: a replayed message of anybody may cause it. */
  readonly #perSender = new TokenBuckets({ rate: 2, burst: 8, maxKeys: MAX_CHALLENGES });
  readonly #all = new TokenBuckets({ rate: 20, burst: 40, maxKeys: 1 });

  /** Whether a message may be challenged with this nonce, which is then remembered. */
  issue(message: string, sender: string, nonce: Uint8Array, now: number): boolean {
    if (this.#byMessage.size >= MAX_CHALLENGES) return false;
    if (!this.#perSender.take(sender, now) || !this.#all.take('all', now)) return false;
    this.#byMessage.set(message, { sender, nonce, issuedAt: now, copies: new Copies(now) });
    this.#byNonce.set(nameOf(nonce), message);
    return true;
  }

  has(message: string, now: number): boolean {
    this.#forget(now);
    return this.#byMessage.has(message);
  }

  /** For another copy of a challenged message: the same nonce, as its challenge may be lost; null for no answer. */
  repeat(message: string, broker: string, now: number): Uint8Array | null {
    const challenge = this.#byMessage.get(message);
    return challenge?.copies.take(broker, now) === true ? challenge.nonce : null;
  }

  /** Whether the nonce is ours, for this sender, unused and young; it is used then. */
  redeem(sender: string, nonce: Uint8Array, now: number): boolean {
    const name = nameOf(nonce);
    const message = this.#byNonce.get(name);
    const challenge = message === undefined ? undefined : this.#byMessage.get(message);
    if (challenge?.sender !== sender || now >= challenge.issuedAt + CHALLENGE_LIFETIME) return false;
    this.#byNonce.delete(name);
    return true;
  }

  #forget(now: number): void {
    for (const [message, { nonce, issuedAt }] of this.#byMessage) {
      if (now < issuedAt + SIGNAL_MEMORY) return;
      this.#byMessage.delete(message);
      this.#byNonce.delete(nameOf(nonce));
    }
  }
}

function nameOf(nonce: Uint8Array): string {
  return Buffer.from(nonce).toString('latin1');
}
