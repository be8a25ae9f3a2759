/**
 * TCP of one simulated machine: which socket a segment is for, and who may use which local port as
 * Node 20 on Linux has it (SO_REUSEADDR on every bind): a listener keeps its port to itself, but may
 * come to a port that connections are using; a four-tuple is used once, TIME-WAIT not counted.
 */
import { type Endpoint, formatEndpoint } from '../net/wire/endpoint.ts';
import { familyOf } from '../net/wire/ip.ts';
import type { Clock } from './clock.ts';
import { resetFor, type TcpPacket } from './packet.ts';
import type { Random } from './random.ts';
import { systemError } from './system-error.ts';
import { TcpSocket } from './tcp-socket.ts';
import type { SocketOwner, TcpOptions } from './tcp-types.ts';

/** What TCP needs of its machine. */
export interface TcpHost {
  readonly clock: Clock;
  readonly random: Random;
  readonly options: TcpOptions;
  /** Whether the address is one of the machine's, loopback included. */
  isLocal(ip: string): boolean;
  /** The source address towards a destination; null when there is no route. */
  sourceFor(dst: string): string | null;
  send(packet: TcpPacket): void;
}

export interface TcpListenerHandle {
  readonly local: Endpoint;
  close(): void;
}

interface Listener {
  readonly local: Endpoint;
  readonly onConnection: (socket: TcpSocket) => void;
}

/** Linux's ip_local_port_range. */
const EPHEMERAL: readonly [number, number] = [32_768, 60_999];

/** The first waits of Linux before 6.5 and of RFC 6298: SYNs at 0, 1, 3, 7, 15, 31, 63 s. */
export const DOUBLING_SYN_DELAYS = [1_000, 2_000, 4_000, 8_000, 16_000, 32_000, 64_000] as const;
/** Linux 6.5 and later (tcp_syn_linear_timeouts = 4): SYNs at 0, 1, 2, 3, 4, 5, 7, 11… s. */
export const LINEAR_SYN_DELAYS = [1_000, 1_000, 1_000, 1_000, ...DOUBLING_SYN_DELAYS] as const;

export const DEFAULT_TCP_OPTIONS: TcpOptions = {
  synDelays: DOUBLING_SYN_DELAYS,
  synAckDelays: DOUBLING_SYN_DELAYS.slice(0, 6),
  mss: 1_448,
  receiveBuffer: 256 * 1024,
  sendBuffer: 256 * 1024,
  retries: 15,
  timeWait: 60_000,
};

export class TcpStack {
  readonly #host: TcpHost;
  readonly #listeners = new Set<Listener>();
  readonly #sockets = new Map<string, TcpSocket>();
  /** Connections per local port. */
  readonly #ports = new Map<number, number>();
  readonly options: TcpOptions;
  readonly clock: Clock;

  constructor(host: TcpHost) {
    this.#host = host;
    this.options = host.options;
    this.clock = host.clock;
  }

  /** Connections that are not forgotten yet. */
  get sockets(): readonly TcpSocket[] {
    return [...this.#sockets.values()];
  }

  /** @throws SystemError EADDRNOTAVAIL, EADDRINUSE */
  listen(local: Endpoint, onConnection: (socket: TcpSocket) => void): TcpListenerHandle {
    this.#checkBind(local, 'listen');
    const port = local.port === 0 ? this.#freePort() : local.port;
    const listener = { local: { ip: local.ip, port }, onConnection };
    this.#listeners.add(listener);
    return { local: listener.local, close: () => this.#listeners.delete(listener) };
  }

  /**
   * Sends the first SYN; the owner is told how it goes on.
   *
   * @throws SystemError EADDRINUSE, EADDRNOTAVAIL, EHOSTUNREACH, EINVAL
   */
  connect(local: Endpoint | null, remote: Endpoint, owner: SocketOwner): TcpSocket {
    if (local !== null) this.#checkBind(local, 'bind');
    if (local !== null && familyOf(local.ip) !== familyOf(remote.ip))
      throw systemError('EINVAL', 'connect', remote);
    const source = this.#host.sourceFor(remote.ip);
    if (source === null) throw systemError('EHOSTUNREACH', 'connect', remote);
    const ip = local === null || isWildcard(local.ip) ? source : local.ip;
    const port = local === null || local.port === 0 ? this.#freePort() : local.port;
    const known = this.#sockets.get(tupleOf({ ip, port }, remote));
    if (known !== undefined && !known.isReusable) throw systemError('EADDRNOTAVAIL', 'connect', remote);
    known?.abort();
    const socket = this.#create({ ip, port }, remote);
    socket.owner = owner;
    socket.connect();
    return socket;
  }

  receive(packet: TcpPacket): void {
    const socket = this.#sockets.get(tupleOf(packet.dst, packet.src));
    const isSyn = packet.flags.syn && !packet.flags.ack && !packet.flags.rst;
    const listener = isSyn ? this.#listenerFor(packet.dst) : null;
    if (socket !== undefined && !(socket.isReusable && listener !== null)) socket.receive(packet);
    else if (listener === null) this.#refuse(packet);
    else {
      socket?.abort();
      this.#accept(listener, packet);
    }
  }

  send(packet: TcpPacket): void {
    this.#host.send(packet);
  }

  forget(socket: { readonly local: Endpoint; readonly remote: Endpoint }): void {
    const tuple = tupleOf(socket.local, socket.remote);
    if (this.#sockets.get(tuple) !== socket) return;
    this.#sockets.delete(tuple);
    const left = (this.#ports.get(socket.local.port) ?? 1) - 1;
    if (left === 0) this.#ports.delete(socket.local.port);
    else this.#ports.set(socket.local.port, left);
  }

  #accept(listener: Listener, syn: TcpPacket): void {
    const socket = this.#create(syn.dst, syn.src);
    socket.owner = {
      opened: () => {
        if (this.#listeners.has(listener)) listener.onConnection(socket);
        else socket.abort();
      },
      data: () => undefined,
      ended: () => undefined,
      progress: () => undefined,
      failed: () => undefined,
    };
    socket.accept(syn);
  }

  #create(local: Endpoint, remote: Endpoint): TcpSocket {
    const socket = new TcpSocket(this, local, remote, this.#host.random.integer(0, 0x7fff_ffff));
    this.#sockets.set(tupleOf(local, remote), socket);
    this.#ports.set(local.port, (this.#ports.get(local.port) ?? 0) + 1);
    return socket;
  }

  #refuse(packet: TcpPacket): void {
    const reset = resetFor(packet);
    if (reset !== null) this.#host.send(reset);
  }

  /** The listener of that very address before one of any. */
  #listenerFor(dst: Endpoint): Listener | null {
    let any: Listener | null = null;
    for (const listener of this.#listeners) {
      if (listener.local.port !== dst.port) continue;
      if (listener.local.ip === dst.ip) return listener;
      if (isWildcard(listener.local.ip) && familyOf(listener.local.ip) === familyOf(dst.ip)) any = listener;
    }
    return any;
  }

  #checkBind(local: Endpoint, syscall: string): void {
    if (!isWildcard(local.ip) && !this.#host.isLocal(local.ip))
      throw systemError('EADDRNOTAVAIL', syscall, local);
    if (local.port === 0) return;
    for (const { local: other } of this.#listeners) {
      if (other.port !== local.port || familyOf(other.ip) !== familyOf(local.ip)) continue;
      if (other.ip === local.ip || isWildcard(other.ip) || isWildcard(local.ip))
        throw systemError('EADDRINUSE', syscall, local);
    }
  }

  /** A port that nobody here uses. */
  #freePort(): number {
    const [lowest, highest] = EPHEMERAL;
    const size = highest - lowest + 1;
    const start = this.#host.random.integer(0, size - 1);
    const taken = new Set([...this.#listeners].map(({ local }) => local.port));
    for (let i = 0; i < size; i++) {
      const port = lowest + ((start + i) % size);
      if (!this.#ports.has(port) && !taken.has(port)) return port;
    }
    throw systemError('EADDRNOTAVAIL', 'bind', null);
  }
}

export function isWildcard(ip: string): boolean {
  return ip === '0.0.0.0' || ip === '::';
}

function tupleOf(local: Endpoint, remote: Endpoint): string {
  return `${formatEndpoint(local)} ${formatEndpoint(remote)}`;
}
