/**
 * A server of the Peer Name Protocol over TCP and UDP: sockets, limits and accounts. What is answered is
 * `answerer.ts`', names are in a store.
 */
import {
  clientKey,
  type Endpoint,
  type Identity,
  type Io,
  PNP_LIMITS,
  type RunningServer,
  reasonOf,
  type ServerUse,
  type TcpListener,
  TokenBuckets,
  type UdpSocket,
  withoutScope,
} from '../net/index.ts';
import { Answerer } from './answerer.ts';
import type { Curve } from './curve.ts';
import { envelopeKey, isEnvelopeLength, openEnvelope } from './envelope.ts';
import { MessageSplitter } from './framing.ts';
import { type FreshKeys, freshKeysOf } from './fresh-keys.ts';
import { PnpMetrics, type PnpStats } from './metrics.ts';
import { PnpConnections, TooManyRequests } from './server-tcp.ts';
import type { NameStore } from './store.ts';

export interface PnpServerTask {
  readonly io: Io;
  /** Where to listen, over TCP and UDP. */
  readonly locals: readonly Endpoint[];
  readonly identity: Identity;
  readonly curve: Curve;
  /** Closed with the server. */
  readonly store: NameStore;
  readonly report: (use: ServerUse) => void;
  /** Something is wrong here, in words. */
  readonly warn: (text: string) => void;
}

export interface RunningPnpServer extends RunningServer {
  /** What it did since the last look, and names. */
  stats(): Promise<PnpServerStats>;
  /** What `stats` gave last; null before. */
  readonly latest: PnpServerStats | null;
}

export type PnpServerStats = PnpStats & { readonly names: number };

/** @throws the system's error when a port is taken or an address is not there; then nothing is left open */
export async function startPnpServer(task: PnpServerTask): Promise<RunningPnpServer> {
  const server = new PnpServer(task);
  try {
    await server.open();
  } catch (error) {
    await server.close();
    throw error;
  }
  return server;
}

class PnpServer implements RunningPnpServer {
  latest: PnpServerStats | null = null;
  readonly #task: PnpServerTask;
  readonly #metrics: PnpMetrics;
  readonly #answerer: Answerer;
  readonly #fresh: FreshKeys;
  readonly #connections: PnpConnections;
  readonly #closing = new AbortController();
  readonly #listeners: TcpListener[] = [];
  readonly #sockets: UdpSocket[] = [];
  readonly #rate = new TokenBuckets({
    rate: PNP_LIMITS.rate,
    burst: PNP_LIMITS.burst,
    maxKeys: PNP_LIMITS.maxClients,
  });
  readonly #udpBytes = new TokenBuckets({
    rate: PNP_LIMITS.udpRate,
    burst: PNP_LIMITS.udpBurst,
    maxKeys: PNP_LIMITS.maxClients,
  });
  /** Until when an address counts as its own, monotonic ms. */
  readonly #seen = new Map<string, number>();
  readonly #answering = new Set<Promise<void>>();

  constructor(task: PnpServerTask) {
    const { io, identity, curve, store, report, warn } = task;
    this.#task = task;
    this.#metrics = new PnpMetrics(io.now());
    this.#fresh = freshKeysOf(curve, (length) => io.randomBytes(length));
    this.#answerer = new Answerer({
      identity,
      curve,
      fresh: this.#fresh,
      store,
      metrics: this.#metrics,
      randomBytes: (length) => io.randomBytes(length),
      now: () => io.now(),
      clock: () => Math.floor(io.wallClock() / 1000),
      fault: (reason) => warn(`pnp: the store failed: ${reason}`),
    });
    this.#connections = new PnpConnections({
      io,
      report,
      splitter: (client) =>
        new MessageSplitter(curve, (use) => {
          // Before the work that a message costs, not after it.
          if (!this.#admits(client)) throw new TooManyRequests('too many requests');
          return identity.withSecret(use);
        }),
      answer: (plain, client) => this.#answerStream(plain, client),
      junk: () => this.#metrics.refused('junk'),
    });
  }

  async open(): Promise<void> {
    const { io, locals } = this.#task;
    for (const local of locals) {
      this.#listeners.push(await io.listenTcp(local, (stream) => this.#connections.serve(stream)));
      const datagram = (data: Uint8Array, client: Endpoint) => this.#take(data, client, () => socket);
      const socket: UdpSocket = await io.openUdp(local, { datagram });
      this.#sockets.push(socket);
    }
    void this.#prune();
  }

  async stats(): Promise<PnpServerStats> {
    const { io, store } = this.#task;
    const names = await store.count(Math.floor(io.wallClock() / 1000)).catch(() => 0);
    this.latest = { ...this.#metrics.look(io.now()), names };
    return this.latest;
  }

  /** What was asked before is answered still. */
  async close(): Promise<void> {
    if (this.#closing.signal.aborted) return;
    this.#closing.abort();
    const closed = this.#listeners.map((listener) => listener.close());
    await Promise.all([...this.#answering, this.#connections.close()]);
    this.#fresh.close();
    for (const socket of this.#sockets) socket.close();
    await Promise.all(closed);
    await this.#task.store.close();
  }

  /** Over TCP: who hears the answer is at that address. */
  async #answerStream(plain: Uint8Array, client: Endpoint): Promise<Uint8Array | null> {
    const answer = await this.#answerer.answer(plain, client.ip).catch((error: unknown) => {
      this.#task.warn(`pnp: ${reasonOf(error)}`);
      return null;
    });
    if (answer !== null) this.#saw(keyOf(client));
    this.#tell(client, answer === null ? 'error' : 'request', answer === null ? 'no request' : undefined);
    return answer;
  }

  #take(data: Uint8Array, client: Endpoint, socket: () => UdpSocket): void {
    const answering = this.#answerDatagram(data, client, socket).catch((error: unknown) =>
      this.#task.warn(`pnp: ${reasonOf(error)}`),
    );
    this.#answering.add(answering);
    void answering.finally(() => this.#answering.delete(answering));
  }

  async #answerDatagram(data: Uint8Array, client: Endpoint, socket: () => UdpSocket): Promise<void> {
    // Nothing is worked out for what cannot be a request.
    if (!isEnvelopeLength(data.length)) {
      this.#metrics.refused('junk');
      this.#tell(client, 'error', 'no request');
      return;
    }
    if (this.#closing.signal.aborted) return;
    if (!this.#admits(client)) {
      this.#tell(client, 'refused', 'too many requests');
      return;
    }
    const plain = this.#open(data);
    const answer = plain === null ? null : await this.#answerer.answer(plain, client.ip);
    if (answer === null) {
      if (plain === null) this.#metrics.refused('junk');
      this.#tell(client, 'error', 'no request');
    } else if (this.#maySend(keyOf(client), data.length, answer.length)) {
      socket().send(answer, client);
      this.#tell(client, 'request');
    } else {
      this.#metrics.refused('silent');
      this.#tell(client, 'refused', 'too much over UDP');
    }
  }

  #open(data: Uint8Array): Uint8Array | null {
    const { curve, identity } = this.#task;
    try {
      return openEnvelope(
        data,
        identity.withSecret((secretKey) => envelopeKey(curve, data, secretKey)),
      );
    } catch {
      return null;
    }
  }

  #admits(client: Endpoint): boolean {
    if (this.#rate.take(keyOf(client), this.#task.io.now())) return true;
    this.#metrics.refused('silent');
    return false;
  }

  /** A server that sends more than it got, to whom it does not know, is a weapon. */
  #maySend(key: string, asked: number, length: number): boolean {
    const now = this.#task.io.now();
    if (length > PNP_LIMITS.maxGain * asked) return false;
    return (this.#seen.get(key) ?? 0) > now || this.#udpBytes.take(key, now, length);
  }

  #saw(key: string): void {
    this.#seen.delete(key);
    this.#seen.set(key, this.#task.io.now() + PNP_LIMITS.seen);
    for (const oldest of this.#seen.keys()) {
      if (this.#seen.size <= PNP_LIMITS.maxClients) break;
      this.#seen.delete(oldest);
    }
  }

  /** Beside all requests, never as part of one. */
  async #prune(): Promise<void> {
    const { io, store, warn } = this.#task;
    const { signal } = this.#closing;
    while (!signal.aborted) {
      await io.sleepUntil(io.now() + PNP_LIMITS.prune, signal);
      if (signal.aborted) return;
      try {
        while ((await store.prune(Math.floor(io.wallClock() / 1000))) > 0)
          await io.sleepUntil(io.now() + 1, signal);
      } catch (error) {
        warn(`pnp: expired names stay: ${reasonOf(error)}`);
      }
    }
  }

  #tell(client: Endpoint, what: ServerUse['what'], detail?: string): void {
    this.#task.report({ kind: 'pnp', client: client.ip, what, ...(detail && { detail }) });
  }
}

/** By what a client's requests are counted. */
function keyOf({ ip }: Endpoint): string {
  return clientKey(withoutScope(ip));
}
