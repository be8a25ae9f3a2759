/**
 * One local UDP port of a punch: STUN questions, probes, and the stream of the pipe that may follow, all on
 * one socket, for a NAT gives another port to another. Effects through Io; what is sent when is `exchange.ts`.
 */
import { onAbort } from '../abort.ts';
import type { Lane } from '../connect/trace.ts';
import type { ByteStream, DatagramReader, Io, StreamUdpSocket } from '../io/io.ts';
import { createUdpAsker, type UdpAsker } from '../stun/ask.ts';
import type { StunAnswer } from '../stun/transaction.ts';
import { DecodeError } from '../wire/decode-error.ts';
import { type Endpoint, formatEndpoint } from '../wire/endpoint.ts';
import { createExchange, type ExchangeEffect, type ExchangeInput, lossOf, stepExchange } from './exchange.ts';
import type { PunchRole } from './flows.ts';
import { decodeProbe, encodeProbe, type Probe } from './probe.ts';

/** A punch that plays on a port. */
export interface PortPlay {
  readonly role: PunchRole;
  /** Of `probeKey`. */
  readonly key: Uint8Array;
  readonly lane: Pick<Lane, 'sent' | 'received' | 'seen'>;
  readonly heard: (port: UdpPort, remote: Endpoint) => void;
  /** The peer has chosen a path; `stream` is our end of it. */
  readonly chosen: (stream: ByteStream, port: UdpPort) => void;
  readonly signal: AbortSignal;
}

/** What was measured of a path by probes. */
export interface Quality {
  /** ms; null = nothing was answered. */
  readonly rtt: number | null;
  /** 0 to 1. */
  readonly loss: number;
}

/** A stream's number is drawn below this: 0 is none. */
const MAX_STREAM = 0xffff_fffe;

export class UdpPort {
  readonly #io: Io;
  readonly #asker: UdpAsker;
  #socket: StreamUdpSocket | null = null;
  #play: PortPlay | null = null;
  #stop = AbortSignal.abort();
  #state = createExchange('caller', 1);
  /** Streams of the peer on their paths, by remote. */
  readonly #peers = new Map<string, number>();
  /** The path that the peer has chosen, and what goes by it. */
  #chosen: { readonly key: string; readonly stream: ByteStream } | null = null;
  #rtt: number | null = null;

  private constructor(io: Io) {
    this.#io = io;
    this.#asker = createUdpAsker(io, (data, remote) => this.#socket?.send(data, remote));
  }

  /** @throws the system's error; an Error where there is nothing to make streams over UDP with */
  static open(io: Io, local: Endpoint): Promise<UdpPort> {
    return UdpPort.over(io, (reader) => io.openStreamUdp(local, reader));
  }

  /** The same over any such socket. @param open may throw */
  static async over(io: Io, open: (reader: DatagramReader) => Promise<StreamUdpSocket>): Promise<UdpPort> {
    const port = new UdpPort(io);
    const { datagram, failed } = port.#asker;
    port.#socket = await open({
      datagram: (data, from) => {
        const [first = 0] = data;
        if (first <= 3) datagram(data, from);
        else port.#receive(data, from);
      },
      failed,
    });
    return port;
  }

  /** As of the exchange: what was measured so far. */
  get quality(): Quality {
    return { rtt: this.#rtt, loss: lossOf(this.#state, this.#io.now(), this.#rtt ?? 0) };
  }

  get port(): number {
    return this.#socket?.local.port ?? 0;
  }

  /** Asks a STUN server how it sees this port. Throws as `StunAsker.ask`. */
  ask(server: Endpoint, deadline: number, signal: AbortSignal): Promise<StunAnswer> {
    return this.#asker.ask(server, deadline, signal);
  }

  /** Begins; the port closes with the play, but for the stream that goes by it. */
  play(play: PortPlay): void {
    this.#play = play;
    this.#state = createExchange(play.role, 1 + (drawOf(this.#io) % MAX_STREAM));
    this.#stop = AbortSignal.any([play.signal]);
    onAbort(play.signal, () => this.close());
  }

  /** @param pace ms between two hellos; null = the punch's own */
  aim(remotes: readonly Endpoint[], pace: number | null = null): void {
    this.#step({ kind: 'aim', remotes, pace });
  }

  /** @param ttl routers that it may pass; null = all */
  once(remotes: readonly Endpoint[], ttl: number | null = null): void {
    this.#step({ kind: 'once', remotes, ttl });
  }

  /** Tells the peer that the pipe goes by this path. @returns our end of its stream */
  choose(remote: Endpoint): ByteStream | null {
    const peer = this.#peers.get(formatEndpoint(remote));
    if (peer === undefined || this.#socket === null) return null;
    this.#step({ kind: 'choose', remote });
    return this.#socket.openStream(remote, { own: this.#state.stream, peer });
  }

  close(): void {
    this.#play = null;
    this.#socket?.close();
    this.#socket = null;
  }

  #receive(data: Uint8Array, from: Endpoint): void {
    const probe = this.#play === null ? null : probeOf(data, this.#play.key);
    if (probe === null) return;
    this.#play?.lane.received(from.port);
    this.#step({ kind: 'probe', probe, from });
  }

  #step(input: ExchangeInput): void {
    if (this.#play === null) return;
    const before = this.#state.wakeAt;
    const { state, effects } = stepExchange(this.#state, input, this.#io.now());
    this.#state = state;
    for (const effect of effects) this.#perform(effect);
    if (this.#state.wakeAt !== before) void this.#wakeAt(this.#state.wakeAt);
  }

  async #wakeAt(at: number): Promise<void> {
    const signal = this.#stop;
    if (at === Number.POSITIVE_INFINITY) return;
    await this.#io.sleepUntil(at, signal);
    // Another one may have taken its place.
    if (!signal.aborted && this.#state.wakeAt === at) this.#step({ kind: 'tick' });
  }

  #perform(effect: ExchangeEffect): void {
    const play = this.#play;
    if (play === null) return;
    switch (effect.kind) {
      case 'send':
        play.lane.sent();
        this.#socket?.send(encodeProbe(effect.probe, play.key), effect.remote, effect.ttl ?? undefined);
        break;
      case 'heard':
        this.#peers.set(formatEndpoint(effect.remote), effect.stream);
        play.heard(this, effect.remote);
        break;
      case 'chosen':
        this.#follow(effect.remote, effect.stream);
        break;
      case 'measured':
        this.#rtt = Math.min(effect.rtt, this.#rtt ?? effect.rtt);
        if (effect.seen !== null && this.#socket !== null)
          play.lane.seen({
            local: this.#socket.local,
            by: effect.by,
            mapped: effect.seen,
            rtt: effect.rtt,
          });
        break;
    }
  }

  /** The peer's newest choice counts: whatever it chose before has come to nothing. */
  #follow(remote: Endpoint, peer: number): void {
    const key = `${formatEndpoint(remote)} ${peer}`;
    const isOurs = this.#state.role === 'answerer';
    if (this.#chosen?.key === key || this.#socket === null || isOurs) return;
    this.#chosen?.stream.destroy();
    const stream = this.#socket.openStream(remote, { own: this.#state.stream, peer });
    this.#chosen = { key, stream };
    this.#play?.chosen(stream, this);
  }
}

/** null for whatever is no probe of the peer: a stranger's, or a packet that came late. */
function probeOf(data: Uint8Array, key: Uint8Array): Probe | null {
  try {
    return decodeProbe(data, key);
  } catch (error) {
    if (error instanceof DecodeError) return null;
    throw error;
  }
}

function drawOf(io: Io): number {
  const bytes = io.randomBytes(4);
  return new DataView(bytes.buffer, bytes.byteOffset).getUint32(0);
}
