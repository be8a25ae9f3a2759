/**
 * An MQTT 3.1.1 broker for signalling, by aedes: the only file that imports it. Nodes' topics only,
 * QoS 0 and 1, nothing retained, no wills, clean sessions; bounded in every direction, as anybody may
 * connect. User names and passwords are taken and ignored. A client that takes the id of another
 * puts it out, as MQTT has it (§3.1.4): ids are random and told to nobody. Rules are broker-rules.ts.
 */
import type { Aedes, AedesOptions, Client } from 'aedes';
import type { ByteStream, Io, TcpListener } from '../io/io.ts';
import * as limits from '../limits.ts';
import type { RunningServer, ServerUse } from '../server-use.ts';
import { clientKey } from '../stun/client-key.ts';
import { TokenBuckets } from '../token-bucket.ts';
import type { Endpoint } from '../wire/endpoint.ts';
import { MqttGuard } from '../wire/mqtt-guard.ts';
import { admitConnect, isNodeTopic, Refusal, refusePublish, tellFault } from './broker-rules.ts';
import { QueueBudget, StreamDuplex } from './duplex.ts';

export interface BrokerTask {
  readonly io: Io;
  /** Concrete addresses. */
  readonly locals: readonly Endpoint[];
  readonly report: (use: ServerUse) => void;
}

export interface BrokerStats {
  readonly connections: number;
  /** Those of them that have an MQTT session. */
  readonly sessions: number;
  /** Passed on since the start. */
  readonly messages: number;
  /** Addresses (IPv6: /64) whose connections are counted. */
  readonly addresses: number;
  /** What waits for slow readers, bytes and what holding them costs. */
  readonly waiting: number;
}

export interface RunningBroker extends RunningServer {
  readonly locals: readonly Endpoint[];
  stats(): BrokerStats;
}

/** @throws the system's error when a port is taken or an address is not there; then nothing is left open */
export async function startBroker(task: BrokerTask): Promise<RunningBroker> {
  // 120 ms to load: only who serves pays for it.
  const { Aedes: Broker } = await import('aedes');
  const server = new MqttServer(task, (options) => new Broker(options));
  try {
    await server.open();
  } catch (error) {
    await server.close();
    throw error;
  }
  return server;
}

/** One TCP connection. */
interface Connection {
  /** Names its buckets. */
  readonly name: string;
  readonly ip: string;
  readonly duplex: StreamDuplex;
  readonly topics: Set<string>;
  /** Subscriptions that were not granted. */
  refused: number;
  /** Why its CONNECT is refused. */
  refusal: Refusal | null;
  hasSession: boolean;
  /** Its fault was told. */
  isTold: boolean;
}

class MqttServer implements RunningBroker {
  readonly #task: BrokerTask;
  readonly #aedes: Aedes;
  readonly #listeners: TcpListener[] = [];
  /** By what aedes calls `conn`. */
  readonly #connections = new Map<unknown, Connection>();
  readonly #perAddress = new Map<string, number>();
  readonly #budget = new QueueBudget();
  readonly #publishes = bucketsOf(limits.MQTT_PUBLISH_RATE, limits.MQTT_PUBLISH_BURST);
  readonly #packets = bucketsOf(limits.MQTT_PACKET_RATE, limits.MQTT_PACKET_BURST);
  #number = 0;
  #sessions = 0;
  #messages = 0;

  constructor(task: BrokerTask, create: (options: AedesOptions) => Aedes) {
    this.#task = task;
    this.#aedes = create({ connectTimeout: limits.MQTT_CONNECT_TIMEOUT, ...this.#rules() });
    this.#listen();
  }

  get locals(): readonly Endpoint[] {
    return this.#listeners.map(({ local }) => local);
  }

  async open(): Promise<void> {
    await this.#aedes.listen();
    for (const local of this.#task.locals) {
      this.#listeners.push(await this.#task.io.listenTcp(local, (stream) => this.#accept(stream)));
    }
  }

  async close(): Promise<void> {
    await Promise.all(this.#listeners.map((listener) => listener.close()));
    for (const { duplex } of this.#connections.values()) duplex.destroy();
    await new Promise<void>((resolve) => this.#aedes.close(() => resolve()));
  }

  stats(): BrokerStats {
    return {
      connections: this.#connections.size,
      sessions: this.#sessions,
      messages: this.#messages,
      addresses: this.#perAddress.size,
      waiting: this.#budget.used,
    };
  }

  #accept(stream: ByteStream): void {
    const { ip } = stream.remote;
    const key = clientKey(ip);
    const count = this.#perAddress.get(key) ?? 0;
    if (
      this.#connections.size >= limits.MQTT_MAX_CONNECTIONS ||
      count >= limits.MQTT_MAX_CONNECTIONS_PER_ADDRESS
    ) {
      stream.destroy();
      this.#tell(ip, 'refused', 'too many connections');
      return;
    }
    this.#perAddress.set(key, count + 1);
    const name = String(this.#number++);
    const duplex = new StreamDuplex(stream, this.#inspector(name), this.#budget);
    const connection: Connection = {
      name,
      ip,
      duplex,
      topics: new Set(),
      refused: 0,
      refusal: null,
      hasSession: false,
      isTold: false,
    };
    this.#connections.set(duplex, connection);
    duplex.once('close', () => this.#forget(connection, key));
    this.#aedes.handle(duplex);
  }

  #forget(connection: Connection, key: string): void {
    this.#connections.delete(connection.duplex);
    const left = (this.#perAddress.get(key) ?? 1) - 1;
    if (left === 0) this.#perAddress.delete(key);
    else this.#perAddress.set(key, left);
    this.#publishes.forget(connection.name);
    this.#packets.forget(connection.name);
    if (!connection.hasSession) return;
    this.#sessions--;
    this.#tell(connection.ip, 'left');
  }

  /** Every packet costs, and so does every KiB: a packet can name a thousand topics. */
  #inspector(name: string): (bytes: Uint8Array) => void {
    const guard = new MqttGuard(limits.MQTT_MAX_PACKET);
    let bytesLeft = 0;
    return (bytes) => {
      const packets = guard.push(bytes);
      bytesLeft += bytes.length;
      const cost = packets + (bytesLeft >> 10);
      bytesLeft &= 1023;
      const now = this.#task.io.now();
      for (let i = 0; i < cost; i++) {
        if (!this.#packets.take(name, now)) throw new Refusal('too many packets');
      }
    };
  }

  #rules(): AedesOptions {
    return {
      preConnect: (client, packet, done) => {
        const connection = this.#of(client);
        if (connection !== undefined) connection.refusal = admitConnect(packet);
        done(null, connection !== undefined);
      },
      authenticate: (client, _user, _password, done) => {
        const refusal = this.#of(client)?.refusal ?? null;
        done(refusal, refusal === null);
      },
      authorizeSubscribe: (client, subscription, done) => {
        const connection = this.#of(client);
        if (connection === undefined) return done(new Refusal('gone'));
        if (this.#grants(connection, subscription)) return done(null, subscription);
        this.#tell(connection.ip, 'refused', 'a subscription');
        connection.refused++;
        if (connection.refused > limits.MQTT_MAX_SUBSCRIPTIONS)
          return done(new Refusal('too many wrong subscriptions'));
        done(null, null);
      },
      authorizePublish: (client, packet, done) => {
        const connection = client === null ? undefined : this.#of(client);
        const refusal =
          connection === undefined ? new Refusal('gone') : this.#refusePublish(connection, packet);
        // A copy: a slow reader's queue must hold the message, not all that came in with it.
        if (refusal === null)
          packet.payload = Buffer.from(new Uint8Array(Buffer.from(packet.payload)).buffer);
        // Not at once: a message that nobody waits for would have aedes enter its parser a second time.
        queueMicrotask(() => done(refusal));
      },
    };
  }

  #grants({ topics }: Connection, { topic, qos }: { readonly topic: string; readonly qos: number }): boolean {
    if (!isNodeTopic(topic) || qos > 1) return false;
    if (!topics.has(topic) && topics.size >= limits.MQTT_MAX_SUBSCRIPTIONS) return false;
    topics.add(topic);
    return true;
  }

  #refusePublish({ name }: Connection, packet: Parameters<typeof refusePublish>[0]): Refusal | null {
    if (!this.#publishes.take(name, this.#task.io.now())) return new Refusal('too many messages');
    return refusePublish(packet);
  }

  #listen(): void {
    const aedes = this.#aedes;
    aedes.on('clientReady', (client) => {
      const connection = this.#of(client);
      if (connection === undefined || connection.hasSession) return;
      connection.hasSession = true;
      this.#sessions++;
      this.#tell(connection.ip, 'connected');
    });
    const onFault = (client: Client, error: Error) => this.#tellFault(client, error);
    aedes.on('clientError', onFault);
    aedes.on('connectionError', onFault);
    aedes.on('publish', (_packet, client) => {
      if (client === null) return;
      // Also of one that has left meanwhile: aedes tells once everybody has been handed it.
      this.#messages++;
      const connection = this.#of(client);
      if (connection !== undefined) this.#tell(connection.ip, 'request');
    });
    aedes.on('unsubscribe', (topics, client) => {
      for (const topic of topics) this.#of(client)?.topics.delete(topic);
    });
  }

  #tellFault(client: Client, error: Error): void {
    const connection = this.#of(client);
    const fault = tellFault(error);
    if (connection === undefined || connection.isTold || fault === null) return;
    connection.isTold = true;
    this.#tell(connection.ip, fault.what, fault.detail);
  }

  #of(client: Client): Connection | undefined {
    return this.#connections.get(client.conn);
  }

  #tell(client: string, what: ServerUse['what'], detail?: string): void {
    this.#task.report({ kind: 'mqtt', client, what, ...(detail === undefined ? {} : { detail }) });
  }
}

function bucketsOf(rate: number, burst: number): TokenBuckets {
  return new TokenBuckets({ rate, burst, maxKeys: limits.MQTT_MAX_CONNECTIONS });
}
