/** Our broker with streams in memory, from any address and as slow as is wanted, or on real loopback. */
import { expect } from 'vitest';
import type { ByteStream, Io, StreamReader } from '../../../src/net/io/io.ts';
import { createNodeIo } from '../../../src/net/io/node-io.ts';
import type { ServerUse } from '../../../src/net/server-use.ts';
import { type RunningBroker, startBroker } from '../../../src/net/signal/broker.ts';
import { CONNACK_OK, connectBytes, publishBytes, subscribeBytes } from '../../helpers/mqtt-bytes.ts';

export const topicOf = (number: number) => `p2pd-demo/1/${number.toString(16).padStart(32, '0')}`;

/** A client's end of a connection. */
export class Client {
  readonly stream: ByteStream;
  readonly #sent: Buffer[] = [];
  #reader: StreamReader | null = null;
  readonly #waiting: Buffer[] = [];
  /** Whether it reads what it is sent. */
  #reads = true;
  isClosed = false;

  constructor(ip: string, port: number) {
    this.stream = {
      transport: 'tcp',
      local: { ip: '192.0.2.1', port: 1883 },
      remote: { ip, port },
      setReader: (reader) => {
        this.#reader = reader;
        if (this.isClosed) queueMicrotask(() => this.#reader?.closed(null));
        else this.#flush();
      },
      unread: (bytes) => this.#waiting.unshift(Buffer.from(bytes)),
      write: (chunks) => {
        if (this.isClosed) return true;
        // What a client that does not read was sent lies in its kernel and ours.
        if (this.#reads) this.#sent.push(...chunks.map((chunk) => Buffer.from(chunk)));
        return this.#reads;
      },
      end: () => undefined,
      destroy: () => this.#close(),
    };
  }

  send(...packets: readonly Uint8Array[]): void {
    this.#waiting.push(...packets.map((bytes) => Buffer.from(bytes)));
    this.#flush();
  }

  /** All that it was sent, in hexadecimal. */
  get received(): string {
    return Buffer.concat(this.#sent).toString('hex');
  }

  get bytes(): number {
    return this.#sent.reduce((sum, { length }) => sum + length, 0);
  }

  stopReading(): void {
    this.#reads = false;
  }

  readOn(): void {
    this.#reads = true;
    this.#reader?.drained();
  }

  leave(): void {
    this.#close();
  }

  #close(): void {
    if (this.isClosed) return;
    this.isClosed = true;
    queueMicrotask(() => this.#reader?.closed(null));
  }

  #flush(): void {
    while (this.#reader !== null && !this.isClosed) {
      const bytes = this.#waiting.shift();
      if (bytes === undefined) return;
      this.#reader.data(bytes);
    }
  }
}

export interface BrokerLab {
  readonly broker: RunningBroker;
  readonly uses: ServerUse[];
  /** A connection that has said nothing yet. */
  dial(ip?: string): Client;
  /** One that has sent its CONNECT. */
  join(clientId: string, ip?: string): Client;
  /** Moves the clock of the limits. */
  advance(ms: number): void;
  /** What was told of faults: `refused: …`. */
  faults(): readonly string[];
}

export async function brokerInMemory(): Promise<BrokerLab> {
  const uses: ServerUse[] = [];
  let accept: (stream: ByteStream) => void = () => undefined;
  let now = 0;
  const io: Io = {
    ...createNodeIo(),
    now: () => now,
    listenTcp: async (local, onConnection) => {
      accept = onConnection;
      return { local, close: async () => undefined };
    },
  };
  const locals = [{ ip: '192.0.2.1', port: 1883 }];
  const broker = await startBroker({ io, locals, report: (use) => uses.push(use) });
  let port = 1_024;
  const dial = (ip = '198.51.100.7') => {
    const client = new Client(ip, port++);
    accept(client.stream);
    return client;
  };
  return {
    broker,
    uses,
    dial,
    join(clientId, ip) {
      const client = dial(ip);
      client.send(connectBytes(clientId));
      return client;
    },
    advance: (ms) => {
      now += ms;
    },
    faults: () =>
      uses.flatMap(({ what, detail }) =>
        what === 'refused' || what === 'error' ? [`${what}: ${detail}`] : [],
      ),
  };
}

/** Waits for a condition, and not much longer. */
export function soon<T>(condition: () => T, timeout = 5_000) {
  return expect.poll(condition, { interval: 2, timeout });
}

/** A client with a session. */
export async function joined(lab: BrokerLab, clientId: string, ip?: string): Promise<Client> {
  const client = lab.join(clientId, ip);
  await soon(() => client.received).toBe(CONNACK_OK);
  return client;
}

/** Two who keep the rules reach each other. */
export async function serves(lab: BrokerLab): Promise<void> {
  const [alice, bob] = await Promise.all([
    joined(lab, 'alice', '203.0.113.1'),
    joined(lab, 'bob', '203.0.113.2'),
  ]);
  alice.send(subscribeBytes([topicOf(99)]));
  await soon(() => alice.received).toContain('9003000101');
  bob.send(publishBytes(topicOf(99), 'well?'));
  await soon(() => alice.received).toContain(Buffer.from('well?').toString('hex'));
  for (const client of [alice, bob]) client.leave();
}
