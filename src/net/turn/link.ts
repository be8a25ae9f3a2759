/**
 * The way to a TURN server and back, frame by frame: over TCP, TLS or UDP (RFC 8656 §3.1). Effects through Io; what
 * frames mean is `connection.ts`.
 */
import type { ByteStream, Io, UdpSocket } from '../io/io.ts';
import { TURN } from '../path-timing.ts';
import { DecodeError } from '../wire/decode-error.ts';
import type { Endpoint } from '../wire/endpoint.ts';
import { familyOf } from '../wire/ip.ts';
import { frameLength } from './frame.ts';

export interface LinkReader {
  /** @returns whether it is the last one: what follows is not the server's */
  frame(frame: Uint8Array): boolean;
  /** Called once, not after `close`. */
  lost(reason: string): void;
}

export interface TurnLink {
  /** Nothing gets lost on it. */
  readonly isStream: boolean;
  setReader(reader: LinkReader): void;
  send(frame: Uint8Array): void;
  close(): void;
}

export interface LinkTask {
  readonly io: Io;
  readonly server: Endpoint;
  readonly transport: 'tcp' | 'udp' | 'tls';
  /** The name that its certificate must have, under TLS. */
  readonly host: string;
}

/** @throws Error where the server cannot be reached; the signal's reason */
export function openLink(task: LinkTask, signal: AbortSignal): Promise<TurnLink> {
  return task.transport === 'udp' ? openDatagrams(task) : openStream(task, signal);
}

/** As `openLink`, over TCP or TLS. */
export async function openStream(task: LinkTask, signal: AbortSignal): Promise<StreamLink> {
  const { io, server, transport, host } = task;
  const [done, late] = [new AbortController(), new AbortController()];
  void io.sleepUntil(io.now() + TURN.dial, done.signal).then(() => {
    if (!done.signal.aborted) late.abort(new Error('the relay does not answer'));
  });
  const stop = AbortSignal.any([signal, late.signal]);
  try {
    const stream = await io.dialTcp(null, server, stop);
    return new StreamLink(transport === 'tls' ? await io.serverTls(stream, host, stop) : stream);
  } finally {
    done.abort();
  }
}

export class StreamLink implements TurnLink {
  readonly isStream = true;
  readonly #stream: ByteStream;
  #reader: LinkReader | null = null;
  #received: Uint8Array = new Uint8Array(0);
  #isOver = false;

  constructor(stream: ByteStream) {
    this.#stream = stream;
  }

  setReader(reader: LinkReader): void {
    this.#reader = reader;
    this.#stream.setReader({
      data: (bytes) => this.#data(bytes),
      ended: () => this.#lose('the relay hung up'),
      closed: () => this.#lose('the connection to the relay is lost'),
      drained: () => undefined,
    });
  }

  send(frame: Uint8Array): void {
    if (!this.#isOver) this.#stream.write([frame]);
  }

  close(): void {
    this.#isOver = true;
    this.#stream.destroy();
  }

  /** After the last frame: the stream is somebody else's, what came behind that frame first. */
  release(): ByteStream {
    if (this.#received.length > 0) this.#stream.unread(this.#received);
    return this.#stream;
  }

  #data(bytes: Uint8Array): void {
    const all = this.#received.length === 0 ? bytes : new Uint8Array(Buffer.concat([this.#received, bytes]));
    let at = 0;
    try {
      while (!this.#isOver) {
        const rest = all.subarray(at);
        const length = frameLength(rest);
        if (length === null || rest.length < length) break;
        at += length;
        if (this.#reader?.frame(rest.subarray(0, length)) !== true) continue;
        this.#isOver = true;
        this.#stream.setReader(null);
      }
      this.#received = all.slice(at);
    } catch (error) {
      if (!(error instanceof DecodeError)) throw error;
      this.#stream.destroy();
      this.#lose(`the relay speaks something else: ${error.message}`);
    }
  }

  #lose(reason: string): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#reader?.lost(reason);
  }
}

/** Over UDP; that the server is not there shows only in that it does not answer. */
async function openDatagrams({ io, server }: LinkTask): Promise<TurnLink> {
  let reader: LinkReader | null = null;
  const socket: UdpSocket = await io.openUdp(anyPort(server), {
    datagram(data, from) {
      if (from.ip !== server.ip || from.port !== server.port) return;
      try {
        reader?.frame(data);
      } catch (error) {
        // Junk, which anybody may have sent in the server's name.
        if (!(error instanceof DecodeError)) throw error;
      }
    },
  });
  return {
    isStream: false,
    setReader: (next) => {
      reader = next;
    },
    send: (frame) => socket.send(frame, server),
    close: () => socket.close(),
  };
}

function anyPort({ ip }: Endpoint): Endpoint {
  return { ip: familyOf(ip) === 6 ? '::' : '0.0.0.0', port: 0 };
}
