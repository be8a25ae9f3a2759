/** Who asks our TURN server: long-term credentials of limited time (RFC 8489 §9.2), nonces without state. Pure. */
import type { RawAttribute } from '../stun/guard.ts';
import { type Credentials, credentialsOf, longTermKey } from './credentials.ts';
import { ATTRIBUTES, errorAttribute, type TurnMessage, textAttribute } from './message.ts';
import { isFresh, nonceFor } from './nonce.ts';

export const REALM = 'p2pd-demo';

export interface RecogniseBy {
  /** What credentials are made of. */
  readonly secret: Uint8Array;
  /** Where the request comes from. */
  readonly ip: string;
  /** Unix seconds. */
  readonly seconds: number;
}

export type Recognised =
  | { readonly kind: 'known'; readonly user: Credentials }
  /** To be asked to sign, or to sign again; `isWrong` where it did sign, with credentials that are none. */
  | { readonly kind: 'unknown'; readonly isWrong: boolean; readonly attributes: readonly RawAttribute[] };

export function recognise(message: TurnMessage, { secret, ip, seconds }: RecogniseBy): Recognised {
  const nonce = message.text(ATTRIBUTES.nonce) ?? '';
  const user = credentialsOf(secret, message.text(ATTRIBUTES.username) ?? '', seconds);
  const isKnown = message.isSigned && user !== null && message.isSignedBy(longTermKey(user, REALM));
  if (isKnown && isFresh(nonce, secret, ip, seconds)) return { kind: 'known', user };
  const attributes = [
    isKnown ? errorAttribute(438, 'Stale Nonce') : errorAttribute(401, 'Unauthorized'),
    textAttribute(ATTRIBUTES.realm, REALM),
    textAttribute(ATTRIBUTES.nonce, nonceFor(secret, ip, seconds)),
  ];
  return { kind: 'unknown', isWrong: message.isSigned && !isKnown, attributes };
}
