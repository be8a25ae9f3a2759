/**
 * Shared secrets of peers, kept so that further messages to and from a peer cost no elliptic curve
 * work. Holds at most 256; peers that this node turned to by itself stay longest, or a stranger with
 * many keys could push them out. The secrets leave this file only towards `envelope.ts`.
 */
import type { Identity } from '../identity.ts';

/** Shared secrets kept: more peers than one node talks to in an hour, 40 KiB. */
const MAX_SECRETS = 256;

interface Entry {
  readonly secret: Uint8Array;
  readonly preferred: boolean;
}

export class Secrets {
  readonly identity: Identity;
  /** By peer's key, the one used last at the end. */
  readonly #entries = new Map<string, Entry>();

  constructor(identity: Identity) {
    this.identity = identity;
  }

  get size(): number {
    return this.#entries.size;
  }

  /** Whether the peer's secret is at hand, so that opening its message is cheap. */
  has(peerKey: Uint8Array): boolean {
    return this.#entries.has(nameOf(peerKey));
  }

  /**
   * The secret shared with a peer; a new one is not kept yet, as anybody can claim any key.
   *
   * @throws when the key is no point of the curve
   */
  of(peerKey: Uint8Array): Uint8Array {
    return this.#entries.get(nameOf(peerKey))?.secret ?? this.identity.sharedSecret(peerKey);
  }

  /** Keeps the secret of a peer that has proven its key, or that is written to. */
  keep(peerKey: Uint8Array, secret: Uint8Array): void {
    const name = nameOf(peerKey);
    const preferred = this.#entries.get(name)?.preferred ?? false;
    this.#put(name, { secret, preferred });
  }

  /** Keeps the secret of a peer that this node turns to by itself, longer than those of strangers. @throws as `of` */
  prefer(peerKey: Uint8Array): void {
    this.#put(nameOf(peerKey), { secret: this.of(peerKey), preferred: true });
  }

  #put(name: string, entry: Entry): void {
    this.#entries.delete(name);
    this.#entries.set(name, entry);
    if (this.#entries.size <= MAX_SECRETS) return;
    for (const [oldest, { preferred }] of this.#entries) {
      if (preferred || oldest === name) continue;
      this.#entries.delete(oldest);
      return;
    }
    for (const oldest of this.#entries.keys()) {
      this.#entries.delete(oldest);
      return;
    }
  }
}

function nameOf(key: Uint8Array): string {
  return Buffer.from(key).toString('latin1');
}
