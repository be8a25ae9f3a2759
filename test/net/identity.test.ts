import { inspect } from 'node:util';
import { secp256k1 } from '@noble/curves/secp256k1.js';
import { expect, test } from 'vitest';
import {
  generateSecretKey,
  identityOf,
  isPublicKey,
  isValidSecretKey,
  nodeIdOf,
  verifySignature,
} from '../../src/net/identity.ts';
import { decodeBase16, encodeBase16 } from '../../src/net/wire/base16.ts';

const secretKey = new Uint8Array(32).fill(7);
const identity = identityOf(secretKey);
const message = new TextEncoder().encode('hello');

test('identity: the public key and node id of a known secret never change', () => {
  expect(encodeBase16(identity.publicKey)).toBe(
    '02989c0b76cb563971fdc9bef31ec06c3560f3249d6ee9e5d83c57625596e05f6f',
  );
  expect(identity.nodeId).toBe(nodeIdOf(identity.publicKey));
  expect(identity.nodeId).toMatch(/^[0-9a-f]{32}$/);
});

test('identity: both sides work out the same secret', () => {
  const other = identityOf(new Uint8Array(32).fill(9));
  expect(identity.sharedSecret(other.publicKey)).toEqual(other.sharedSecret(identity.publicKey));
});

test('identity: a signature is checked against key, message and low s', () => {
  const signature = identity.sign(message);
  expect(verifySignature(identity.publicKey, message, signature)).toBe(true);
  expect(secp256k1.verify(signature, message, identity.publicKey)).toBe(true);
  expect(verifySignature(identity.publicKey, new Uint8Array(5), signature)).toBe(false);
  expect(verifySignature(identityOf(new Uint8Array(32).fill(9)).publicKey, message, signature)).toBe(false);
  expect(verifySignature(identity.publicKey, message, highS(signature))).toBe(false);
  expect(verifySignature(identity.publicKey, message, signature.subarray(1))).toBe(false);
  expect(verifySignature(new Uint8Array(33), message, signature)).toBe(false);
});

/** The other signature that is valid without the low-s rule. */
function highS(signature: Uint8Array): Uint8Array {
  const s = BigInt(`0x${encodeBase16(signature.subarray(32))}`);
  const other = (secp256k1.Point.Fn.ORDER - s).toString(16).padStart(64, '0');
  return Uint8Array.from([...signature.subarray(0, 32), ...(decodeBase16(other) ?? [])]);
}

test('identity: only points of the curve are public keys', () => {
  expect(isPublicKey(identity.publicKey)).toBe(true);
  expect(isPublicKey(identity.publicKey.subarray(1))).toBe(false);
  expect(isPublicKey(Uint8Array.from([2, ...new Uint8Array(32)]))).toBe(false);
  expect(isPublicKey(Uint8Array.from([4, ...identity.publicKey.subarray(1)]))).toBe(false);
});

test('identity: fresh keys are valid and differ with what they are drawn from', async () => {
  const [one, other] = await Promise.all(
    [1, 2].map((n) => generateSecretKey((length) => new Uint8Array(length).fill(n))),
  );
  expect(one).not.toEqual(other);
  for (const key of [one, other]) expect(isValidSecretKey(key ?? new Uint8Array(0))).toBe(true);
});

test('identity: only 32 bytes between zero and the order of the group are a secret key', () => {
  const order = (secp256k1.Point.Fn.ORDER - 1n).toString(16);
  expect(isValidSecretKey(decodeBase16(order) ?? new Uint8Array(0))).toBe(true);
  expect(isValidSecretKey(decodeBase16(secp256k1.Point.Fn.ORDER.toString(16)) ?? new Uint8Array(0))).toBe(
    false,
  );
  expect(isValidSecretKey(new Uint8Array(32))).toBe(false);
  expect(isValidSecretKey(new Uint8Array(31).fill(1))).toBe(false);
  expect(isValidSecretKey(new Uint8Array(0))).toBe(false);
});

test('identity: keys, secrets and signatures are the ones that noble works out', () => {
  for (let i = 1; i <= 20; i++) {
    const secret = new Uint8Array(32).fill(i);
    const ours = identityOf(secret);
    expect(ours.publicKey).toEqual(secp256k1.getPublicKey(secret));
    expect(Buffer.from(ours.sharedSecret(identity.publicKey))).toEqual(
      Buffer.from(secp256k1.getSharedSecret(secret, identity.publicKey).subarray(1)),
    );
    expect(secp256k1.verify(ours.sign(message), message, ours.publicKey)).toBe(true);
    expect(verifySignature(ours.publicKey, message, secp256k1.sign(message, secret))).toBe(true);
  }
});

test('identity: printing one never shows the secret', () => {
  expect(inspect(identity, { depth: 9, showHidden: true })).not.toContain('7, 7, 7');
  expect(JSON.stringify(identity)).not.toContain(encodeBase16(secretKey));
});
