/** A simulated machine's session with a broker of the lab: what `src/net/io/mqtt.ts` is on a real one. */
import { addressesOf } from '../net/io/host-addresses.ts';
import type { BrokerConnection, BrokerReader, ByteStream, Io } from '../net/io/io.ts';
import { type BrokerFrame, encodeFrame, FrameReader } from './broker-protocol.ts';
import { dialAny } from './virtual-dial.ts';

const DEFAULT_PORTS: Readonly<Record<string, number>> = { 'mqtt:': 1883, 'mqtts:': 8883 };
/** ms between pings; the session ends when one is not answered before 1.5 times that. */
const KEEPALIVE = 15_000;

/** As Io's. */
export async function openBroker(
  io: Io,
  url: string,
  reader: BrokerReader,
  signal: AbortSignal,
): Promise<BrokerConnection> {
  const { hostname, port, protocol } = new URL(url);
  const ips = await addressesOf(hostname.replace(/^\[|\]$/g, ''), signal, (...name) => io.lookup(...name));
  signal.throwIfAborted();
  const stream = await dialAny(io, ips, Number(port) || (DEFAULT_PORTS[protocol] ?? 1883), signal);
  if (signal.aborted) stream.destroy();
  signal.throwIfAborted();
  const session = new Session(io, stream, reader);
  const onAbort = () => session.close();
  signal.addEventListener('abort', onAbort, { once: true });
  try {
    await session.connect();
  } catch (error) {
    signal.throwIfAborted();
    throw error;
  } finally {
    signal.removeEventListener('abort', onAbort);
  }
  return session;
}

interface Pending {
  readonly done: (frame: BrokerFrame) => void;
  readonly failed: (error: Error) => void;
}

class Session implements BrokerConnection {
  readonly #io: Io;
  readonly #stream: ByteStream;
  readonly #reader: BrokerReader;
  /** By answer's type and id. */
  readonly #pending = new Map<string, Pending>();
  readonly #over = new AbortController();
  #ids = 0;
  #connected = false;
  #heardAt: number;

  constructor(io: Io, stream: ByteStream, reader: BrokerReader) {
    this.#io = io;
    this.#stream = stream;
    this.#reader = reader;
    this.#heardAt = io.now();
    const frames = new FrameReader((frame) => this.#received(frame));
    stream.setReader({
      data: (bytes) => frames.push(bytes),
      ended: () => this.#lose('the broker closed the connection'),
      closed: (error) => this.#lose(error?.message ?? 'the broker closed the connection'),
      drained: () => undefined,
    });
  }

  async connect(): Promise<void> {
    const { payload } = await this.#ask({ type: 'connect' }, 'connack');
    if (payload[0] !== 0) {
      this.close();
      throw new Error('Connection refused: Not authorized');
    }
    this.#connected = true;
    void this.#keepAlive();
  }

  async subscribe(topic: string): Promise<void> {
    const { payload } = await this.#ask({ type: 'subscribe', topic }, 'suback');
    if (payload[0] !== 0) throw new Error('the broker refuses the subscription');
  }

  async publish(topic: string, payload: Uint8Array): Promise<void> {
    await this.#ask({ type: 'publish', topic, payload }, 'puback');
  }

  close(): void {
    this.#finish('closed');
  }

  #ask(frame: Partial<BrokerFrame>, answer: BrokerFrame['type']): Promise<BrokerFrame> {
    if (this.#over.signal.aborted) return Promise.reject(new Error('the connection to the broker is gone'));
    this.#ids = (this.#ids % 0xffff) + 1;
    const id = this.#ids;
    return new Promise((done, failed) => {
      this.#pending.set(`${answer} ${id}`, { done, failed });
      this.#stream.write([encodeFrame({ ...frame, id })]);
    });
  }

  #received(frame: BrokerFrame): void {
    if (this.#over.signal.aborted) return;
    this.#heardAt = this.#io.now();
    if (frame.type === 'message') this.#reader.message(frame.topic, frame.payload);
    else {
      const key = `${frame.type} ${frame.id}`;
      this.#pending.get(key)?.done(frame);
      this.#pending.delete(key);
    }
  }

  async #keepAlive(): Promise<void> {
    for (;;) {
      const askedAt = this.#io.now();
      this.#stream.write([encodeFrame({ type: 'ping' })]);
      await this.#io.sleepUntil(askedAt + KEEPALIVE / 2, this.#over.signal);
      if (this.#heardAt < askedAt) this.#lose('Keepalive timeout');
      await this.#io.sleepUntil(askedAt + KEEPALIVE, this.#over.signal);
      if (this.#over.signal.aborted) return;
    }
  }

  #lose(reason: string): void {
    if (this.#over.signal.aborted) return;
    this.#finish(reason);
    if (this.#connected) this.#reader.closed(reason);
  }

  #finish(reason: string): void {
    if (this.#over.signal.aborted) return;
    this.#over.abort();
    for (const { failed } of this.#pending.values()) failed(new Error(reason));
    this.#pending.clear();
    this.#stream.destroy();
  }
}
