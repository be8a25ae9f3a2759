/**
 * A STUN server: Binding (RFC 8489) over UDP and TCP, and what NAT behaviour tests need (RFC 5780).
 * Sockets, limits and accounts; what is answered is `binding.ts`'s part.
 */
import { reasonOf } from '../errors.ts';
import type { Io, TcpListener, UdpSocket } from '../io/io.ts';
import { STUN_BURST, STUN_MAX_CLIENTS, STUN_RATE } from '../limits.ts';
import type { RunningServer, ServerUse } from '../server-use.ts';
import { TokenBuckets } from '../token-bucket.ts';
import { DecodeError } from '../wire/decode-error.ts';
import { type Endpoint, formatEndpoint } from '../wire/endpoint.ts';
import { familyOf, reachOf, sameSubnet } from '../wire/ip.ts';
import { type Listening, type Reply, replyTo } from './binding.ts';
import { clientKey } from './client-key.ts';
import { decodeStun } from './message.ts';
import { type Others, StunConnections } from './server-tcp.ts';
import type { Transport } from './transaction.ts';

export interface StunServerTask {
  readonly io: Io;
  /**
   * Where to listen, each address once; concrete ones, as a socket of all addresses cannot tell which
   * was asked. Two of a family make a server of RFC 5780.
   */
  readonly udp: readonly Endpoint[];
  /** The second port at each address; null = none. */
  readonly alternatePort: number | null;
  /** Whether TCP is served too, at the same addresses and ports. */
  readonly tcp: boolean;
  readonly report: (use: ServerUse) => void;
  /** Takes over a connection whose first message is not STUN's own but of its family (TURN). @default nobody does */
  readonly others?: Others | null;
}

/** @throws the system's error when a port is taken or an address is not there; then nothing is left open */
export async function startStunServer(task: StunServerTask): Promise<RunningServer> {
  const server = new StunServer(task);
  try {
    await server.open();
  } catch (error) {
    await server.close();
    throw error;
  }
  return server;
}

class StunServer implements RunningServer {
  readonly #task: StunServerTask;
  readonly #buckets = new TokenBuckets({ rate: STUN_RATE, burst: STUN_BURST, maxKeys: STUN_MAX_CLIENTS });
  readonly #sockets = new Map<string, UdpSocket>();
  readonly #listeners: TcpListener[] = [];
  readonly #connections: StunConnections;

  constructor(task: StunServerTask) {
    this.#task = task;
    this.#connections = new StunConnections(task.io, task.report);
  }

  async open(): Promise<void> {
    const { io, tcp } = this.#task;
    for (const at of placesOf(this.#task)) {
      const datagram = (data: Uint8Array, client: Endpoint) => this.#datagram(data, client, at);
      // Answers that cannot leave are the client's loss; it asks again.
      const socket = await io.openUdp(at.local, { datagram });
      this.#sockets.set(formatEndpoint(at.local), socket);
      if (!tcp) continue;
      const answer = (data: Uint8Array, client: Endpoint) =>
        this.#answer(data, client, at, 'tcp')?.data ?? null;
      const listener = await io.listenTcp(at.local, (stream) =>
        this.#connections.serve(stream, answer, this.#task.others ?? null),
      );
      this.#listeners.push(listener);
    }
  }

  async close(): Promise<void> {
    for (const socket of this.#sockets.values()) socket.close();
    const closed = this.#listeners.map((listener) => listener.close());
    this.#connections.close();
    await Promise.all(closed);
  }

  #datagram(data: Uint8Array, client: Endpoint, at: Listening): void {
    const reply = this.#answer(data, client, at, 'udp');
    if (reply !== null) this.#sockets.get(formatEndpoint(reply.from))?.send(reply.data, client);
  }

  /** null where there is nothing to answer; why is reported. */
  #answer(data: Uint8Array, client: Endpoint, at: Listening, transport: Transport): Reply | null {
    const report = (what: ServerUse['what'], detail?: string) =>
      this.#task.report({ kind: 'stun', client: client.ip, what, ...(detail && { detail }) });
    if (!this.#buckets.take(clientKey(client.ip), this.#task.io.now())) {
      report('refused', 'too many requests');
      return null;
    }
    try {
      const reply = replyTo(decodeStun(data), client, at, transport);
      if (reply === null) report('error', 'no request');
      else report('request');
      return reply;
    } catch (error) {
      if (!(error instanceof DecodeError)) throw error;
      report('error', reasonOf(error));
      return null;
    }
  }
}

/** Every socket, and what it can offer besides. */
function placesOf({ udp, alternatePort }: StunServerTask): Listening[] {
  const portsOf = ({ port }: Endpoint) => (alternatePort === null ? [port] : [port, alternatePort]);
  return udp.flatMap((primary) => {
    const { ip } = primary;
    const ports = portsOf(primary);
    const partner = udp.find((other) => isPartner(primary, other));
    const theirs = partner === undefined ? [] : portsOf(partner);
    const at = (own: string | undefined, port: number | undefined) =>
      own === undefined || port === undefined ? null : { ip: own, port };
    return ports.map((port, index) => ({
      local: { ip, port },
      otherPort: at(ip, ports[1 - index]),
      otherIp: at(partner?.ip, theirs[index]),
      otherBoth: at(partner?.ip, theirs[1 - index]),
    }));
  });
}

/**
 * Whether whoever reaches one address reaches the other: a client sent on to an address of another
 * network would take its NAT for the culprit. Of subnets nothing is known here, so private addresses
 * have to look like neighbours.
 */
function isPartner(a: Endpoint, b: Endpoint): boolean {
  const family = familyOf(a.ip);
  const reach = reachOf(a.ip);
  if (a.ip === b.ip || familyOf(b.ip) !== family || reachOf(b.ip) !== reach) return false;
  return reach === 'global' || reach === 'loopback' || sameSubnet(a.ip, b.ip, family === 4 ? 24 : 64);
}
