/**
 * Who a node is: a secp256k1 key pair and the node id that follows from it. Keys are drawn by
 * `@noble/curves`; what every run and every pipe does is left to Node's OpenSSL, which starts 70 ms
 * sooner and takes 10 MiB less (docs/decisions.md). Key files are `io/files.ts`.
 */
import {
  createECDH,
  createHash,
  createPrivateKey,
  createPublicKey,
  type KeyObject,
  sign,
  verify,
} from 'node:crypto';
import { decodeBase16, encodeBase16 } from './wire/base16.ts';

/** Bytes of a compressed public key (SEC 1 §2.3.3). */
export const PUBLIC_KEY_LENGTH = 33;
/** Bytes of a secret key. */
export const SECRET_KEY_LENGTH = 32;
/** Bytes of a signature: r ‖ s. */
export const SIGNATURE_LENGTH = 64;

/** Bytes of SHA-256 that make a node id: 128 bits, so that two nodes never share one. */
const NODE_ID_LENGTH = 16;

/** Secrets kept: signalling and the pipe that follows agree on the same one, 1 ms each time. */
const MAX_AGREED = 32;

/** Order of the group (SEC 2 §2.4.1). */
const ORDER = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n;
/** A signature's s must not exceed half the order (BIP 62), or anybody could turn it into another. */
const HALF_ORDER = ORDER >> 1n;

/** DER up to the point of a compressed secp256k1 public key (RFC 5480). */
const SPKI_PREFIX = Buffer.from('3036301006072a8648ce3d020106052b8104000a032200', 'hex');
/** DER up to the secret of a secp256k1 key without its public part (RFC 5208, RFC 5915). */
const PKCS8_PREFIX = Buffer.from('303e020100301006072a8648ce3d020106052b8104000a042730250201010420', 'hex');

export interface Identity {
  /** 33 bytes, compressed. */
  readonly publicKey: Uint8Array;
  /** 32 hex digits. */
  readonly nodeId: string;
  /** Signs SHA-256 of the message; 64 bytes, low-s. */
  sign(message: Uint8Array): Uint8Array;
  /** The same over SHA-1, which the Peer Name Protocol wants. */
  signSha1(message: Uint8Array): Uint8Array;
  /** Lends the secret key to a faster implementation of agreeing; it is not to be kept. */
  withSecret<T>(use: (secretKey: Uint8Array) => T): T;
  /**
   * The x coordinate of own secret × peer's point: 32 bytes that only the two share.
   *
   * @throws when the peer's key is no point of the curve
   */
  sharedSecret(peerPublicKey: Uint8Array): Uint8Array;
}

/** 32 fresh bytes that are a valid secret key. @param randomBytes Io's */
export async function generateSecretKey(randomBytes: (length: number) => Uint8Array): Promise<Uint8Array> {
  const { secp256k1 } = await import('@noble/curves/secp256k1.js');
  const { seed = 0 } = secp256k1.lengths;
  return secp256k1.utils.randomSecretKey(randomBytes(seed));
}

export function isValidSecretKey(key: Uint8Array): boolean {
  const value = BigInt(`0x${encodeBase16(key) || '0'}`);
  return key.length === SECRET_KEY_LENGTH && value > 0n && value < ORDER;
}

/** The identity of a valid secret key. The key itself is held in a closure and never printed. */
export function identityOf(secretKey: Uint8Array): Identity {
  const agreement = createECDH('secp256k1');
  agreement.setPrivateKey(secretKey);
  const agreed = new Map<string, Uint8Array>();
  const publicKey = new Uint8Array(agreement.getPublicKey(null, 'compressed'));
  const der = Buffer.concat([PKCS8_PREFIX, secretKey]);
  const key = createPrivateKey({ key: der, format: 'der', type: 'pkcs8' });
  return {
    publicKey,
    nodeId: nodeIdOf(publicKey),
    sign: (message) => lowS(sign('sha256', message, { key, dsaEncoding: 'ieee-p1363' })),
    signSha1: (message) => lowS(sign('sha1', message, { key, dsaEncoding: 'ieee-p1363' })),
    withSecret: (use) => use(secretKey),
    sharedSecret(peerPublicKey) {
      const name = Buffer.from(peerPublicKey).toString('latin1');
      const known = agreed.get(name);
      if (known !== undefined) return known;
      const secret = agreement.computeSecret(peerPublicKey);
      for (const oldest of agreed.keys()) {
        if (agreed.size < MAX_AGREED) break;
        agreed.delete(oldest);
      }
      agreed.set(name, secret);
      return secret;
    },
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
  if (signature.length !== SIGNATURE_LENGTH || sOf(signature) > HALF_ORDER) return false;
  const key = keyObject(publicKey);
  return key !== null && verify('sha256', message, { key, dsaEncoding: 'ieee-p1363' }, signature);
}

/** The signature's second half as a number. */
function sOf(signature: Uint8Array): bigint {
  return BigInt(`0x${encodeBase16(signature.subarray(32))}`);
}

/** Of the two signatures that are valid, the one with the smaller s. */
function lowS(signature: Uint8Array): Uint8Array {
  const s = sOf(signature);
  const low = s > HALF_ORDER ? ORDER - s : s;
  const bytes = decodeBase16(low.toString(16).padStart(64, '0')) ?? new Uint8Array(32);
  return new Uint8Array(Buffer.concat([signature.subarray(0, 32), bytes]));
}

function keyObject(publicKey: Uint8Array): KeyObject | null {
  if (publicKey.length !== PUBLIC_KEY_LENGTH) return null;
  try {
    return createPublicKey({ key: Buffer.concat([SPKI_PREFIX, publicKey]), format: 'der', type: 'spki' });
  } catch {
    return null;
  }
}
