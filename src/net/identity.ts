/**
 * Who a node is: a secp256k1 key pair and the node id that follows from it. Keys, signatures and
 * low-s form by `@noble/curves`; ECDH and verification by Node's OpenSSL where a connect waits for
 * them (0.9 and 0.4 ms against 2.0 and 1.2). Key files are `io/files.ts`.
 */
import { createECDH, createHash, createPublicKey, type KeyObject, verify } from 'node:crypto';
import { secp256k1 } from '@noble/curves/secp256k1.js';
import { encodeBase16 } from './wire/base16.ts';

/** Bytes of a compressed public key (SEC 1 §2.3.3). */
export const PUBLIC_KEY_LENGTH = 33;
/** Bytes of a secret key. */
export const SECRET_KEY_LENGTH = 32;
/** Bytes of a signature: r ‖ s. */
export const SIGNATURE_LENGTH = 64;

/** Bytes of SHA-256 that make a node id: 128 bits, so that two nodes never share one. */
const NODE_ID_LENGTH = 16;

/** Half the group order: a signature's s must not exceed it (BIP 62), or it could be altered. */
const HALF_ORDER = secp256k1.Point.Fn.ORDER >> 1n;

/** DER up to the point of a compressed secp256k1 public key (RFC 5480). */
const SPKI_PREFIX = Buffer.from('3036301006072a8648ce3d020106052b8104000a032200', 'hex');

export interface Identity {
  /** 33 bytes, compressed. */
  readonly publicKey: Uint8Array;
  /** 32 hex digits. */
  readonly nodeId: string;
  /** Signs SHA-256 of the message; 64 bytes, low-s. */
  sign(message: Uint8Array): Uint8Array;
  /**
   * The x coordinate of own secret × peer's point: 32 bytes that only the two share.
   *
   * @throws when the peer's key is no point of the curve
   */
  sharedSecret(peerPublicKey: Uint8Array): Uint8Array;
}

/** 32 fresh bytes that are a valid secret key. @param randomBytes Io's */
export function generateSecretKey(randomBytes: (length: number) => Uint8Array): Uint8Array {
  for (;;) {
    const key = randomBytes(SECRET_KEY_LENGTH);
    if (secp256k1.utils.isValidSecretKey(key)) return key;
  }
}

export function isValidSecretKey(key: Uint8Array): boolean {
  return secp256k1.utils.isValidSecretKey(key);
}

/** The identity of a secret key. The key itself is held in a closure and never printed. */
export function identityOf(secretKey: Uint8Array): Identity {
  const publicKey = secp256k1.getPublicKey(secretKey);
  const agreement = createECDH('secp256k1');
  agreement.setPrivateKey(secretKey);
  return {
    publicKey,
    nodeId: nodeIdOf(publicKey),
    sign: (message) => secp256k1.sign(message, secretKey),
    sharedSecret: (peerPublicKey) => agreement.computeSecret(peerPublicKey),
  };
}

/** The node id of a public key: 32 hex digits of SHA-256. */
export function nodeIdOf(publicKey: Uint8Array): string {
  return encodeBase16(createHash('sha256').update(publicKey).digest().subarray(0, NODE_ID_LENGTH));
}

/** Whether the bytes are a compressed point of the curve. */
export function isPublicKey(bytes: Uint8Array): boolean {
  return bytes.length === PUBLIC_KEY_LENGTH && keyObject(bytes) !== null;
}

/** Whether `signature` is the key's own, low-s, over SHA-256 of the message. Never throws. */
export function verifySignature(publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean {
  if (signature.length !== SIGNATURE_LENGTH || !isLowS(signature)) return false;
  const key = keyObject(publicKey);
  return key !== null && verify('sha256', message, { key, dsaEncoding: 'ieee-p1363' }, signature);
}

function isLowS(signature: Uint8Array): boolean {
  return BigInt(`0x${encodeBase16(signature.subarray(32))}`) <= HALF_ORDER;
}

function keyObject(publicKey: Uint8Array): KeyObject | null {
  if (publicKey.length !== PUBLIC_KEY_LENGTH) return null;
  try {
    return createPublicKey({ key: Buffer.concat([SPKI_PREFIX, publicKey]), format: 'der', type: 'spki' });
  } catch {
    return null;
  }
}
