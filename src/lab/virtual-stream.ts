/**
 * A reader's queue with the ByteStream contract (nothing is lost before a reader is set, null
 * pauses, what is given back comes first, nothing after `closed`), and a simulated TCP connection
 * as a ByteStream on top of it.
 */
import type { ByteStream, StreamReader } from '../net/io/io.ts';
import type { Endpoint } from '../net/wire/endpoint.ts';
import type { TcpSocket } from './tcp-socket.ts';
import type { SocketOwner } from './tcp-types.ts';

/** Bytes the program may hold back before `write` says to wait (Node's highWaterMark). */
const HIGH_WATER_MARK = 16 * 1024;

/** Delivers to whoever reads now, in order; late readers get what they missed. */
export class ReaderQueue {
  #reader: StreamReader | null = null;
  #givenBack: Uint8Array[] = [];
  readonly #chunks: Uint8Array[] = [];
  readonly #onRead: (bytes: number) => void;
  #ended: 'no' | 'due' | 'told' = 'no';
  #closed: { error: Error | null } | null = null;
  #drainDue = false;
  #over = false;
  #delivering = false;

  /** @param onRead is told how many bytes of what `push` brought have been read */
  constructor(onRead: (bytes: number) => void = () => undefined) {
    this.#onRead = onRead;
  }

  get isClosed(): boolean {
    return this.#closed !== null;
  }

  /** Whether the reader knows that no more bytes come. */
  get endWasTold(): boolean {
    return this.#ended === 'told';
  }

  get isPaused(): boolean {
    return this.#reader === null;
  }

  setReader(reader: StreamReader | null): void {
    this.#reader = reader;
    if (reader !== null) queueMicrotask(this.deliver);
  }

  giveBack(bytes: Uint8Array): void {
    if (this.#reader !== null) throw new TypeError('bytes can be given back only while nobody reads');
    if (bytes.length > 0 && !this.#over) this.#givenBack.unshift(bytes);
  }

  push(bytes: Uint8Array): void {
    this.#chunks.push(bytes);
    this.deliver();
  }

  end(): void {
    if (this.#ended === 'no') this.#ended = 'due';
    this.deliver();
  }

  drain(): void {
    this.#drainDue = true;
    this.deliver();
  }

  /** The stream is gone; what was received before is still read first, unless it is to be dropped. */
  close(error: Error | null, drop = false): void {
    this.#closed ??= { error };
    if (drop) {
      this.#givenBack = [];
      this.#chunks.length = 0;
      this.#ended = 'told';
    }
    queueMicrotask(this.deliver);
  }

  /** Tells the reader what is due. A reader may replace itself, write or destroy in the middle of it. */
  readonly deliver = (): void => {
    if (this.#delivering) return;
    this.#delivering = true;
    try {
      while (this.#reader !== null && !this.#over) if (!this.#tellNext(this.#reader)) break;
    } finally {
      this.#delivering = false;
    }
  };

  #tellNext(reader: StreamReader): boolean {
    const isPaused = reader.isPaused === true;
    const back = isPaused ? undefined : this.#givenBack.shift();
    const chunk = isPaused ? undefined : (back ?? this.#chunks.shift());
    if (chunk !== undefined) {
      if (back === undefined) this.#onRead(chunk.length);
      reader.data(chunk);
    } else if (this.#ended === 'due' && this.#chunks.length === 0) {
      this.#ended = 'told';
      reader.ended();
    } else if (this.#closed !== null) {
      this.#over = true;
      this.#reader = null;
      reader.closed(this.#closed.error);
    } else if (this.#drainDue) {
      this.#drainDue = false;
      reader.drained();
    } else return false;
    return true;
  }
}

export class VirtualStream implements ByteStream, SocketOwner {
  readonly transport = 'tcp';
  readonly local: Endpoint;
  readonly remote: Endpoint;
  readonly #socket: TcpSocket;
  readonly #queue: ReaderQueue;
  #needsDrain = false;
  #ending = false;

  constructor(socket: TcpSocket) {
    this.local = socket.local;
    this.remote = socket.remote;
    this.#socket = socket;
    this.#queue = new ReaderQueue((bytes) => socket.consumed(bytes));
    socket.owner = this;
  }

  setReader(reader: StreamReader | null): void {
    this.#queue.setReader(reader === null ? null : this.#watched(reader));
  }

  unread(bytes: Uint8Array): void {
    this.#queue.giveBack(bytes);
  }

  write(chunks: readonly Uint8Array[]): boolean {
    if (this.#ending || this.#queue.isClosed) return true;
    this.#socket.write(chunks);
    this.#needsDrain = this.#socket.overflow >= HIGH_WATER_MARK;
    return !this.#needsDrain;
  }

  end(): void {
    if (this.#ending || this.#queue.isClosed) return;
    this.#ending = true;
    this.#socket.end();
    this.#closeIfDone();
  }

  destroy(): void {
    if (this.#queue.isClosed) return;
    this.#socket.destroy();
    this.#queue.close(null, true);
  }

  opened(): void {
    throw new TypeError('a stream is made of an open connection');
  }

  data(bytes: Uint8Array): void {
    this.#queue.push(bytes);
  }

  ended(): void {
    this.#queue.end();
  }

  progress(): void {
    if (this.#needsDrain && this.#socket.overflow === 0) {
      this.#needsDrain = false;
      this.#queue.drain();
    }
    this.#closeIfDone();
  }

  failed(error: Error): void {
    this.#queue.close(error);
  }

  /** As a Node socket: closed once the reader knows of the end and the system has all that was written. */
  #closeIfDone(): void {
    if (!this.#ending || !this.#queue.endWasTold || this.#queue.isClosed || this.#socket.overflow > 0) return;
    this.#socket.destroy();
    this.#queue.close(null);
  }

  #watched(reader: StreamReader): StreamReader {
    return {
      data: (bytes) => reader.data(bytes),
      drained: () => reader.drained(),
      closed: (error) => reader.closed(error),
      ended: () => {
        reader.ended();
        this.#closeIfDone();
      },
    };
  }
}
