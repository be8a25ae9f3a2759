/**
 * Watches a stream of MQTT control packets and refuses one that claims to be longer than allowed,
 * before anybody collects it (MQTT 3.1.1 §2.2.3: the remaining length is told in 1 to 4 bytes). Pure.
 */
import { DecodeError } from './decode-error.ts';

export class MqttGuard {
  readonly #limit: number;
  /** Bytes of the packet under way that are still to come. */
  #left = 0;
  /** Bytes seen of a fixed header. */
  #head = 0;
  #length = 0;

  /** @param limit bytes of one packet at most, without its fixed header */
  constructor(limit: number) {
    this.#limit = limit;
  }

  /** @returns how many packets began in these bytes. @throws DecodeError as soon as one claims too much */
  push(bytes: Uint8Array): number {
    let at = 0;
    let begun = 0;
    while (at < bytes.length) {
      if (this.#left > 0) {
        const taken = Math.min(this.#left, bytes.length - at);
        this.#left -= taken;
        at += taken;
      } else {
        if (this.#head === 0) begun++;
        this.#header(bytes[at++] ?? 0);
      }
    }
    return begun;
  }

  #header(byte: number): void {
    if (this.#head > 0) {
      this.#length += (byte & 0x7f) * 128 ** (this.#head - 1);
      if (this.#length > this.#limit)
        throw new DecodeError('packet', `${this.#length} bytes or more, at most ${this.#limit} are allowed`);
      if ((byte & 0x80) === 0) {
        this.#left = this.#length;
        this.#head = 0;
        this.#length = 0;
        return;
      }
      if (this.#head === 4) throw new DecodeError('packet', 'its length does not end');
    }
    this.#head++;
  }
}
