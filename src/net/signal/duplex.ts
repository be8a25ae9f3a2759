/**
 * A ByteStream as a Duplex of `node:stream`, which is what aedes takes. Bytes are looked at before
 * anybody collects them; what waits for a slow reader is bounded, for it alone and for all together.
 */
import { Duplex } from 'node:stream';
import type { ByteStream, StreamReader } from '../io/io.ts';
import { MQTT_MAX_QUEUE, MQTT_MAX_QUEUES } from '../limits.ts';

/** What each piece costs besides its bytes: a buffer and a place in a queue. */
const PIECE = 128;
/** Once all queues together are full, those above this part of their own limit are given up. */
const FAIR_PART = 8;

/** What waits in all queues together. */
export class QueueBudget {
  #used = 0;

  get used(): number {
    return this.#used;
  }

  get isFull(): boolean {
    return this.#used > MQTT_MAX_QUEUES;
  }

  add(bytes: number): void {
    this.#used += bytes;
  }
}

/** The stream's reader takes too long. */
export class SlowReaderError extends Error {
  override readonly name = 'SlowReaderError';
}

export class StreamDuplex extends Duplex {
  readonly #stream: ByteStream;
  readonly #inspect: (bytes: Uint8Array) => void;
  readonly #budget: QueueBudget;
  /** Bytes and pieces that were written here and that the stream has not taken. */
  #queued = 0;
  #taken: (() => void) | null = null;
  #reading = false;

  /** @param inspect sees every byte first; what it throws ends the stream */
  constructor(stream: ByteStream, inspect: (bytes: Uint8Array) => void, budget: QueueBudget) {
    super({ writableHighWaterMark: MQTT_MAX_QUEUE });
    this.#stream = stream;
    this.#inspect = inspect;
    this.#budget = budget;
  }

  /** Always says that there is room: aedes would hold everybody's messages up for the one who is slow. */
  override write(chunk: Uint8Array | string, ..._more: unknown[]): boolean {
    if (this.destroyed || this.writableEnded) return true;
    this.#count(sizeOf(chunk));
    if (this.#queued > MQTT_MAX_QUEUE || (this.#budget.isFull && this.#queued > MQTT_MAX_QUEUE / FAIR_PART)) {
      this.destroy(new SlowReaderError('it does not read what it is sent'));
      return true;
    }
    super.write(chunk);
    return true;
  }

  override _write(chunk: Uint8Array, _encoding: BufferEncoding, done: (error?: Error | null) => void): void {
    this.#send([chunk], done);
  }

  override _writev(
    pieces: readonly { readonly chunk: Uint8Array }[],
    done: (error?: Error | null) => void,
  ): void {
    this.#send(
      pieces.map(({ chunk }) => chunk),
      done,
    );
  }

  override _final(done: (error?: Error | null) => void): void {
    this.#stream.end();
    done();
  }

  override _read(): void {
    if (this.#reading) return;
    this.#reading = true;
    this.#stream.setReader(this.#reader);
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    this.#count(-this.#queued);
    this.#taken = null;
    this.#stream.destroy();
    done(error);
  }

  #send(chunks: readonly Uint8Array[], done: () => void): void {
    const size = chunks.reduce((sum, chunk) => sum + sizeOf(chunk), 0);
    const taken = () => {
      this.#taken = null;
      this.#count(-size);
      done();
    };
    if (this.#stream.write(chunks)) taken();
    else this.#taken = taken;
  }

  #count(bytes: number): void {
    this.#queued += bytes;
    this.#budget.add(bytes);
  }

  readonly #reader: StreamReader = {
    data: (bytes) => {
      try {
        this.#inspect(bytes);
      } catch (error) {
        this.destroy(error instanceof Error ? error : new Error(String(error)));
        return;
      }
      if (this.push(bytes) || this.destroyed) return;
      this.#reading = false;
      this.#stream.setReader(null);
    },
    ended: () => void this.push(null),
    closed: (error) => void this.destroy(error ?? undefined),
    drained: () => this.#taken?.(),
  };
}

function sizeOf(chunk: Uint8Array | string): number {
  return PIECE + (typeof chunk === 'string' ? Buffer.byteLength(chunk) : chunk.length);
}
