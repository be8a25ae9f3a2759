/**
 * The Peer Name Protocol's envelope: a fresh key of the sender, iv, tag, cipher text. ECDH on secp256k1, the X
 * coordinate as key of RC6-CBC, HMAC-SHA256 with iv ‖ X over the cipher text. That is the wire format that
 * P2PD's clients and servers speak; nothing of ours uses it. Pure.
 */
import { createHmac, timingSafeEqual } from 'node:crypto';
import { DecodeError } from '../net/index.ts';
import { type Curve, POINT_LENGTH } from './curve.ts';
import { BLOCK_LENGTH, decryptCbc, encryptCbc } from './rc6.ts';

export const IV_LENGTH = BLOCK_LENGTH;
const TAG_LENGTH = 32;
/** Where the cipher text begins. */
export const ENVELOPE_HEAD = POINT_LENGTH + IV_LENGTH + TAG_LENGTH;
/** The shortest and the longest one: a packet has 83 to 697 bytes. */
export const MIN_ENVELOPE = ENVELOPE_HEAD + BLOCK_LENGTH;
export const MAX_ENVELOPE = ENVELOPE_HEAD + 44 * BLOCK_LENGTH;

/**
 * @param key what the sender's fresh key and the receiver's agree on
 * @param sender the fresh public key
 * @param iv 16 fresh bytes
 */
export function sealEnvelope(
  plain: Uint8Array,
  key: Uint8Array,
  sender: Uint8Array,
  iv: Uint8Array,
): Uint8Array {
  const cipher = encryptCbc(key, iv, plain);
  return Buffer.concat([sender, iv, tagOf(key, iv, cipher), cipher]);
}

/** The key that an envelope's two ends share; whole or only its beginning. @throws DecodeError */
export function envelopeKey(curve: Curve, message: Uint8Array, secretKey: Uint8Array): Uint8Array {
  try {
    return curve.agree(secretKey, message.subarray(0, POINT_LENGTH));
  } catch {
    throw new DecodeError('PNP envelope', 'its key is no point of the curve');
  }
}

/**
 * @param key of `envelopeKey`
 * @returns null where the tag is not this message's
 * @throws DecodeError for a length that none has, and for padding that nobody writes
 */
export function openEnvelope(message: Uint8Array, key: Uint8Array): Uint8Array | null {
  if (!isEnvelopeLength(message.length)) throw new DecodeError('PNP envelope', `${message.length} bytes`);
  const iv = message.subarray(POINT_LENGTH, POINT_LENGTH + IV_LENGTH);
  const tag = message.subarray(POINT_LENGTH + IV_LENGTH, ENVELOPE_HEAD);
  const cipher = message.subarray(ENVELOPE_HEAD);
  if (!timingSafeEqual(tag, tagOf(key, iv, cipher))) return null;
  const plain = decryptCbc(key, iv, cipher);
  if (plain === null) throw new DecodeError('PNP envelope', 'wrong padding');
  return plain;
}

export function isEnvelopeLength(length: number): boolean {
  return length >= MIN_ENVELOPE && length <= MAX_ENVELOPE && (length - ENVELOPE_HEAD) % BLOCK_LENGTH === 0;
}

function tagOf(key: Uint8Array, iv: Uint8Array, cipher: Uint8Array): Buffer {
  return createHmac('sha256', Buffer.concat([iv, key]))
    .update(cipher)
    .digest();
}
