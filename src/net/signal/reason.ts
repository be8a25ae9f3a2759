/** Reasons on the wire of signalling: a length and UTF-8, as long as a line of a terminal. Codec only. */
import { DecodeError } from '../wire/decode-error.ts';
import type { Reader } from '../wire/reader.ts';
import type { Writer } from '../wire/writer.ts';

/** Bytes; what is longer is cut between characters. */
const MAX_REASON = 80;
const MAX_REASONS = 8;

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

/** At most 8; more are left out. */
export function writeReasons(writer: Writer, reasons: readonly string[]): void {
  const kept = reasons.slice(0, MAX_REASONS);
  writer.u8(kept.length);
  for (const reason of kept) writeReason(writer, reason);
}

/** @throws DecodeError as `readReason`, and for more than 8 */
export function readReasons(reader: Reader): string[] {
  const count = reader.u8('reasons');
  if (count > MAX_REASONS)
    throw new DecodeError('reasons', `${count} of them, at most ${MAX_REASONS} are possible`);
  return Array.from({ length: count }, (_, i) => readReason(reader, `reason ${i + 1}`));
}
