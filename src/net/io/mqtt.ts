/**
 * One session with an MQTT broker by the `mqtt` package, the only file that imports it. It connects
 * once and never again: who is connected to which broker is decided elsewhere. Effects only.
 */
import { randomBytes } from 'node:crypto';
import { isIP, type LookupFunction, connect as tcpConnect } from 'node:net';
import { Duplex } from 'node:stream';
import { connect as tlsConnect } from 'node:tls';
import { MqttClient } from 'mqtt';
import { MqttPackets } from '../wire/mqtt-packets.ts';
import { addressesOf } from './host-addresses.ts';
import type { BrokerConnection, BrokerReader } from './io.ts';
import { lookup } from './names.ts';

const DEFAULT_PORTS: Readonly<Record<string, number>> = {
  'mqtt:': 1883,
  'mqtts:': 8883,
  'ws:': 80,
  'wss:': 443,
};
/** Bytes of one WebSocket message: brokers may put several packets into one. */
const MAX_WEBSOCKET_MESSAGE = 65_536;
/** s between PINGREQs of a quiet session; the session ends after 1.5 times that without an answer. */
const KEEPALIVE = 15;
/** Bytes of one packet that a broker may send: our messages have at most 2 KiB. */
const MAX_PACKET = 4_096;
/** Letters of a client id: MQTT 3.1.1 §3.1.3.1 promises 23. */
const CLIENT_ID_BYTES = 11;

/** @throws when it is not reachable, refuses, or the signal aborts */
export async function openBroker(
  url: string,
  reader: BrokerReader,
  signal: AbortSignal,
): Promise<BrokerConnection> {
  const target = new URL(url);
  if (DEFAULT_PORTS[target.protocol] === undefined) throw new Error(`${target.protocol} is not spoken here`);
  const host = target.hostname.replace(/^\[|\]$/g, '');
  const addresses = await addressesOf(host, signal, lookup);
  signal.throwIfAborted();
  const stream = new GuardedStream(await dial(target, host, addresses));
  const client = new MqttClient(() => stream, {
    clientId: randomBytes(CLIENT_ID_BYTES).toString('hex'),
    clean: true,
    keepalive: KEEPALIVE,
    reschedulePings: false,
    reconnectPeriod: 0,
    // The caller's signal is the limit; mqtt's own timer only must not be shorter.
    connectTimeout: 60_000,
    resubscribe: false,
    queueQoSZero: false,
    timerVariant: 'native',
  });
  return new Promise((resolve, reject) => {
    let fault: Error | null = null;
    const fail = (error: Error) => {
      signal.removeEventListener('abort', onAbort);
      client.end(true);
      stream.destroy();
      reject(error);
    };
    const onAbort = () => fail(signal.reason instanceof Error ? signal.reason : new Error('aborted'));
    signal.addEventListener('abort', onAbort, { once: true });
    const onClose = () => fail(fault ?? new Error('the broker closed the connection'));
    client.on('error', (error) => {
      fault ??= error;
    });
    stream.on('error', (error: Error) => {
      fault ??= error;
    });
    client.once('close', onClose);
    client.once('connect', () => {
      signal.removeEventListener('abort', onAbort);
      client.removeListener('close', onClose);
      resolve(new Connection(client, stream, reader, () => fault));
    });
  });
}

class Connection implements BrokerConnection {
  readonly #client: MqttClient;
  readonly #stream: Duplex;
  /** Those that wait for the broker's word. */
  readonly #waiting = new Set<(error: Error) => void>();
  #over = false;

  constructor(client: MqttClient, stream: Duplex, reader: BrokerReader, fault: () => Error | null) {
    this.#client = client;
    this.#stream = stream;
    client.on('message', (topic, payload) => {
      if (!this.#over) reader.message(topic, payload);
    });
    client.once('close', () => {
      if (this.#over) return;
      const reason = fault()?.message ?? 'the broker closed the connection';
      this.#finish(new Error(reason));
      reader.closed(reason);
    });
  }

  async subscribe(topic: string): Promise<void> {
    const granted = await this.#ask<readonly { readonly qos: number }[]>((done) => {
      this.#client.subscribe(topic, { qos: 1 }, (error, grants) => done(error, grants ?? []));
    });
    if (granted.some((grant) => grant.qos > 2)) throw new Error('the broker refuses the subscription');
  }

  async publish(topic: string, payload: Uint8Array): Promise<void> {
    await this.#ask<void>((done) => {
      this.#client.publish(topic, Buffer.from(payload), { qos: 1 }, (error) => done(error ?? null));
    });
  }

  close(): void {
    if (this.#over) return;
    this.#finish(new Error('closed'));
  }

  #ask<T>(action: (done: (error: Error | null, value: T) => void) => void): Promise<T> {
    if (this.#over) return Promise.reject(new Error('the connection to the broker is gone'));
    return new Promise((resolve, reject) => {
      this.#waiting.add(reject);
      action((error, value) => {
        this.#waiting.delete(reject);
        if (error) reject(error);
        else resolve(value);
      });
    });
  }

  #finish(error: Error): void {
    this.#over = true;
    for (const reject of this.#waiting) reject(error);
    this.#waiting.clear();
    this.#client.end(true);
    this.#stream.destroy();
  }
}

async function dial(target: URL, host: string, addresses: readonly string[]): Promise<Duplex> {
  const options = {
    host,
    port: Number(target.port) || (DEFAULT_PORTS[target.protocol] ?? 1883),
    noDelay: true,
    // A dead address of one family must not cost the other its chance (RFC 8305).
    autoSelectFamily: addresses.length > 1,
    lookup: answerWith(addresses),
  };
  if (target.protocol.startsWith('ws')) {
    const { openWebSocket } = await import('./websocket.ts');
    return openWebSocket(target.href, 'mqtt', MAX_WEBSOCKET_MESSAGE, options);
  }
  if (target.protocol !== 'mqtts:') return tcpConnect(options);
  return tlsConnect({ ...options, ...(isIP(host) === 0 ? { servername: host } : {}) });
}

/** What was looked up already, in the form that sockets ask for. */
function answerWith(addresses: readonly string[]): LookupFunction {
  return (_host, options, answer) => {
    const all = addresses.map((address) => ({ address, family: isIP(address) }));
    const [first] = all;
    if (first === undefined) answer(new Error('no address'), '', 0);
    else if (options.all === true) answer(null, all);
    else answer(null, first.address, first.family);
  };
}

/** A broker's bytes reach the client in whole packets that were looked at; anything else ends the session. */
class GuardedStream extends Duplex {
  readonly #socket: Duplex;

  constructor(socket: Duplex) {
    super();
    this.#socket = socket;
    const packets = new MqttPackets(MAX_PACKET);
    socket.on('data', (bytes: Buffer) => {
      try {
        const whole = packets.push(bytes);
        if (whole.length > 0 && !this.push(whole)) socket.pause();
      } catch (error) {
        this.destroy(error instanceof Error ? error : undefined);
      }
    });
    socket.on('end', () => this.push(null));
    socket.on('error', (error) => this.destroy(error));
    socket.on('close', () => this.destroy());
  }

  override _read(): void {
    this.#socket.resume();
  }

  override _write(chunk: Uint8Array, encoding: BufferEncoding, done: (error?: Error | null) => void): void {
    this.#socket.write(chunk, encoding, done);
  }

  override _final(done: () => void): void {
    this.#socket.end(done);
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    this.#socket.destroy();
    done(error);
  }
}
