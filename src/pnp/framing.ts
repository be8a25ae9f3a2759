/**
 * Messages out of a stream that has no frames: the protocol knows neither lengths nor ends, but a message's tag
 * tells where it ends. So requests that come in pieces, and several in one, are read. Machine: no sockets.
 */
import { DecodeError } from '../net/index.ts';
import type { Curve } from './curve.ts';
import {
  ENVELOPE_HEAD,
  envelopeKey,
  isEnvelopeLength,
  MAX_ENVELOPE,
  MIN_ENVELOPE,
  openEnvelope,
} from './envelope.ts';
import { BLOCK_LENGTH } from './rc6.ts';

export class MessageSplitter {
  readonly #curve: Curve;
  readonly #withSecret: <T>(use: (secretKey: Uint8Array) => T) => T;
  #buffer: Uint8Array = new Uint8Array(0);
  /** Of the message that the buffer begins with. */
  #key: Uint8Array | null = null;
  /** So long it is not. */
  #tested = 0;

  /** @param withSecret lends the receiver's key, once a message; what it throws, `push` throws */
  constructor(curve: Curve, withSecret: <T>(use: (secretKey: Uint8Array) => T) => T) {
    this.#curve = curve;
    this.#withSecret = withSecret;
  }

  /** Bytes of a message that is not whole yet. */
  get waiting(): number {
    return this.#buffer.length;
  }

  /**
   * The plaintexts of all messages that are whole now, in their order, each opened when it is asked for.
   *
   * @throws DecodeError for what cannot become one: the stream is of no use any more
   */
  *push(bytes: Uint8Array): Generator<Uint8Array> {
    this.#buffer = Buffer.concat([this.#buffer, bytes]);
    for (let plain = this.#next(); plain !== null; plain = this.#next()) yield plain;
  }

  #next(): Uint8Array | null {
    const buffer = this.#buffer;
    if (buffer.length < MIN_ENVELOPE) return null;
    this.#key ??= this.#withSecret((secretKey) => envelopeKey(this.#curve, buffer, secretKey));
    for (const length of this.#candidates()) {
      const plain = openEnvelope(buffer.subarray(0, length), this.#key);
      if (plain === null) continue;
      this.#buffer = new Uint8Array(buffer.subarray(length));
      this.#key = null;
      this.#tested = 0;
      return plain;
    }
    if (buffer.length >= MAX_ENVELOPE) throw new DecodeError('PNP message', 'no message so far');
    this.#tested = buffer.length;
    return null;
  }

  /** All that is there first: nearly always it is one message. */
  *#candidates(): Generator<number> {
    const { length } = this.#buffer;
    if (isEnvelopeLength(length)) yield length;
    const blocks = Math.max(0, Math.ceil((this.#tested + 1 - ENVELOPE_HEAD) / BLOCK_LENGTH));
    const first = Math.max(MIN_ENVELOPE, ENVELOPE_HEAD + blocks * BLOCK_LENGTH);
    for (let one = first; one <= Math.min(length, MAX_ENVELOPE); one += BLOCK_LENGTH)
      if (one !== length) yield one;
  }
}
