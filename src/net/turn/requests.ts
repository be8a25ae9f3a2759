/**
 * Requests of a TURN client with long-term credentials: the first one is refused with realm and nonce, and sent
 * again signed; a stale nonce is replaced (RFC 8489 §9.2). Machine: messages in, messages out.
 */
import type { RawAttribute } from '../stun/guard.ts';
import { type Credentials, longTermKey } from './credentials.ts';
import { ATTRIBUTES, encodeTurn, type TurnMessage, type TurnMethod, textAttribute } from './message.ts';

/** What a server knows us by, as long as its nonce holds: worth keeping for the next connection to it. */
export interface Acquaintance {
  readonly realm: string;
  readonly nonce: string;
}

export type Verdict =
  | { readonly kind: 'done'; readonly message: TurnMessage }
  /** To be sent again, with another transaction id. */
  | { readonly kind: 'again' }
  | { readonly kind: 'refused'; readonly code: number; readonly why: string };

const WHY: Readonly<Record<number, string>> = {
  300: 'it sends us to another server',
  403: 'it does not relay for us, or not to that peer',
  420: 'it does not know what was asked',
  437: 'it has lost the allocation, or has another one',
  440: 'it has no relayed address of this family',
  441: 'the allocation is of another user',
  442: 'it does not relay over this transport',
  446: 'there is a connection to that peer already',
  447: 'it could not reach the peer',
  486: 'the quota of this user is used up',
  508: 'it has no room for more',
};

export class TurnRequests {
  readonly #credentials: Credentials;
  #known: Acquaintance | null;
  #key: Uint8Array | null = null;
  /** Signed answers are believed only. */
  #isSigning = false;

  /** @param known from a connection to the same server before; null: none */
  constructor(credentials: Credentials, known: Acquaintance | null) {
    this.#credentials = credentials;
    this.#known = known;
  }

  get known(): Acquaintance | null {
    return this.#known;
  }

  /** A request's bytes. */
  encode(method: TurnMethod, transactionId: Uint8Array, attributes: readonly RawAttribute[]): Uint8Array {
    const known = this.#known;
    this.#isSigning = known !== null;
    if (known === null) return encodeTurn({ method, kind: 'request', transactionId, attributes }, null);
    this.#key ??= longTermKey(this.#credentials, known.realm);
    const signed = [
      ...attributes,
      textAttribute(ATTRIBUTES.username, this.#credentials.username),
      textAttribute(ATTRIBUTES.realm, known.realm),
      textAttribute(ATTRIBUTES.nonce, known.nonce),
    ];
    return encodeTurn({ method, kind: 'request', transactionId, attributes: signed }, this.#key);
  }

  /**
   * What an answer means.
   *
   * @param nonce that the request went with; null: none
   * @returns null for one that is not the server's
   */
  take(message: TurnMessage, nonce: string | null): Verdict | null {
    const error = message.error();
    if (error === null) {
      if (this.#isSigning && !(this.#key !== null && message.isSignedBy(this.#key))) return null;
      return { kind: 'done', message };
    }
    if (error.code === 401 || error.code === 438) return this.#challenged(message, error.code, nonce);
    return { kind: 'refused', code: error.code, why: WHY[error.code] ?? `error ${error.code}` };
  }

  #challenged(message: TurnMessage, code: number, nonce: string | null): Verdict {
    const realm = message.text(ATTRIBUTES.realm);
    const fresh = message.text(ATTRIBUTES.nonce);
    // Refused although it was signed with this very nonce.
    const isWrong = code === 401 && nonce !== null;
    if (isWrong || realm === null || fresh === null)
      return { kind: 'refused', code, why: 'it does not accept our username or password' };
    if (this.#known?.realm !== realm) this.#key = null;
    this.#known = { realm, nonce: fresh };
    return { kind: 'again' };
  }
}
