/**
 * TCP connections to our STUN server: messages out of the stream (RFC 8489 §6.2.2), and limits that
 * keep slow, silent and greedy clients from holding it up.
 */
import { reasonOf } from '../errors.ts';
import type { ByteStream, Io } from '../io/io.ts';
import { STUN_IDLE, STUN_MAX_CONNECTIONS, STUN_MAX_CONNECTIONS_PER_ADDRESS } from '../limits.ts';
import type { ServerUse } from '../server-use.ts';
import type { Endpoint } from '../wire/endpoint.ts';
import { clientKey } from './client-key.ts';
import { messageLength } from './guard.ts';

/** null = end the connection: junk cannot be skipped in a stream. */
export type Answer = (data: Uint8Array, client: Endpoint) => Uint8Array | null;

/** Connections of other methods than Binding, with what has come of them. */
export interface Others {
  takes(message: Uint8Array): boolean;
  serve(stream: ByteStream, received: Uint8Array): void;
}

interface Connection {
  readonly stream: ByteStream;
  readonly over: AbortController;
  /** The beginning of a message. */
  received: Uint8Array;
  /** When it is closed unless a whole request comes, monotonic ms. */
  idleAt: number;
}

export class StunConnections {
  readonly #io: Io;
  readonly #report: (use: ServerUse) => void;
  readonly #open = new Set<Connection>();
  readonly #perClient = new Map<string, number>();

  constructor(io: Io, report: (use: ServerUse) => void) {
    this.#io = io;
    this.#report = report;
  }

  serve(stream: ByteStream, answer: Answer, others: Others | null = null): void {
    const key = clientKey(stream.remote.ip);
    const mine = this.#perClient.get(key) ?? 0;
    if (this.#open.size >= STUN_MAX_CONNECTIONS || mine >= STUN_MAX_CONNECTIONS_PER_ADDRESS) {
      this.#tell(stream, 'refused', 'too many connections');
      stream.destroy();
      return;
    }
    const connection: Connection = {
      stream,
      over: new AbortController(),
      received: new Uint8Array(0),
      idleAt: this.#io.now() + STUN_IDLE,
    };
    this.#open.add(connection);
    this.#perClient.set(key, mine + 1);
    this.#tell(stream, 'connected');
    stream.setReader({
      data: (bytes) => this.#data(connection, bytes, answer, others),
      // What was asked before is answered still.
      ended: () => stream.end(),
      closed: () => this.#drop(connection),
      drained: () => undefined,
    });
    void this.#watch(connection);
  }

  close(): void {
    for (const connection of [...this.#open]) this.#drop(connection);
  }

  #data(connection: Connection, bytes: Uint8Array, answer: Answer, others: Others | null): void {
    const { stream } = connection;
    connection.received = new Uint8Array(Buffer.concat([connection.received, bytes]));
    try {
      for (;;) {
        const length = messageLength(connection.received);
        if (length === null || connection.received.length < length) return;
        if (others?.takes(connection.received) === true) {
          this.#release(connection);
          others.serve(stream, connection.received);
          return;
        }
        const reply = answer(connection.received.slice(0, length), stream.remote);
        connection.received = connection.received.slice(length);
        connection.idleAt = this.#io.now() + STUN_IDLE;
        // Nobody reads that much behind: who asks and does not read would fill our memory.
        if (reply === null || !stream.write([reply])) this.#drop(connection);
        if (!this.#open.has(connection)) return;
      }
    } catch (error) {
      this.#tell(stream, 'error', reasonOf(error));
      this.#drop(connection);
    }
  }

  async #watch(connection: Connection): Promise<void> {
    while (this.#open.has(connection)) {
      await this.#io.sleepUntil(connection.idleAt, connection.over.signal);
      if (this.#io.now() >= connection.idleAt) this.#drop(connection);
    }
  }

  #drop(connection: Connection): void {
    if (this.#release(connection)) connection.stream.destroy();
  }

  /** @returns whether it was there */
  #release(connection: Connection): boolean {
    if (!this.#open.delete(connection)) return false;
    const { stream } = connection;
    const key = clientKey(stream.remote.ip);
    const left = (this.#perClient.get(key) ?? 1) - 1;
    if (left > 0) this.#perClient.set(key, left);
    else this.#perClient.delete(key);
    connection.over.abort();
    this.#tell(stream, 'left');
    return true;
  }

  #tell(stream: ByteStream, what: ServerUse['what'], detail?: string): void {
    this.#report({ kind: 'stun', client: stream.remote.ip, what, ...(detail && { detail }) });
  }
}
