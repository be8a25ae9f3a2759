/**
 * A TCP allocation on a TURN server (RFC 6062): peers dial its relayed address, and each of them becomes a plain
 * stream here. Effects through Io.
 */
import { deferred } from '../deferred.ts';
import { reasonOf } from '../errors.ts';
import type { ByteStream, Io } from '../io/io.ts';
import { TURN } from '../path-timing.ts';
import type { Endpoint } from '../wire/endpoint.ts';
import { familyOf } from '../wire/ip.ts';
import { TurnConnection } from './connection.ts';
import type { Credentials } from './credentials.ts';
import { ATTRIBUTES, endpointAttribute, numberAttribute, type TurnMessage } from './message.ts';
import { type Acquaintance, TurnRequests } from './requests.ts';

export interface AllocateTask {
  readonly io: Io;
  readonly server: Endpoint;
  /** The name that its certificate must have; null: without TLS. */
  readonly tls: string | null;
  readonly credentials: Credentials;
  /** From an allocation before on the same server: saves a round trip. */
  readonly known: Acquaintance | null;
  /** A peer that was permitted has come. */
  readonly arrived: (stream: ByteStream, peer: Endpoint) => void;
  /** The allocation is gone, without our having asked for it. */
  readonly lost: (reason: string) => void;
  /** Gives it up until it is there. */
  readonly signal: AbortSignal;
}

const TRANSPORT_TCP = 6 << 24;
const FAMILIES = { 4: 1 << 24, 6: 2 << 24 } as const;

/** @throws TurnError where the server refuses; Error where it cannot be reached; the signal's reason */
export async function allocate(task: AllocateTask): Promise<Relay> {
  const { signal } = task;
  const stream = await dial(task, signal);
  const relay = new Relay(task, stream);
  try {
    await relay.open(signal);
  } catch (error) {
    relay.close();
    throw error;
  }
  return relay;
}

/** A connection to the server, under TLS where it has a name for it. */
async function dial({ io, server, tls }: AllocateTask, signal: AbortSignal): Promise<ByteStream> {
  const stream = await io.dialTcp(null, server, signal);
  return tls === null ? stream : io.serverTls(stream, tls, signal);
}

export class Relay {
  readonly #task: AllocateTask;
  readonly #requests: TurnRequests;
  readonly #control: TurnConnection;
  readonly #over = new AbortController();
  readonly #permitted = new Set<string>();
  #relayed: Endpoint | null = null;

  constructor(task: AllocateTask, stream: ByteStream) {
    this.#task = task;
    this.#requests = new TurnRequests(task.credentials, task.known);
    this.#control = new TurnConnection(
      task.io,
      stream,
      this.#requests,
      (message) => void this.#told(message),
      (reason) => this.#lose(reason),
    );
  }

  /** What peers dial. */
  get relayed(): Endpoint | null {
    return this.#relayed;
  }

  get known(): Acquaintance | null {
    return this.#requests.known;
  }

  /** Called once. */
  async open(signal: AbortSignal): Promise<void> {
    const { server } = this.#task;
    const attributes = [numberAttribute(ATTRIBUTES.transport, TRANSPORT_TCP)];
    if (familyOf(server.ip) === 6) attributes.push(numberAttribute(ATTRIBUTES.family, FAMILIES[6]));
    const answer = await this.#control.request('allocate', attributes, signal);
    this.#relayed = answer.endpoint(ATTRIBUTES.relayed);
    if (this.#relayed === null) throw new Error('the relay names no relayed address');
    void this.#keep(answer.number(ATTRIBUTES.lifetime) ?? 0);
  }

  /** Lets peers of these addresses in, as long as the allocation lives. @throws as `allocate` */
  async permit(ips: readonly string[]): Promise<void> {
    const isOurs = (ip: string) => this.#relayed !== null && familyOf(ip) === familyOf(this.#relayed.ip);
    for (const ip of ips.filter(isOurs)) this.#permitted.add(ip);
    await this.#permit(this.#over.signal);
  }

  /** Has the server dial a peer (RFC 6062 §4.3). @throws TurnError where it does not; as `allocate` */
  async connect(peer: Endpoint, signal: AbortSignal): Promise<ByteStream> {
    const answer = await this.#control.requestWith(
      'connect',
      (id) => [endpointAttribute(ATTRIBUTES.peer, peer, id)],
      AbortSignal.any([signal, this.#over.signal]),
    );
    const id = answer.number(ATTRIBUTES.connectionId);
    if (id === null) throw new Error('the relay names no connection');
    return this.#bind(id);
  }

  /** Gives the allocation back; its streams end. */
  close(): void {
    if (this.#over.signal.aborted) return;
    this.#over.abort(new Error('the relay is not needed any more'));
    const give = this.#control.request(
      'refresh',
      [numberAttribute(ATTRIBUTES.lifetime, 0)],
      new AbortController().signal,
    );
    void give.catch(() => undefined).then(() => this.#control.stream.destroy());
  }

  async #permit(signal: AbortSignal): Promise<void> {
    if (this.#permitted.size === 0) return;
    const attributes = (id: Uint8Array) =>
      [...this.#permitted].map((ip) => endpointAttribute(ATTRIBUTES.peer, { ip, port: 0 }, id));
    await this.#control.requestWith('create-permission', attributes, signal);
  }

  /** Refreshes allocation and permissions (RFC 8656 §7.1, §9) until it is closed. @param lifetime s */
  async #keep(lifetime: number): Promise<void> {
    const { io } = this.#task;
    const { signal } = this.#over;
    let refreshAt = io.now() + refreshAfter(lifetime);
    let permitAt = io.now() + TURN.permission;
    try {
      for (;;) {
        await io.sleepUntil(Math.min(refreshAt, permitAt), signal);
        if (signal.aborted) return;
        if (io.now() >= permitAt) {
          await this.#permit(signal);
          permitAt = io.now() + TURN.permission;
        }
        if (io.now() < refreshAt) continue;
        const answer = await this.#control.request('refresh', [], signal);
        refreshAt = io.now() + refreshAfter(answer.number(ATTRIBUTES.lifetime) ?? 0);
      }
    } catch (error) {
      if (!signal.aborted) this.#lose(reasonOf(error));
    }
  }

  /** A peer has dialled: another connection to the server takes it over (RFC 6062 §4.4, §5.4). */
  async #told(message: TurnMessage): Promise<void> {
    const { arrived } = this.#task;
    if (message.method !== 'connection-attempt' || this.#over.signal.aborted) return;
    const id = message.number(ATTRIBUTES.connectionId);
    const peer = message.endpoint(ATTRIBUTES.peer);
    if (id === null || peer === null) return;
    try {
      arrived(await this.#bind(id), peer);
    } catch {
      // The peer is gone, or will dial again.
    }
  }

  /** Another connection to the server becomes the peer's. @throws Error why it does not */
  async #bind(id: number): Promise<ByteStream> {
    const { io } = this.#task;
    const gone = deferred<never>();
    gone.promise.catch(() => undefined);
    const stream = await dial(this.#task, this.#over.signal);
    const fail = (reason: string) => gone.reject(new Error(reason));
    const data = new TurnConnection(io, stream, this.#requests, () => undefined, fail);
    const attributes = [numberAttribute(ATTRIBUTES.connectionId, id)];
    try {
      await Promise.race([data.request('connection-bind', attributes, this.#over.signal), gone.promise]);
      return data.release();
    } catch (error) {
      stream.destroy();
      throw error;
    }
  }

  #lose(reason: string): void {
    if (this.#over.signal.aborted) return;
    this.#over.abort(new Error(reason));
    this.#control.stream.destroy();
    this.#task.lost(reason);
  }
}

/** ms, well before the server's time is up. @param lifetime s */
function refreshAfter(lifetime: number): number {
  return Math.max(TURN.minRefresh, lifetime * 1000 - TURN.refreshMargin);
}
