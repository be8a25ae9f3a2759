/**
 * Io of a simulated machine: everything in virtual time, nothing outside the process. UDP is here
 * ahead of Io, for what tests of NATs need.
 */
import type {
  ByteStream,
  InterfaceAddress,
  Io,
  NetworkInterface,
  SecureStream,
  TcpListener,
} from '../../src/net/io/io.ts';
import type { Endpoint } from '../../src/net/wire/endpoint.ts';
import { familyOf, reachOf } from '../../src/net/wire/ip.ts';
import type { DatagramHandler, Host } from './host.ts';
import type { Nic } from './network.ts';
import { gatewayOf, hasDefaultRoute } from './routes.ts';
import type { SocketOwner } from './tcp-types.ts';
import { virtualSecure } from './virtual-secure.ts';
import { VirtualStream } from './virtual-stream.ts';

/** Virtual time 0 is this moment: 2026-01-01 00:00 UTC. */
export const EPOCH = 1_767_225_600_000;

export interface VirtualUdpSocket {
  readonly local: Endpoint;
  /** @throws the system's error (EHOSTUNREACH) */
  send(data: Uint8Array, remote: Endpoint): void;
  close(): void;
}

export class VirtualMachine implements Io {
  readonly #host: Host;

  constructor(host: Host) {
    this.#host = host;
  }

  now(): number {
    return this.#host.network.clock.now();
  }

  wallClock(): number {
    return EPOCH + this.now() + this.#host.clockOffset;
  }

  sleepUntil(at: number, signal?: AbortSignal): Promise<void> {
    return this.#host.network.clock.sleepUntil(at, signal);
  }

  randomBytes(length: number): Uint8Array {
    return this.#host.random.bytes(length);
  }

  async listenTcp(local: Endpoint, onConnection: (stream: ByteStream) => void): Promise<TcpListener> {
    const listener = this.#host.tcp.listen(local, (socket) => onConnection(new VirtualStream(socket)));
    return { local: listener.local, close: async () => listener.close() };
  }

  async dialTcp(local: Endpoint | null, remote: Endpoint, signal: AbortSignal): Promise<ByteStream> {
    signal.throwIfAborted();
    return new Promise((resolve, reject) => {
      const onAbort = () => {
        socket.destroy();
        reject(signal.reason instanceof Error ? signal.reason : new Error('aborted'));
      };
      const settle = () => signal.removeEventListener('abort', onAbort);
      const owner: SocketOwner = {
        opened: () => {
          settle();
          resolve(new VirtualStream(socket));
        },
        failed: (error) => {
          settle();
          reject(error);
        },
        data: () => undefined,
        ended: () => undefined,
        progress: () => undefined,
      };
      const socket = this.#host.tcp.connect(local, remote, owner);
      signal.addEventListener('abort', onAbort, { once: true });
    });
  }

  secure(
    stream: ByteStream,
    role: 'client' | 'server',
    psk: Uint8Array,
    signal: AbortSignal,
  ): Promise<SecureStream> {
    return virtualSecure(stream, role, psk, this.randomBytes(32), signal);
  }

  async interfaces(): Promise<NetworkInterface[]> {
    return this.#host.nics.filter(({ connected }) => connected).map((nic) => this.#describe(nic));
  }

  /** Raw datagrams. @throws the system's error (EADDRINUSE, EADDRNOTAVAIL) */
  async openUdp(local: Endpoint, onMessage: DatagramHandler): Promise<VirtualUdpSocket> {
    const binding = this.#host.bindUdp(local, onMessage);
    return {
      local: binding.local,
      send: (data, remote) => this.#host.sendUdp(binding.local, remote, data),
      close: () => binding.close(),
    };
  }

  #describe(nic: Nic): NetworkInterface {
    return {
      id: nic.id,
      name: nic.id,
      kind: this.#host.kinds.get(nic) ?? 'ethernet',
      gateways: { 4: gatewayOf(nic, 4), 6: gatewayOf(nic, 6) },
      defaultRoute: { 4: hasDefaultRoute(nic, 4), 6: hasDefaultRoute(nic, 6) },
      addresses: nic.addresses.map(
        ({ ip, subnet }): InterfaceAddress => ({
          family: familyOf(ip),
          ip,
          prefix: subnet.prefix,
          reach: reachOf(ip),
        }),
      ),
    };
  }
}

/** The Io of a simulated machine. */
export function virtualIo(host: Host): VirtualMachine {
  return new VirtualMachine(host);
}
