/**
 * How many handshakes may be under way, in all and from one address, so that strangers who connect
 * and say nothing cost little and hurt nobody else. Rule only.
 */
import { MAX_HANDSHAKES, MAX_HANDSHAKES_PER_ADDRESS } from '../timing.ts';
import { encodeBase16 } from '../wire/base16.ts';
import { ipToBytes } from '../wire/ip.ts';

export class Admission {
  readonly #counts = new Map<string, number>();
  #total = 0;

  /** Handshakes under way. */
  get total(): number {
    return this.#total;
  }

  /** Takes a place for this address; false when there is none. Each true must be given back by `leave`. */
  enter(ip: string): boolean {
    const key = keyOf(ip);
    const count = this.#counts.get(key) ?? 0;
    if (this.#total >= MAX_HANDSHAKES || count >= MAX_HANDSHAKES_PER_ADDRESS) return false;
    this.#counts.set(key, count + 1);
    this.#total++;
    return true;
  }

  leave(ip: string): void {
    const key = keyOf(ip);
    const count = this.#counts.get(key) ?? 0;
    if (count <= 1) this.#counts.delete(key);
    else this.#counts.set(key, count - 1);
    this.#total--;
  }
}

/** One IPv4 address, or one IPv6 /64: whoever has one address of it has them all (RFC 4291 §2.5.4). */
function keyOf(ip: string): string {
  const bytes = ipToBytes(ip);
  if (bytes === null) return ip;
  return encodeBase16(bytes.length === 4 ? bytes : bytes.subarray(0, 8));
}
