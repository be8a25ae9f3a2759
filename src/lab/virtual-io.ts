/** Io of a simulated machine: everything in virtual time, nothing outside the process. */
import type {
  BrokerConnection,
  BrokerReader,
  ByteStream,
  CarriedUdpSocket,
  DatagramCarrier,
  DatagramReader,
  HttpAnswer,
  HttpQuestion,
  InterfaceAddress,
  Io,
  NetworkInterface,
  SecureStream,
  StreamUdpSocket,
  TcpListener,
  UdpSocket,
} from '../net/io/io.ts';
import type { Endpoint, Family } from '../net/wire/endpoint.ts';
import { familyOf, reachOf } from '../net/wire/ip.ts';
import type { Host } from './host.ts';
import { lookUp } from './look-up.ts';
import type { Nic } from './network.ts';
import { gatewayOf, hasDefaultRoute } from './routes.ts';
import type { SocketOwner } from './tcp-types.ts';
import { openBroker } from './virtual-broker.ts';
import { httpGet, serveHttp } from './virtual-http.ts';
import { virtualSecure } from './virtual-secure.ts';
import { VirtualStream } from './virtual-stream.ts';
import { openStreamUdp, streamsOver } from './virtual-udx.ts';

/** Virtual time 0 is this moment: 2026-01-01 00:00 UTC. */
export const EPOCH = 1_767_225_600_000;

/** A machine with its Io. */
export type LabHost = Host & { readonly io: VirtualMachine };

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

  /** Nobody in the lab has a certificate. */
  async serverTls(stream: ByteStream): Promise<ByteStream> {
    stream.destroy();
    throw new Error('self-signed certificate');
  }

  async interfaces(): Promise<NetworkInterface[]> {
    return this.#host.nics.filter(({ connected }) => connected).map((nic) => this.#describe(nic));
  }

  async openUdp(local: Endpoint, reader: DatagramReader): Promise<UdpSocket> {
    const host = this.#host;
    let open = true;
    const binding = host.bindUdp(local, (data, from) => reader.datagram(data, from));
    return {
      local: binding.local,
      send(data, remote) {
        const error = open ? host.sendUdp(binding.local, remote, data) : null;
        if (error === null) return;
        queueMicrotask(() => {
          if (open) reader.failed?.(error);
        });
      },
      close() {
        open = false;
        binding.close();
      },
    };
  }

  async openStreamUdp(local: Endpoint, reader: DatagramReader): Promise<StreamUdpSocket> {
    return openStreamUdp(this.#host, local, reader);
  }

  async openCarriedUdp(carrier: DatagramCarrier, reader: DatagramReader): Promise<CarriedUdpSocket> {
    return streamsOver(this.#host, carrier, reader);
  }

  openBroker(url: string, reader: BrokerReader, signal: AbortSignal): Promise<BrokerConnection> {
    return openBroker(this, url, reader, signal);
  }

  lookup(host: string, family: Family, signal: AbortSignal): Promise<readonly string[]> {
    return lookUp(this.#host, host, family, signal);
  }

  /** Nobody in the lab takes any. */
  async httpPost(): Promise<HttpAnswer> {
    throw Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED' });
  }

  httpGet(url: string, limit: number, signal: AbortSignal): Promise<HttpAnswer> {
    return httpGet(this, url, limit, signal);
  }

  serveHttp(local: Endpoint, answer: (question: HttpQuestion) => HttpAnswer): Promise<TcpListener> {
    return serveHttp(this, local, answer);
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
