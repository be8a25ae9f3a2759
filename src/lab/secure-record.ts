/**
 * Records of the stand-in for TLS: TLS's own header (type, version, length), so that a real alert
 * is understood, and a keyed check instead of encryption, so that a flipped bit is noticed. Codec.
 */
import { createHash } from 'node:crypto';

export const ALERT = 21;
export const HANDSHAKE = 22;
export const DATA = 23;

export interface SecureRecord {
  readonly type: number;
  readonly body: Uint8Array;
}

const HEADER_LENGTH = 5;
const CHECK_LENGTH = 16;
/** RFC 8446 §5.1. */
export const MAX_PAYLOAD = 16_384;

export function encodeRecord(type: number, body: Uint8Array): Uint8Array {
  const record = new Uint8Array(HEADER_LENGTH + body.length);
  record.set([type, 3, 3, body.length >> 8, body.length & 0xff]);
  record.set(body, HEADER_LENGTH);
  return record;
}

/** Cuts a stream of bytes into records. */
export class RecordReader {
  #rest: Uint8Array = new Uint8Array(0);

  /** @throws Error when the bytes are no records */
  push(bytes: Uint8Array): SecureRecord[] {
    const all = new Uint8Array(this.#rest.length + bytes.length);
    all.set(this.#rest);
    all.set(bytes, this.#rest.length);
    const records: SecureRecord[] = [];
    let at = 0;
    while (all.length - at >= 1) {
      const [type = 0, major = 3, , high = 0, low = 0] = all.subarray(at, at + HEADER_LENGTH);
      const length = high * 256 + low;
      if (type < ALERT || type > DATA || major !== 3 || length > MAX_PAYLOAD + CHECK_LENGTH)
        throw new Error('wrong version number: this is no TLS record');
      if (all.length - at < HEADER_LENGTH + length) break;
      const start = at + HEADER_LENGTH;
      records.push({ type, body: all.slice(start, start + length) });
      at = start + length;
    }
    this.#rest = all.slice(at);
    return records;
  }
}

/** One direction's keyed check, over the number of the record too. */
export class Sealer {
  readonly #key: Uint8Array;
  #count = 0;

  constructor(key: Uint8Array) {
    this.#key = key;
  }

  seal(payload: Uint8Array): Uint8Array {
    const body = new Uint8Array(payload.length + CHECK_LENGTH);
    body.set(payload);
    body.set(this.#check(payload), payload.length);
    return body;
  }

  /** Null when a bit was flipped, or a record is missing, there twice or from elsewhere. */
  open(body: Uint8Array): Uint8Array | null {
    const payload = body.subarray(0, Math.max(0, body.length - CHECK_LENGTH));
    return Buffer.from(this.#check(payload)).equals(body.subarray(payload.length)) ? payload : null;
  }

  #check(payload: Uint8Array): Uint8Array {
    return digest(this.#key, String(this.#count++), payload).subarray(0, CHECK_LENGTH);
  }
}

/** SHA-256 over parts, each with its length, keyed by the first. */
export function digest(...parts: readonly (Uint8Array | string)[]): Uint8Array {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(`${part.length}:`).update(part);
  return new Uint8Array(hash.digest());
}
