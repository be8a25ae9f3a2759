/** Identities of tests: the same each time, from a small number. */
import { type Identity, identityOf } from '../../src/net/identity.ts';

export function labIdentity(number: number): Identity {
  const secret = new Uint8Array(32).fill(1);
  new DataView(secret.buffer).setUint32(0, number);
  return identityOf(secret);
}
