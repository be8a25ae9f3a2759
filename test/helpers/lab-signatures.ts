/**
 * A stand-in for signatures where worlds run by the thousand: SHA-512 of key and message, which
 * anybody could forge and which costs nothing. Half of such a run would be elliptic curves otherwise,
 * and ECDSA as OpenSSL has it draws numbers that no seed gives again. For `vi.mock` of identity.ts.
 */
import { createHash } from 'node:crypto';
import type * as identity from '../../src/net/identity.ts';

export function withStandIns(real: typeof identity): typeof identity {
  return {
    ...real,
    identityOf(secretKey) {
      const own = real.identityOf(secretKey);
      return { ...own, sign: (message) => standIn(own.publicKey, message) };
    },
    verifySignature: (publicKey, message, signature) =>
      Buffer.compare(standIn(publicKey, message), signature) === 0,
  };
}

/** As long as a signature: 64 bytes. */
function standIn(publicKey: Uint8Array, message: Uint8Array): Uint8Array {
  return new Uint8Array(createHash('sha512').update(publicKey).update(message).digest());
}
