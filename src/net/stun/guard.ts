/**
 * What stands between untrusted bytes and the STUN codec (RFC 8489 §5, §14): the header, and every
 * attribute's place and length. Says nothing of what attributes mean. Pure.
 */
import { MAX_STUN_ATTRIBUTES, MAX_STUN_MESSAGE } from '../timing.ts';
import { DecodeError } from '../wire/decode-error.ts';
import { Reader } from '../wire/reader.ts';
import { crc32 } from './crc32.ts';

export const HEADER_LENGTH = 20;
/** The fixed value that tells STUN from RFC 3489's and from everything else (RFC 8489 §5). */
export const MAGIC_COOKIE = 0x2112a442;
export const FINGERPRINT = 0x8028;
/** The ASCII bytes "STUN", which keep a CRC-32 of another protocol from fitting (RFC 8489 §14.7). */
const FINGERPRINT_XOR = 0x5354554e;

export interface Envelope {
  /** Method and class together. */
  readonly type: number;
  readonly transactionId: Uint8Array;
  /** In their order; a FINGERPRINT is not among them. */
  readonly attributes: readonly RawAttribute[];
  /** Whether it carries a FINGERPRINT; one that does not fit is an error. */
  readonly fingerprint: boolean;
}

export interface RawAttribute {
  readonly type: number;
  /** Without padding. */
  readonly value: Uint8Array;
}

/**
 * How long the message is that begins with these bytes, for TCP (RFC 8489 §6.2.2); null while its
 * length has not come in.
 *
 * @throws DecodeError as soon as it can be none
 */
export function messageLength(bytes: Uint8Array): number | null {
  const first = bytes[0] ?? 0;
  if (first > 0x3f) throw new DecodeError('STUN type', 'its top bits are not 0');
  if (bytes.length < 4) return null;
  const length = HEADER_LENGTH + (((bytes[2] ?? 0) << 8) | (bytes[3] ?? 0));
  if (length > MAX_STUN_MESSAGE) throw new DecodeError('STUN length', `${length} bytes are too many`);
  if (length % 4 !== 0) throw new DecodeError('STUN length', 'no multiple of 4');
  return length;
}

/** @throws DecodeError for what is no whole STUN message and nothing else */
export function openEnvelope(bytes: Uint8Array): Envelope {
  const reader = new Reader(bytes);
  if (bytes.length > MAX_STUN_MESSAGE)
    throw new DecodeError('STUN message', `${bytes.length} bytes are too many`);
  const type = reader.u16('STUN type');
  const wanted = messageLength(bytes);
  reader.u16('STUN length');
  if (bytes.length !== wanted)
    throw new DecodeError('STUN length', `says ${wanted}, there are ${bytes.length} bytes`);
  if (reader.u32('STUN cookie') !== MAGIC_COOKIE) throw new DecodeError('STUN cookie', 'is another');
  const transactionId = reader.bytes(12, 'STUN transaction id');
  const attributes: RawAttribute[] = [];
  while (reader.remaining > 0) {
    const { offset } = reader;
    const attribute = readAttribute(reader);
    if (attribute.type === FINGERPRINT) {
      checkFingerprint(bytes.subarray(0, offset), attribute.value);
      reader.end('STUN fingerprint');
      return { type, transactionId, attributes, fingerprint: true };
    }
    if (attributes.length === MAX_STUN_ATTRIBUTES)
      throw new DecodeError('STUN attributes', `more than ${MAX_STUN_ATTRIBUTES}`);
    attributes.push(attribute);
  }
  return { type, transactionId, attributes, fingerprint: false };
}

function readAttribute(reader: Reader): RawAttribute {
  const type = reader.u16('STUN attribute type');
  const length = reader.u16('STUN attribute length');
  const value = reader.bytes(length, 'STUN attribute');
  reader.bytes((4 - (length % 4)) % 4, 'STUN padding');
  return { type, value };
}

function checkFingerprint(before: Uint8Array, value: Uint8Array): void {
  const reader = new Reader(value);
  const told = reader.u32('STUN fingerprint');
  reader.end('STUN fingerprint');
  if (told !== fingerprintOf(before)) throw new DecodeError('STUN fingerprint', 'does not fit the message');
}

/** What FINGERPRINT says of the message before it, whose length already counts it. */
export function fingerprintOf(before: Uint8Array): number {
  return (crc32(before) ^ FINGERPRINT_XOR) >>> 0;
}
