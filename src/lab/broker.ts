/**
 * An MQTT broker of the lab, as its clients see real ones: QoS 1, clean sessions, exact topics, a
 * message to nobody is dropped, nothing is retained. Its faults may change while it runs.
 */
import { type BrokerFrame, encodeFrame, FrameReader } from './broker-protocol.ts';
import type { Host } from './host.ts';
import type { Random } from './random.ts';
import type { TcpListenerHandle } from './tcp.ts';
import type { TcpSocket } from './tcp-socket.ts';
import { VirtualStream } from './virtual-stream.ts';

export interface BrokerFaults {
  /** Each delivery waits so many ms, drawn anew: messages overtake each other. */
  readonly delay: readonly [number, number];
  /** Probability that a message is delivered twice. */
  readonly duplicate: number;
  /** Probability that a message is acknowledged and not delivered. */
  readonly loss: number;
  /** Messages of this topic are acknowledged and not delivered; null: none. */
  readonly lost: string | null;
  /** Refuses whoever connects from now on. */
  readonly refuse: boolean;
  /** Takes TCP connections from now on and says nothing on them. */
  readonly hang: boolean;
  /** Grants subscriptions and delivers nothing. */
  readonly deaf: boolean;
}

/** A message as the broker sees it. */
export interface BrokerRecord {
  readonly at: number;
  readonly topic: string;
  readonly payload: Uint8Array;
  /** The address of the client that sent it, or that gets it. */
  readonly client: string;
}

interface Client {
  readonly socket: TcpSocket;
  readonly stream: VirtualStream;
  readonly topics: Set<string>;
  readonly hung: boolean;
}

const NO_FAULTS: BrokerFaults = {
  delay: [0, 0],
  duplicate: 0,
  loss: 0,
  lost: null,
  refuse: false,
  hang: false,
  deaf: false,
};

export class Broker {
  readonly url: string;
  /** Everything that was published, in order. */
  readonly published: BrokerRecord[] = [];
  /** Everything that was handed to a connection, in order. */
  readonly delivered: BrokerRecord[] = [];
  readonly #host: Host;
  readonly #port: number;
  readonly #random: Random;
  readonly #clients = new Set<Client>();
  #faults: BrokerFaults = NO_FAULTS;
  #listeners: readonly TcpListenerHandle[] = [];
  #silent = false;

  constructor(host: Host, url: string, port: number) {
    this.url = url;
    this.#host = host;
    this.#port = port;
    this.#random = host.random.fork(`broker ${port}`);
    this.revive();
  }

  get clients(): number {
    return this.#clients.size;
  }

  get faults(): BrokerFaults {
    return this.#faults;
  }

  /** Changes some faults. */
  set(faults: Partial<BrokerFaults>): void {
    this.#faults = { ...this.#faults, ...faults };
  }

  /** The process dies: connections are reset, the port is closed. */
  die(): void {
    for (const listener of this.#listeners) listener.close();
    this.#listeners = [];
    for (const { socket } of this.#clients) socket.abort();
    this.#clients.clear();
  }

  /** Connections stay open, and nothing is answered or delivered any more. */
  silent(): void {
    this.#silent = true;
  }

  /** Undoes `die` and `silent`; who was connected before `die` has to connect anew. */
  revive(): void {
    this.#silent = false;
    if (this.#listeners.length > 0) return;
    this.#listeners = ['0.0.0.0', '::'].map((ip) =>
      this.#host.tcp.listen({ ip, port: this.#port }, (socket) => this.#accept(socket)),
    );
  }

  #accept(socket: TcpSocket): void {
    const stream = new VirtualStream(socket);
    const client: Client = { socket, stream, topics: new Set(), hung: this.#faults.hang };
    this.#clients.add(client);
    const frames = new FrameReader((frame) => this.#received(client, frame));
    stream.setReader({
      data: (bytes) => frames.push(bytes),
      ended: () => stream.end(),
      closed: () => this.#clients.delete(client),
      drained: () => undefined,
    });
  }

  #received(client: Client, { type, id, topic, payload }: BrokerFrame): void {
    if (client.hung || this.#silent || !this.#clients.has(client)) return;
    switch (type) {
      case 'connect':
        this.#send(client, { type: 'connack', id, payload: Uint8Array.of(this.#faults.refuse ? 5 : 0) });
        if (this.#faults.refuse) client.stream.end();
        break;
      case 'subscribe':
        client.topics.add(topic);
        this.#send(client, { type: 'suback', id, payload: Uint8Array.of(0) });
        break;
      case 'publish':
        this.published.push(this.#record(client, topic, payload));
        this.#send(client, { type: 'puback', id });
        if (topic === this.#faults.lost) break;
        for (const other of this.#clients) if (other.topics.has(topic)) this.#forward(other, topic, payload);
        break;
      case 'ping':
        this.#send(client, { type: 'pong', id });
        break;
    }
  }

  /** The order of draws is always the same, so that a fault changes no other. */
  #forward(client: Client, topic: string, payload: Uint8Array): void {
    const { delay, duplicate, loss, deaf } = this.#faults;
    const [isLost, isDoubled] = [this.#random.next() < loss, this.#random.next() < duplicate];
    const waits = [0, 0].map(() => delay[0] + this.#random.next() * (delay[1] - delay[0]));
    if (deaf || isLost) return;
    for (const wait of waits.slice(0, isDoubled ? 2 : 1)) {
      if (wait === 0) this.#deliver(client, topic, payload);
      else this.#host.network.clock.after(wait, () => this.#deliver(client, topic, payload));
    }
  }

  #deliver(client: Client, topic: string, payload: Uint8Array): void {
    if (this.#silent || !this.#clients.has(client)) return;
    this.delivered.push(this.#record(client, topic, payload));
    this.#send(client, { type: 'message', topic, payload });
  }

  #record({ stream }: Client, topic: string, payload: Uint8Array): BrokerRecord {
    return { at: this.#host.network.clock.now(), topic, payload, client: stream.remote.ip };
  }

  #send(client: Client, frame: Partial<BrokerFrame>): void {
    client.stream.write([encodeFrame(frame)]);
  }
}
