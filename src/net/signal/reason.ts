/** Reasons on the wire of signalling: a length and UTF-8, as long as a line of a terminal. Codec only. */
import { DecodeError } from '../wire/decode-error.ts';
import type { Reader } from '../wire/reader.ts';
import type { Writer } from '../wire/writer.ts';

/** Bytes; what is longer is cut between characters. */
const MAX_REASON = 80;

export function writeReason(writer: Writer, reason: string): Writer {
  const room = new Uint8Array(MAX_REASON);
  const { written } = new TextEncoder().encodeInto(reason, room);
  return writer.u8(written).bytes(room.subarray(0, written));
}

/** @throws DecodeError for what is too long or no UTF-8 */
export function readReason(reader: Reader, place: string): string {
  const length = reader.u8(place);
  if (length > MAX_REASON)
    throw new DecodeError(place, `${length} bytes, at most ${MAX_REASON} are possible`);
  const bytes = reader.bytes(length, place);
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw new DecodeError(place, 'is no UTF-8');
  }
}
