/**
 * A packet of the Peer Name Protocol: the plaintext of its envelopes. Little-endian, lengths enforced before
 * anything else is done. Pure.
 */
import { DecodeError } from '../net/index.ts';
import { POINT_LENGTH, SIGNATURE_LENGTH } from './curve.ts';

export const MAX_NAME = 50;
export const MAX_VALUE = 500;
const HEAD = 50;
const [OFFSET_REPLY, OFFSET_BEHAVIOR, OFFSET_UPDATED, OFFSET_NAME_LENGTH, OFFSET_VALUE_LENGTH] = [
  4, 37, 38, 46, 48,
];
/** A packet with neither name nor value. */
const MIN_PACKET = HEAD + POINT_LENGTH;
/** u64: what a JavaScript number holds exactly is enough until the year 285 million. */
const MAX_UPDATED = BigInt(Number.MAX_SAFE_INTEGER);

export interface PnpPacket {
  /** u32, echoed in the answer. */
  readonly id: number;
  /** The key that the answer is encrypted to; of an answer the server's own. */
  readonly replyKey: Uint8Array;
  /** Whether names that have expired are to be cleared away first: "bump". */
  readonly behavior: number;
  /** Unix seconds of the owner's clock; 0 = there is no such name. */
  readonly updated: number;
  readonly name: Uint8Array;
  readonly value: Uint8Array;
  /** The owner's key. */
  readonly owner: Uint8Array;
}

export interface SignedPacket extends PnpPacket {
  /** r ‖ s over all that comes before it; null: there is none. */
  readonly signature: Uint8Array | null;
  /** What a signature covers. */
  readonly signedBytes: Uint8Array;
}

/** @throws RangeError for a name or value that is too long */
export function encodePacket(packet: PnpPacket, signature: Uint8Array | null = null): Uint8Array {
  const { id, replyKey, behavior, updated, name, value, owner } = packet;
  if (name.length > MAX_NAME) throw new RangeError(`a name has ${MAX_NAME} bytes at most`);
  if (value.length > MAX_VALUE) throw new RangeError(`a value has ${MAX_VALUE} bytes at most`);
  const bytes = new Uint8Array(MIN_PACKET + name.length + value.length + (signature?.length ?? 0));
  const view = new DataView(bytes.buffer);
  view.setUint32(0, id, true);
  bytes.set(replyKey, OFFSET_REPLY);
  view.setUint8(OFFSET_BEHAVIOR, behavior);
  view.setBigUint64(OFFSET_UPDATED, BigInt(updated), true);
  view.setUint16(OFFSET_NAME_LENGTH, name.length, true);
  view.setUint16(OFFSET_VALUE_LENGTH, value.length, true);
  bytes.set(name, HEAD);
  bytes.set(value, HEAD + name.length);
  bytes.set(owner, HEAD + name.length + value.length);
  if (signature !== null) bytes.set(signature, bytes.length - signature.length);
  return bytes;
}

/** @throws DecodeError for anything but a whole packet with no signature or one of 64 bytes */
export function decodePacket(bytes: Uint8Array): SignedPacket {
  if (bytes.length < MIN_PACKET) throw new DecodeError('PNP packet', `${bytes.length} bytes`);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const nameLength = view.getUint16(OFFSET_NAME_LENGTH, true);
  const valueLength = view.getUint16(OFFSET_VALUE_LENGTH, true);
  if (nameLength > MAX_NAME) throw new DecodeError('PNP name', `${nameLength} bytes`);
  if (valueLength > MAX_VALUE) throw new DecodeError('PNP value', `${valueLength} bytes`);
  const end = MIN_PACKET + nameLength + valueLength;
  if (bytes.length !== end && bytes.length !== end + SIGNATURE_LENGTH)
    throw new DecodeError('PNP packet', `${bytes.length} bytes instead of ${end}, or a signature more`);
  const updated = view.getBigUint64(OFFSET_UPDATED, true);
  // A Buffer's own slice would share its memory.
  const copy = (from: number, to: number) => new Uint8Array(bytes.subarray(from, to));
  return {
    id: view.getUint32(0, true),
    replyKey: copy(OFFSET_REPLY, OFFSET_BEHAVIOR),
    behavior: view.getUint8(OFFSET_BEHAVIOR),
    updated: Number(updated > MAX_UPDATED ? MAX_UPDATED : updated),
    name: copy(HEAD, HEAD + nameLength),
    value: copy(HEAD + nameLength, HEAD + nameLength + valueLength),
    owner: copy(end - POINT_LENGTH, end),
    signature: bytes.length === end ? null : copy(end, bytes.length),
    signedBytes: copy(0, end),
  };
}
