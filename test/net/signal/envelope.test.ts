import { createCipheriv, createDecipheriv, createECDH, hkdfSync } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type Identity, identityOf } from '../../../src/net/identity.ts';
import {
  type Inner,
  openEnvelope,
  readHead,
  seal as sealWith,
  topicOf,
} from '../../../src/net/signal/envelope.ts';
import { Secrets } from '../../../src/net/signal/secrets.ts';
import { MAX_ENVELOPE, MAX_SIGNAL_LIFETIME } from '../../../src/net/timing.ts';
import { DecodeError } from '../../../src/net/wire/decode-error.ts';

const vectors = JSON.parse(readFileSync(join(import.meta.dirname, '../../vectors/signal.json'), 'utf8'));
const keyOf = (value: number) => new Uint8Array(32).fill(value);
const alice = identityOf(keyOf(1));
const bob = identityOf(keyOf(2));
const mallory = identityOf(keyOf(3));
const messageId = new Uint8Array(16).fill(9);
const inner: Inner = {
  sentAt: 1_795_000_000_123,
  lifetime: 12_000,
  answered: null,
  payload: new TextEncoder().encode('what is said'),
};

const seal = (from: Identity, to: Uint8Array, text: Inner = inner) =>
  sealWith({ secrets: new Secrets(from), peerKey: to, messageId, inner: text });
const open = (by: Identity, bytes: Uint8Array, secrets = new Secrets(by)) =>
  openEnvelope(secrets, readHead(bytes), bytes);
const sealed = seal(alice, bob.publicKey);

interface Way {
  /** A secret key of one side… */
  readonly held: Uint8Array;
  /** …and the public key of the other. */
  readonly other: Uint8Array;
  readonly sender: Uint8Array;
  readonly recipient: Uint8Array;
}

const headOf = (way: Way) => Buffer.concat([Uint8Array.of(1), way.sender, messageId]);
const domain = Buffer.from('p2pd-demo signal 1\0');

function keysOf({ held, other, sender, recipient }: Way) {
  const agreement = createECDH('secp256k1');
  agreement.setPrivateKey(held);
  const info = Buffer.concat([domain, sender, recipient]);
  const bytes = new Uint8Array(hkdfSync('sha256', agreement.computeSecret(other), messageId, info, 44));
  return { key: bytes.subarray(0, 32), nonce: bytes.subarray(32) };
}

/** Seals any text with any signature, as whoever holds a key of either side can. */
function forge(way: Way, text: Uint8Array, signature: Uint8Array): Uint8Array {
  const { key, nonce } = keysOf(way);
  const cipher = createCipheriv('aes-256-gcm', key, nonce).setAAD(headOf(way));
  const parts = [cipher.update(text), cipher.update(signature), cipher.final(), cipher.getAuthTag()];
  return new Uint8Array(Buffer.concat([headOf(way), ...parts]));
}

/** The signed text within an envelope, as its recipient can get at it. */
function unsealed(way: Way, bytes: Uint8Array): { text: Uint8Array; signature: Uint8Array } {
  const { key, nonce } = keysOf(way);
  const decipher = createDecipheriv('aes-256-gcm', key, nonce);
  const all = decipher.update(bytes.subarray(50, -16));
  return { text: all.subarray(0, -64), signature: all.subarray(-64) };
}

const aliceToBob: Way = {
  held: keyOf(1),
  other: bob.publicKey,
  sender: alice.publicKey,
  recipient: bob.publicKey,
};

test('envelope: an envelope of today is opened for ever', () => {
  const bytes = new Uint8Array(Buffer.from(vectors.envelope, 'hex'));
  expect(open(bob, bytes)).toEqual({ sender: alice.publicKey, messageId, nodeId: alice.nodeId, ...inner });
});

test('envelope: its layout is the documented one', () => {
  // ECDSA is randomised: everything but the signature and the tag is fixed.
  const vector = Buffer.from(vectors.envelope, 'hex');
  expect(sealed.length).toBe(vector.length);
  const fixed = sealed.length - 64 - 16;
  expect(Buffer.from(sealed.subarray(0, fixed)).toString('hex')).toBe(
    vector.subarray(0, fixed).toString('hex'),
  );
});

test('envelope: topics name the format and the node', () => {
  expect(topicOf(bob.nodeId)).toBe(`p2pd-demo/1/${bob.nodeId}`);
});

test('envelope: any text comes back whole', () => {
  const [from, to] = [new Secrets(alice), new Secrets(bob)];
  const texts = fc.record({
    sentAt: fc.integer({ min: 0, max: 2 ** 48 - 1 }),
    lifetime: fc.integer({ min: 1, max: MAX_SIGNAL_LIFETIME }),
    answered: fc.option(fc.uint8Array({ minLength: 16, maxLength: 16 })),
    payload: fc.uint8Array({ minLength: 1, maxLength: 1_800, size: 'max' }),
  });
  fc.assert(
    fc.property(texts, fc.uint8Array({ minLength: 16, maxLength: 16 }), (text, ownId) => {
      const bytes = sealWith({ secrets: from, peerKey: bob.publicKey, messageId: ownId, inner: text });
      expect(bytes.length).toBeLessThanOrEqual(MAX_ENVELOPE);
      expect(openEnvelope(to, readHead(bytes), bytes)).toMatchObject({ messageId: ownId, ...text });
    }),
    { numRuns: 100 },
  );
});

test('envelope: nobody but the recipient opens it, the sender neither', () => {
  expect(() => open(mallory, sealed)).toThrow('tag: does not fit');
  expect(() => open(alice, sealed)).toThrow('sender: is this node itself');
});

test('envelope: one changed bit anywhere is noticed', () => {
  const secrets = new Secrets(bob);
  open(bob, sealed, secrets);
  for (let bit = 0; bit < 8 * sealed.length; bit++) {
    const changed = Uint8Array.from(sealed);
    changed[bit >> 3] = (changed[bit >> 3] ?? 0) ^ (1 << (bit & 7));
    expect(() => open(bob, changed, secrets), `bit ${bit}`).toThrow(DecodeError);
  }
});

test('envelope: cut off at any byte, or longer, it is refused', () => {
  const secrets = new Secrets(bob);
  open(bob, sealed, secrets);
  for (let length = 0; length < sealed.length; length++)
    expect(() => open(bob, sealed.subarray(0, length), secrets), `${length} bytes`).toThrow(DecodeError);
  expect(() => open(bob, Uint8Array.of(...sealed, 0), secrets)).toThrow('tag');
  expect(() => readHead(new Uint8Array(MAX_ENVELOPE + 1))).toThrow('length: 2049 bytes');
});

test('envelope: the head is judged without cryptography', () => {
  const changed = (offset: number, value: number) => Uint8Array.from(sealed).fill(value, offset, offset + 1);
  expect(() => readHead(changed(0, 2))).toThrow('version: 2 is not spoken here');
  expect(() => readHead(changed(1, 4))).toThrow('sender: is no compressed key');
  expect(readHead(sealed)).toEqual({ sender: alice.publicKey, messageId });
});

test('envelope: a key that is no point of the curve is refused', () => {
  const bytes = Uint8Array.from(sealed);
  bytes.set([2, ...new Uint8Array(31), 5], 1); // x = 5 has no y
  expect(() => open(bob, bytes)).toThrow('sender: is no point of secp256k1');
});

test('envelope: a sender cannot claim the key of another', () => {
  const stolenHead = Uint8Array.from(seal(mallory, bob.publicKey));
  stolenHead.set(alice.publicKey, 1);
  expect(() => open(bob, stolenHead)).toThrow('tag');
});

test("envelope: whoever stole the recipient's key cannot pretend to be others to it", () => {
  // With Bob's key Mallory knows what Alice and Bob share, but not how Alice signs.
  const thief: Way = { ...aliceToBob, held: keyOf(2), other: alice.publicKey };
  const { text, signature } = unsealed(thief, sealed);
  expect(open(bob, forge(thief, text, signature)).payload).toEqual(inner.payload);
  const signed = Buffer.concat([domain, headOf(thief), bob.publicKey, text]);
  expect(() => open(bob, forge(thief, text, mallory.sign(signed)))).toThrow("signature: is not the sender's");
  expect(() => open(bob, forge(thief, Uint8Array.from(text).fill(1, 20), signature))).toThrow('signature');
});

test('envelope: what a peer signed for one node cannot be handed on to another', () => {
  // Bob has a message of Alice, and has stolen the key of Mallory, whom he wants to believe it.
  const received = unsealed({ ...aliceToBob, held: keyOf(2), other: alice.publicKey }, sealed);
  const way = {
    held: keyOf(3),
    other: alice.publicKey,
    sender: alice.publicKey,
    recipient: mallory.publicKey,
  };
  expect(() => open(mallory, forge(way, received.text, received.signature))).toThrow('signature');
});

test('envelope: an authenticated peer that writes what is not canonical is refused by name', () => {
  const signed = (text: Uint8Array) => {
    const all = Buffer.concat([domain, headOf(aliceToBob), bob.publicKey, text]);
    return forge(aliceToBob, text, alice.sign(all));
  };
  const text = (flags: number, lifetime: number, rest: number) =>
    Buffer.concat([
      Uint8Array.of(flags, 1, 1, 1, 1, 1, 1, lifetime >> 8, lifetime & 255),
      new Uint8Array(rest),
    ]);
  expect(open(bob, signed(text(0, 1, 1))).payload).toEqual(Uint8Array.of(0));
  expect(open(bob, signed(text(1, 1, 17))).answered).toEqual(new Uint8Array(16));
  expect(() => open(bob, signed(text(2, 1, 1)))).toThrow('flags: 2 has unknown bits');
  expect(() => open(bob, signed(text(0, 0, 1)))).toThrow('lifetime: 0 ms');
  expect(() => open(bob, signed(text(0, 60_001, 1)))).toThrow('lifetime: 60001 ms, 1 to 60000 are possible');
  expect(() => open(bob, signed(text(1, 1, 16)))).toThrow('payload: is empty');
  expect(() => open(bob, signed(text(1, 1, 8)))).toThrow('answered challenge: cut off');
});

test('envelope: nothing out of bounds is sealed', () => {
  for (const wrong of [
    { lifetime: 0 },
    { lifetime: MAX_SIGNAL_LIFETIME + 1 },
    { sentAt: 1.5 },
    { sentAt: 2 ** 48 },
    { answered: new Uint8Array(15) },
    { payload: new Uint8Array(0) },
    { payload: new Uint8Array(MAX_ENVELOPE) },
  ])
    expect(() => seal(alice, bob.publicKey, { ...inner, ...wrong })).toThrow(RangeError);
});

test('envelope: only senders that have proven their key are remembered', () => {
  const secrets = new Secrets(bob);
  expect(() => open(bob, Uint8Array.from(sealed).fill(0, 60, 61), secrets)).toThrow('tag');
  expect(secrets.has(alice.publicKey)).toBe(false);
  open(bob, sealed, secrets);
  expect(secrets.has(alice.publicKey)).toBe(true);
});

test('envelope: a node remembers 256 peers, those that it turned to longest', () => {
  const secrets = new Secrets(bob);
  const peer = (n: number) => Uint8Array.of(2, n >> 8, n & 255, ...new Uint8Array(30));
  secrets.prefer(alice.publicKey);
  for (let n = 0; n < 1_000; n++) secrets.keep(peer(n), new Uint8Array(32));
  expect(secrets.size).toBe(256);
  expect(secrets.has(alice.publicKey)).toBe(true);
  expect(secrets.has(peer(744))).toBe(false);
  expect(secrets.has(peer(745))).toBe(true);
  expect(Buffer.from(secrets.of(alice.publicKey))).toEqual(Buffer.from(bob.sharedSecret(alice.publicKey)));
});
