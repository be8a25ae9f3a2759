/** Moments on the wire of signalling: Unix ms as 48 bits, good for 8,900 years. Codec only. */
import type { Reader } from '../wire/reader.ts';
import type { Writer } from '../wire/writer.ts';

const LOW = 2 ** 32;

/** @throws RangeError unless it is a whole number of ms that fits */
export function writeTime(writer: Writer, time: number): Writer {
  return writer.u16(Math.floor(time / LOW)).u32(time % LOW);
}

/** @throws DecodeError when it is cut off */
export function readTime(reader: Reader, place: string): number {
  return reader.u16(place) * LOW + reader.u32(place);
}
