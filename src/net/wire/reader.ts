/**
 * Reads fixed formats from untrusted bytes, front to back. Every fault is a DecodeError that
 * names the part being read. Big-endian (network byte order). Pure.
 */
import { DecodeError } from './decode-error.ts';

export class Reader {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  #offset = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  /** Bytes consumed so far. */
  get offset(): number {
    return this.#offset;
  }

  get remaining(): number {
    return this.#bytes.length - this.#offset;
  }

  u8(place: string): number {
    return this.#view.getUint8(this.#take(1, place));
  }

  u16(place: string): number {
    return this.#view.getUint16(this.#take(2, place));
  }

  i16(place: string): number {
    return this.#view.getInt16(this.#take(2, place));
  }

  u32(place: string): number {
    return this.#view.getUint32(this.#take(4, place));
  }

  /** A copy of the next `length` bytes. */
  bytes(length: number, place: string): Uint8Array {
    const start = this.#take(length, place);
    // A Buffer's own slice would share its memory.
    return new Uint8Array(this.#bytes.subarray(start, start + length));
  }

  /** @throws DecodeError unless everything was read */
  end(place: string): void {
    if (this.remaining > 0) throw new DecodeError(place, `${this.remaining} bytes too many`);
  }

  #take(length: number, place: string): number {
    if (this.remaining < length) {
      throw new DecodeError(place, `cut off: needs ${length} bytes, ${this.remaining} are left`);
    }
    const start = this.#offset;
    this.#offset += length;
    return start;
  }
}
