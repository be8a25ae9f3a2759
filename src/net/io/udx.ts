/**
 * Reliable streams over UDP by the `udx-native` package, the only file that imports it: prebuilt native
 * code, one socket for raw datagrams (STUN, punching) and for the stream that follows. Effects only.
 */
import { Duplex } from 'node:stream';
import type { Endpoint } from '../wire/endpoint.ts';
import { canonicalIp, familyOf } from '../wire/ip.ts';
import type { ByteStream, DatagramReader, StreamIds, StreamUdpSocket } from './io.ts';
import { SocketStream } from './socket-stream.ts';

type Udx = typeof import('udx-native');
type Library = InstanceType<Udx['default']>;
type NativeSocket = ReturnType<Library['createSocket']>;
type NativeStream = ReturnType<Library['createStream']>;

/** Bytes buffered before a writer is told to wait, as under TLS. */
const HIGH_WATER_MARK = 256 * 1024;

type Ends = Pick<ByteStream, 'local' | 'remote'>;

interface UdxSocket extends StreamUdpSocket {
  /** @param ends between whom the stream goes in truth @param gone called when nothing more is sent for it */
  openStream(remote: Endpoint, ids: StreamIds, ends?: Ends, gone?: () => void): ByteStream;
}

let library: Promise<Library> | null = null;

/** @throws the system's error; an Error where the package has no binary for this system */
export async function openStreamUdp(local: Endpoint, reader: DatagramReader): Promise<UdxSocket> {
  library ??= load();
  const udx = await library;
  const socket = udx.createSocket({ ipv6Only: familyOf(local.ip) === 6 });
  try {
    socket.bind(local.port, local.ip);
  } catch (error) {
    void socket.close();
    throw error;
  }
  socket.on('message', (data: Uint8Array, from: { host: string; port: number }) => {
    const ip = canonicalIp(from.host);
    if (ip !== null && from.port > 0) reader.datagram(data, { ip, port: from.port });
  });
  return wrap(udx, socket, local.ip);
}

async function load(): Promise<Library> {
  try {
    const { default: Loaded } = await import('udx-native');
    return new Loaded();
  } catch (cause) {
    const system = `${process.platform} on ${process.arch}`;
    throw new Error(`UDP pipes need udx-native, which has no binary for ${system}`, { cause });
  }
}

function wrap(udx: Library, socket: NativeSocket, ip: string): UdxSocket {
  const local = { ip, port: socket.address()?.port ?? 0 };
  let open = true;
  return {
    local,
    send(data, remote, ttl = 0) {
      if (open) socket.trySend(data, remote.port, remote.ip, ttl);
    },
    openStream(remote, ids, ends = { local, remote }, gone = () => undefined): ByteStream {
      const stream = udx.createStream(ids.own);
      stream.once('close', gone);
      stream.connect(socket, ids.peer, remote.port, remote.ip);
      return new SocketStream(new UdxDuplex(stream), { transport: 'udp', ...ends });
    },
    close() {
      if (!open) return;
      open = false;
      void socket.close();
    },
  };
}

/** A native stream as one of Node's: TLS hangs on the native one, which is of another kind. */
class UdxDuplex extends Duplex {
  readonly #stream: NativeStream;
  #error: Error | null = null;

  constructor(stream: NativeStream) {
    super({
      allowHalfOpen: true,
      readableHighWaterMark: HIGH_WATER_MARK,
      writableHighWaterMark: HIGH_WATER_MARK,
    });
    this.#stream = stream;
    stream.on('data', (chunk: Uint8Array) => {
      if (!this.push(chunk)) stream.pause();
    });
    stream.on('end', () => this.push(null));
    stream.on('error', (error: Error) => {
      this.#error = error;
    });
    stream.on('close', () => this.destroy(this.#error ?? undefined));
  }

  override _read(): void {
    this.#stream.resume();
  }

  override _write(chunk: Uint8Array, _encoding: string, done: () => void): void {
    if (this.#stream.write(chunk)) done();
    else this.#stream.once('drain', done);
  }

  override _writev(chunks: { chunk: Uint8Array }[], done: () => void): void {
    let free = true;
    for (const { chunk } of chunks) free = this.#stream.write(chunk);
    if (free) done();
    else this.#stream.once('drain', done);
  }

  override _final(done: () => void): void {
    this.#stream.end();
    done();
  }

  /** What was ended on both sides goes by itself, once everything has been acknowledged. */
  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    const isDone = error === null && this.readableEnded && this.writableFinished;
    if (!isDone) this.#stream.destroy();
    done(error);
  }
}
