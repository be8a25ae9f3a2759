/**
 * The TURN servers of a node, and the allocations on them: whose pipe each is for, and how long it is needed. Effects
 * through Io.
 */
import { P2pdError, reasonOf } from '../errors.ts';
import type { ByteStream, Io } from '../io/io.ts';
import { TURN } from '../path-timing.ts';
import type { Resolve } from '../resolve.ts';
import type { TurnServer } from '../servers.ts';
import type { RelayedAddress } from '../signal/relayed.ts';
import { allocate, isOtherTransport, type Relay } from '../turn/client.ts';
import { TurnError } from '../turn/connection.ts';
import type { Relaying } from '../turn/lease.ts';
import type { Acquaintance } from '../turn/requests.ts';
import type { UdpRelay } from '../turn/udp-relay.ts';
import { type TurnPlace, turnPlaces } from '../turn/url.ts';
import type { Endpoint, Family } from '../wire/endpoint.ts';
import { familyOf, reachOf } from '../wire/ip.ts';

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
  /** Who has come by TCP. */
  readonly arrived: (stream: ByteStream) => void;
  readonly lost: (reason: string) => void;
  readonly signal: AbortSignal;
}

export interface Relayed {
  /** What the peer is told. */
  readonly address: RelayedAddress;
  /** Whose datagrams come in, where it is one of UDP; null: connections arrive. */
  readonly udp: UdpRelay | null;
}

interface Server {
  readonly place: TurnPlace;
  readonly server: TurnServer;
  /** Kept from one allocation to the next. */
  known: Acquaintance | null;
  /** What it grants at all, as far as it is known. */
  grants: readonly Relaying[];
}

/** A server, and what it is asked for. */
interface Turn {
  readonly server: Server;
  readonly wants: readonly Relaying[];
}

export class Relays {
  readonly #task: RelaysTask;
  readonly #servers: readonly Server[];
  readonly #held = new Map<string, Relay[]>();
  readonly #giving = new Set<Promise<void>>();

  constructor(task: RelaysTask) {
    this.#task = task;
    this.#servers = task.servers.flatMap((server) =>
      turnPlaces(server.url).map((place): Server => {
        // RFC 6062 §4.1: who comes by UDP is given no TCP.
        return { place, server, known: null, grants: place.transport === 'udp' ? ['udp'] : ['tcp', 'udp'] };
      }),
    );
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
   * An allocation on the first server that grants one, all asked one after the other: for TCP first, for UDP where no
   * server relays TCP.
   *
   * @throws P2pdError NO_SERVICE with what each said; the signal's reason
   */
  async open(wanted: RelayWanted): Promise<Relayed> {
    const faults = new Map<Server, string>();
    const hopeless = new Set<Server>();
    for (const { server, wants } of turnsOf(this.#servers)) {
      if (hopeless.has(server)) continue;
      try {
        return await this.#openAt(server, wants, wanted);
      } catch (error) {
        wanted.signal.throwIfAborted();
        faults.set(server, `${server.place.host}: ${reasonOf(error)}`);
        // Whoever is not there, or does not know us, is not asked twice.
        if (!isOtherTransport(error) || wants.includes('udp')) hopeless.add(server);
        else server.grants = ['udp'];
      }
    }
    throw new P2pdError('NO_SERVICE', [...faults.values()].join('; ') || 'no relay is known');
  }

  /**
   * A connection from the newest allocation of a pipe: where only the relay's own port can be reached, it dials for us.
   *
   * @throws Error where there is none, or the relay refuses
   */
  async connect(pipe: string, peer: Endpoint, signal: AbortSignal): Promise<ByteStream> {
    const relay = this.#held.get(pipe)?.at(-1);
    if (relay?.transport !== 'tcp') throw new Error('there is no allocation to dial from');
    return relay.connect(peer, signal);
  }

  /** The newest allocation of a pipe is all that it needs, or none is. */
  settle(pipe: string, isRelayed: boolean): void {
    const held = this.#held.get(pipe) ?? [];
    const kept = isRelayed ? held.slice(-1) : [];
    for (const relay of held) if (!kept.includes(relay)) this.#give(relay);
    if (kept.length > 0) this.#held.set(pipe, kept);
    else this.#held.delete(pipe);
  }

  /** Resolves when everything is given back. */
  async stop(): Promise<void> {
    for (const pipe of [...this.#held.keys()]) this.settle(pipe, false);
    await Promise.all(this.#giving);
  }

  /** Gives an allocation back; one of UDP once the last words of its pipe are said. */
  #give(relay: Relay): void {
    const { io } = this.#task;
    const close = () => relay.lease.close();
    if (relay.transport === 'tcp') {
      close();
      return;
    }
    const done = new AbortController();
    const limit = io.sleepUntil(io.now() + TURN.linger, done.signal);
    const giving = Promise.race([relay.idle, limit]).then(() => {
      done.abort();
      close();
      this.#giving.delete(giving);
    });
    this.#giving.add(giving);
  }

  /** Where the server sends us to another one, that one is asked: once (RFC 8489 §10). */
  async #allocate(
    { place, server: credentials, known }: Server,
    wants: readonly Relaying[],
    at: Endpoint,
    { peers, arrived, lost, signal }: RelayWanted,
  ): Promise<Relay> {
    const { io } = this.#task;
    const { transport, host } = place;
    const family = familyFor(at, peers);
    const kind = { io, transport, host, credentials, wants, peers, family, arrived, lost, signal };
    try {
      return await allocate({ ...kind, server: at, known });
    } catch (error) {
      const other = error instanceof TurnError ? error.alternate : null;
      // Never from the Internet into somebody's own network.
      if (other === null || reachOf(other.ip) !== reachOf(at.ip)) throw error;
      return allocate({ ...kind, server: other, known: null });
    }
  }

  async #openAt(server: Server, wants: readonly Relaying[], wanted: RelayWanted): Promise<Relayed> {
    const { resolve } = this.#task;
    const { pipe, families, signal } = wanted;
    const found = await Promise.all(families.map((family) => resolve(server.place.host, family, signal)));
    const [ip] = found.flat();
    if (ip === undefined) throw new Error('the name has no address');
    const relay = await this.#allocate(server, wants, { ip, port: server.place.port }, wanted);
    const { lease, transport } = relay;
    server.known = lease.known;
    if (transport === 'udp') server.grants = ['udp'];
    if (signal.aborted || lease.relayed === null) {
      lease.close();
      throw signal.reason;
    }
    this.#held.set(pipe, [...(this.#held.get(pipe) ?? []), relay]);
    return { address: { ...lease.relayed, transport }, udp: transport === 'udp' ? relay : null };
  }
}

/**
 * Who is asked for what: TCP needs nothing on top, so it comes first; then UDP, by UDP before by a connection, which
 * would hold back what comes behind a lost packet. A connection that is open already serves both where nobody is
 * known that is asked by UDP.
 */
function turnsOf(servers: readonly Server[]): Turn[] {
  const byTcp = servers.filter(({ grants }) => grants.includes('tcp'));
  const byUdp = servers.filter(({ place }) => place.transport === 'udp');
  const others = servers.filter(({ place }) => place.transport !== 'udp');
  const isLast = (server: Server) => byUdp.length === 0 && server === byTcp.at(-1);
  return [
    ...byTcp.map((server): Turn => ({ server, wants: isLast(server) ? ['tcp', 'udp'] : ['tcp'] })),
    ...[...byUdp, ...others].map((server): Turn => ({ server, wants: ['udp'] })),
  ];
}

/** Of the relayed address: as the server's own, unless the peer has none of that family. */
function familyFor(server: Endpoint, peers: readonly string[]): Family {
  const own = familyOf(server.ip);
  const has = (family: Family) => peers.some((ip) => familyOf(ip) === family);
  const other = own === 4 ? 6 : 4;
  return !has(own) && has(other) ? other : own;
}
