/**
 * The TURN servers of a node, and the allocations on them: whose pipe each is for, and how long it is needed. Effects
 * through Io.
 */
import { P2pdError, reasonOf } from '../errors.ts';
import type { ByteStream, Io } from '../io/io.ts';
import type { Resolve } from '../resolve.ts';
import type { TurnServer } from '../servers.ts';
import { allocate, type Relay } from '../turn/client.ts';
import { TurnError } from '../turn/connection.ts';
import type { Acquaintance } from '../turn/requests.ts';
import { parseTurnUrl, type TurnPlace } from '../turn/url.ts';
import type { Endpoint, Family } from '../wire/endpoint.ts';
import { reachOf } from '../wire/ip.ts';

export interface RelaysTask {
  readonly io: Io;
  readonly servers: readonly TurnServer[];
  readonly resolve: Resolve;
}

export interface RelayWanted {
  /** The pipe's name. */
  readonly pipe: string;
  /** Whom it is for: no others are let in. */
  readonly peers: readonly string[];
  readonly families: readonly Family[];
  readonly arrived: (stream: ByteStream) => void;
  readonly lost: (reason: string) => void;
  readonly signal: AbortSignal;
}

interface Server {
  readonly place: TurnPlace;
  readonly server: TurnServer;
  /** Kept from one allocation to the next. */
  known: Acquaintance | null;
}

export class Relays {
  readonly #task: RelaysTask;
  readonly #servers: readonly Server[];
  readonly #held = new Map<string, Relay[]>();

  constructor(task: RelaysTask) {
    this.#task = task;
    this.#servers = task.servers.flatMap((server): Server[] => {
      const place = parseTurnUrl(server.url);
      return place === null || place.transport === 'udp' ? [] : [{ place, server, known: null }];
    });
  }

  /** Whether there is a server that may be asked. */
  get isEmpty(): boolean {
    return this.#servers.length === 0;
  }

  /** Pipes that have an allocation. */
  get size(): number {
    return this.#held.size;
  }

  /**
   * An allocation on the first server that grants one, all asked one after the other.
   *
   * @returns its relayed address
   * @throws P2pdError NO_SERVICE with what each said; the signal's reason
   */
  async open(wanted: RelayWanted): Promise<Endpoint> {
    const faults: string[] = [];
    for (const server of this.#servers) {
      try {
        return await this.#openAt(server, wanted);
      } catch (error) {
        wanted.signal.throwIfAborted();
        faults.push(`${server.place.host}: ${reasonOf(error)}`);
      }
    }
    throw new P2pdError('NO_SERVICE', faults.join('; ') || 'no relay is known');
  }

  /**
   * A connection from the newest allocation of a pipe: where only the relay's own port can be reached, it dials for us.
   *
   * @throws Error where there is none, or the relay refuses
   */
  async connect(pipe: string, peer: Endpoint, signal: AbortSignal): Promise<ByteStream> {
    const relay = this.#held.get(pipe)?.at(-1);
    if (relay === undefined) throw new Error('there is no allocation to dial from');
    return relay.connect(peer, signal);
  }

  /** The newest allocation of a pipe is all that it needs, or none is. */
  settle(pipe: string, isRelayed: boolean): void {
    const held = this.#held.get(pipe) ?? [];
    const kept = isRelayed ? held.slice(-1) : [];
    for (const relay of held) if (!kept.includes(relay)) relay.close();
    if (kept.length > 0) this.#held.set(pipe, kept);
    else this.#held.delete(pipe);
  }

  stop(): void {
    for (const pipe of [...this.#held.keys()]) this.settle(pipe, false);
  }

  /** Where the server sends us to another one, that one is asked: once (RFC 8489 §10). */
  async #allocate(
    { place, server, known }: Server,
    at: Endpoint,
    wanted: Pick<RelayWanted, 'arrived' | 'lost' | 'signal'>,
  ): Promise<Relay> {
    const tls = place.transport === 'tls' ? place.host : null;
    const task = { io: this.#task.io, server: at, tls, credentials: server, known, ...wanted };
    try {
      return await allocate(task);
    } catch (error) {
      const other = error instanceof TurnError ? error.alternate : null;
      // Never from the Internet into somebody's own network.
      if (other === null || reachOf(other.ip) !== reachOf(at.ip)) throw error;
      return allocate({ ...task, server: other, known: null });
    }
  }

  async #openAt(
    server: Server,
    { pipe, peers, families, arrived, lost, signal }: RelayWanted,
  ): Promise<Endpoint> {
    const { resolve } = this.#task;
    const found = await Promise.all(families.map((family) => resolve(server.place.host, family, signal)));
    const [ip] = found.flat();
    if (ip === undefined) throw new Error('the name has no address');
    const relay = await this.#allocate(server, { ip, port: server.place.port }, { arrived, lost, signal });
    server.known = relay.known;
    try {
      await relay.permit(peers);
    } catch (error) {
      relay.close();
      throw error;
    }
    if (signal.aborted || relay.relayed === null) {
      relay.close();
      throw signal.reason;
    }
    this.#held.set(pipe, [...(this.#held.get(pipe) ?? []), relay]);
    return relay.relayed;
  }
}
