/**
 * Writes fixed formats, front to back, big-endian. Values out of range are our own faults and
 * throw RangeError. Pure.
 */
export class Writer {
  #bytes: Uint8Array;
  #length = 0;

  constructor(capacity = 256) {
    this.#bytes = new Uint8Array(capacity);
  }

  get length(): number {
    return this.#length;
  }

  u8(value: number): this {
    return this.#uint(value, 1);
  }

  u16(value: number): this {
    return this.#uint(value, 2);
  }

  i16(value: number): this {
    if (value < -32768 || value > 32767) throw new RangeError(`${value} does not fit in 16 bits`);
    return this.#uint(value & 0xffff, 2);
  }

  u32(value: number): this {
    return this.#uint(value, 4);
  }

  bytes(value: Uint8Array): this {
    this.#reserve(value.length);
    this.#bytes.set(value, this.#length);
    this.#length += value.length;
    return this;
  }

  /** A copy of what was written. */
  finish(): Uint8Array {
    return this.#bytes.slice(0, this.#length);
  }

  #uint(value: number, size: 1 | 2 | 4): this {
    if (!Number.isInteger(value) || value < 0 || value >= 2 ** (8 * size)) {
      throw new RangeError(`${value} does not fit in ${8 * size} bits`);
    }
    this.#reserve(size);
    for (let i = size - 1; i >= 0; i--) this.#bytes[this.#length++] = (value / 2 ** (8 * i)) & 0xff;
    return this;
  }

  #reserve(more: number): void {
    if (this.#length + more <= this.#bytes.length) return;
    const larger = new Uint8Array(Math.max(this.#bytes.length * 2, this.#length + more));
    larger.set(this.#bytes.subarray(0, this.#length));
    this.#bytes = larger;
  }
}
