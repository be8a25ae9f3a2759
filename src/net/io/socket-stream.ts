/**
 * A Node socket (TCP or TLS, or a stream over UDP) as a ByteStream. Effects only: no protocol, no decision.
 */
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { TLSSocket } from 'node:tls';
import type { Endpoint } from '../wire/endpoint.ts';
import { canonicalIp } from '../wire/ip.ts';
import type { ByteStream, StreamReader } from './io.ts';

/** Between whom a stream goes, and by what. */
export type StreamEnds = Pick<ByteStream, 'local' | 'remote' | 'transport'>;

export class SocketStream implements ByteStream {
  readonly transport: 'tcp' | 'udp';
  readonly local: Endpoint;
  readonly remote: Endpoint;
  readonly socket: Duplex;
  #reader: StreamReader | null = null;
  #error: Error | null = null;
  #ended = false;
  #closed = false;
  /** What took the socket over, if anything did. */
  #successor: { destroy(): unknown } | null = null;

  /** @param ends of the connection: a TLS socket knows its own only while it is open */
  constructor(socket: Duplex, ends: StreamEnds) {
    this.socket = socket;
    this.transport = ends.transport;
    this.local = ends.local;
    this.remote = ends.remote;
    socket.pause();
    socket.on('data', this.#onData);
    socket.on('end', this.#onEnd);
    socket.on('error', this.#onError);
    socket.on('close', this.#onClose);
    socket.on('drain', this.#onDrain);
  }

  setReader(reader: StreamReader | null): void {
    this.#reader = reader;
    if (reader === null || reader.isPaused === true) this.socket.pause();
    else if (!(this.#closed || this.#ended)) this.socket.resume();
    if (reader !== null && (this.#closed || this.#ended)) queueMicrotask(() => this.#catchUp(reader));
  }

  unread(bytes: Uint8Array): void {
    if (bytes.length > 0 && !this.socket.destroyed) this.socket.unshift(bytes);
  }

  write(chunks: readonly Uint8Array[]): boolean {
    if (this.socket.destroyed || this.socket.writableEnded) return true;
    this.socket.cork();
    for (const chunk of chunks) this.socket.write(chunk);
    this.socket.uncork();
    return !this.socket.writableNeedDrain;
  }

  end(): void {
    this.socket.end();
  }

  /** A socket under TLS is never destroyed itself: Node 20 crashes when its TLS is still reading. */
  destroy(): void {
    (this.#successor ?? this.socket).destroy();
  }

  /** Lets go of the socket, for TLS to take over what it carries. */
  handOver(takeOver: (socket: Duplex) => TLSSocket): TLSSocket {
    this.socket.removeListener('data', this.#onData);
    this.socket.removeListener('end', this.#onEnd);
    this.socket.removeListener('close', this.#onClose);
    this.socket.removeListener('drain', this.#onDrain);
    const successor = takeOver(this.socket);
    this.#successor = successor;
    return successor;
  }

  readonly #onData = (chunk: Uint8Array): void => {
    if (this.#reader === null || this.#reader.isPaused === true) this.socket.unshift(chunk);
    else this.#reader.data(chunk);
  };

  readonly #onEnd = (): void => {
    this.#ended = true;
    this.#reader?.ended();
  };

  readonly #onError = (error: Error): void => {
    if (this.#successor === null) this.#error ??= error;
  };

  readonly #onDrain = (): void => this.#reader?.drained();

  readonly #onClose = (): void => {
    this.#closed = true;
    this.#reader?.closed(this.#error);
    this.#reader = null;
  };

  /** Tells a reader who came late what it missed. */
  #catchUp(reader: StreamReader): void {
    if (this.#reader !== reader) return;
    if (this.#ended) reader.ended();
    if (this.#closed && this.#reader === reader) this.#onClose();
  }
}

/** The two ends of a connected socket. */
export function endsOf(socket: Socket): StreamEnds {
  return {
    transport: 'tcp',
    local: { ip: canonicalIp(socket.localAddress ?? '') ?? '0.0.0.0', port: socket.localPort ?? 0 },
    remote: { ip: canonicalIp(socket.remoteAddress ?? '') ?? '0.0.0.0', port: socket.remotePort ?? 0 },
  };
}
