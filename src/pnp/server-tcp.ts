/**
 * TCP connections to our name server: requests out of the stream, answered in their order, and limits that keep
 * slow, silent and greedy clients from holding it up.
 */
import {
  type ByteStream,
  clientKey,
  type Endpoint,
  type Io,
  PNP_LIMITS,
  reasonOf,
  type ServerUse,
  withoutScope,
} from '../net/index.ts';
import type { MessageSplitter } from './framing.ts';

export interface PnpConnectionsTask {
  readonly io: Io;
  readonly report: (use: ServerUse) => void;
  /** Throws TooManyRequests out of `push`. */
  readonly splitter: (client: Endpoint) => MessageSplitter;
  /** null = the connection ends: what it brings is no request. Never rejects. */
  readonly answer: (plain: Uint8Array, client: Endpoint) => Promise<Uint8Array | null>;
  readonly junk: () => void;
}

/** A client asks for more than anybody may; nothing is worked out for it. */
export class TooManyRequests extends Error {
  override readonly name = 'TooManyRequests';
}

interface Connection {
  readonly stream: ByteStream;
  readonly splitter: MessageSplitter;
  readonly over: AbortController;
  /** Requests that wait for their answers. */
  waiting: number;
  /** The last of them. */
  tail: Promise<void>;
  /** The client sends no more. */
  ended: boolean;
  /** When it is closed unless a whole request comes, monotonic ms. */
  idleAt: number;
}

export class PnpConnections {
  readonly #task: PnpConnectionsTask;
  readonly #open = new Set<Connection>();
  readonly #perClient = new Map<string, number>();

  constructor(task: PnpConnectionsTask) {
    this.#task = task;
  }

  serve(stream: ByteStream): void {
    const { io, splitter } = this.#task;
    const key = clientKey(withoutScope(stream.remote.ip));
    const mine = this.#perClient.get(key) ?? 0;
    if (this.#open.size >= PNP_LIMITS.maxConnections || mine >= PNP_LIMITS.maxConnectionsPerAddress) {
      this.#tell(stream, 'refused', 'too many connections');
      stream.destroy();
      return;
    }
    const connection: Connection = {
      stream,
      splitter: splitter(stream.remote),
      over: new AbortController(),
      waiting: 0,
      tail: Promise.resolve(),
      ended: false,
      idleAt: io.now() + PNP_LIMITS.idle,
    };
    this.#open.add(connection);
    this.#perClient.set(key, mine + 1);
    this.#tell(stream, 'connected');
    stream.setReader({
      data: (bytes) => this.#data(connection, bytes),
      ended: () => this.#ended(connection),
      closed: () => this.#drop(connection),
      drained: () => undefined,
    });
    void this.#watch(connection);
  }

  /** Ends all, once what they asked is answered. */
  async close(): Promise<void> {
    await Promise.all([...this.#open].map(({ tail }) => tail));
    for (const connection of [...this.#open]) this.#drop(connection);
  }

  #data(connection: Connection, bytes: Uint8Array): void {
    const { stream, splitter } = connection;
    try {
      for (const plain of splitter.push(bytes)) {
        connection.idleAt = this.#task.io.now() + PNP_LIMITS.idle;
        if (++connection.waiting > PNP_LIMITS.maxWaiting)
          throw new TooManyRequests('too many requests at once');
        connection.tail = connection.tail.then(() => this.#answer(connection, plain));
      }
    } catch (error) {
      const isRefused = error instanceof TooManyRequests;
      if (!isRefused) this.#task.junk();
      this.#tell(stream, isRefused ? 'refused' : 'error', reasonOf(error));
      this.#drop(connection);
    }
  }

  async #answer(connection: Connection, plain: Uint8Array): Promise<void> {
    if (!this.#open.has(connection)) return;
    const { stream } = connection;
    const reply = await this.#task.answer(plain, stream.remote);
    connection.waiting--;
    if (!this.#open.has(connection)) return;
    // Nobody reads that much behind: who asks and does not read would fill our memory.
    if (reply === null || !stream.write([reply])) this.#drop(connection);
    else if (connection.ended && connection.waiting === 0) stream.end();
  }

  #ended(connection: Connection): void {
    connection.ended = true;
    if (connection.waiting === 0) connection.stream.end();
  }

  async #watch(connection: Connection): Promise<void> {
    const { io } = this.#task;
    while (this.#open.has(connection)) {
      await io.sleepUntil(connection.idleAt, connection.over.signal);
      if (io.now() >= connection.idleAt && connection.waiting === 0) this.#drop(connection);
      else if (connection.waiting > 0) connection.idleAt = io.now() + PNP_LIMITS.idle;
    }
  }

  #drop(connection: Connection): void {
    if (!this.#open.delete(connection)) return;
    const { stream, over } = connection;
    const key = clientKey(withoutScope(stream.remote.ip));
    const left = (this.#perClient.get(key) ?? 1) - 1;
    if (left > 0) this.#perClient.set(key, left);
    else this.#perClient.delete(key);
    over.abort();
    this.#tell(stream, 'left');
    stream.destroy();
  }

  #tell({ remote }: ByteStream, what: ServerUse['what'], detail?: string): void {
    this.#task.report({ kind: 'pnp', client: remote.ip, what, ...(detail && { detail }) });
  }
}
