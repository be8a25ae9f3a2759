/**
 * The stand-in for `udx-native`: a UDP socket of a simulated machine that also carries ordered, reliable
 * streams. Cumulative acknowledgements, a window of a fixed size, the oldest packet sent again when its time
 * is up or three acknowledgements repeat themselves. No congestion control.
 */

import type {
  ByteStream,
  CarriedUdpSocket,
  DatagramCarrier,
  DatagramReader,
  StreamReader,
  StreamUdpSocket,
} from '../net/io/io.ts';
import type { Endpoint } from '../net/wire/endpoint.ts';
import { Reader } from '../net/wire/reader.ts';
import { Writer } from '../net/wire/writer.ts';

import type { Host } from './host.ts';
import { PurposeTimer } from './tcp-timer.ts';
import { ReaderQueue } from './virtual-stream.ts';

const MAGIC = 0xff;
const TYPES = { data: 1, ack: 2, reset: 3 } as const;
const HEADER = 10;
const MAX_PAYLOAD = 1_200;
const WINDOW = 256;
const FIRST_RTO = 250;
const MAX_RESENDS = 10;
const HIGH_WATER_MARK = 256 * 1024;

type Send = (type: number, number: number, payload: Uint8Array) => void;

export function openStreamUdp(host: Host, local: Endpoint, reader: DatagramReader): StreamUdpSocket {
  const binding = host.bindUdp(local, (data, from) => socket.deliver(data, from));
  const way = {
    local: binding.local,
    send: (data: Uint8Array, remote: Endpoint, ttl?: number) =>
      void host.sendUdp(binding.local, remote, data, ttl),
    closed: binding.close,
  };
  const socket = streamsOver(host, way, reader);
  return socket;
}

interface Way extends DatagramCarrier {
  send(data: Uint8Array, remote: Endpoint, ttl?: number): void;
}

/** The socket itself, whatever carries its datagrams. */
export function streamsOver(host: Host, way: Way, reader: DatagramReader): CarriedUdpSocket {
  const streams = new Map<number, UdxStream>();
  let closing = false;
  const closeIfIdle = () => {
    if (closing && streams.size === 0) way.closed();
  };
  return {
    local: way.local,
    deliver(data, from) {
      const stream = data[0] === MAGIC && data.length >= HEADER ? streams.get(idOf(data)) : undefined;
      if (stream !== undefined) stream.receive(data, from);
      else if (!closing) reader.datagram(data, from);
    },
    send(data, remote, ttl) {
      if (!closing) way.send(data, remote, ttl);
    },
    openStream(remote, ids): ByteStream {
      const send: Send = (type, number, payload) => {
        const packet = new Writer(HEADER + payload.length);
        packet.u8(MAGIC).u8(type).u32(ids.peer).u32(number).bytes(payload);
        way.send(packet.finish(), remote);
      };
      const gone = () => {
        streams.delete(ids.own);
        closeIfIdle();
      };
      const stream = new UdxStream(host, { local: way.local, remote }, send, gone);
      streams.set(ids.own, stream);
      return stream;
    },
    close() {
      closing = true;
      closeIfIdle();
    },
  };
}

/** Whom a packet is for. */
function idOf(data: Uint8Array): number {
  return new Reader(data.subarray(2)).u32('stream');
}

class UdxStream implements ByteStream {
  readonly transport = 'udp';
  readonly local: Endpoint;
  readonly remote: Endpoint;
  readonly #send: Send;
  readonly #gone: () => void;
  readonly #queue = new ReaderQueue();
  readonly #timer: PurposeTimer<'resend'>;
  /** What was sent and not acknowledged, in order; an empty one is the end. */
  readonly #flying: Uint8Array[] = [];
  readonly #waiting: Uint8Array[] = [];
  #bytesWaiting = 0;
  #first = 0;
  #repeats = 0;
  #resends = 0;
  #expected = 0;
  readonly #early = new Map<number, Uint8Array>();
  #ending = false;
  #theirEnd = false;
  #over = false;
  #needsDrain = false;

  constructor(host: Host, ends: { local: Endpoint; remote: Endpoint }, send: Send, gone: () => void) {
    this.local = ends.local;
    this.remote = ends.remote;
    this.#send = send;
    this.#gone = gone;
    this.#timer = new PurposeTimer(host.network.clock, () => this.#resend());
  }

  setReader(reader: StreamReader | null): void {
    this.#queue.setReader(reader);
  }

  unread(bytes: Uint8Array): void {
    this.#queue.giveBack(bytes);
  }

  write(chunks: readonly Uint8Array[]): boolean {
    if (this.#ending || this.#over) return true;
    const bytes = Buffer.concat(chunks);
    for (let at = 0; at < bytes.length; at += MAX_PAYLOAD) this.#push(bytes.subarray(at, at + MAX_PAYLOAD));
    this.#fill();
    this.#needsDrain = this.#bytesWaiting >= HIGH_WATER_MARK;
    return !this.#needsDrain;
  }

  end(): void {
    if (this.#ending || this.#over) return;
    this.#ending = true;
    this.#push(new Uint8Array(0));
    this.#fill();
  }

  destroy(): void {
    if (this.#over) return;
    this.#send(TYPES.reset, 0, new Uint8Array(0));
    this.#close(null, true);
  }

  receive(data: Uint8Array, from: Endpoint): void {
    if (this.#over || from.ip !== this.remote.ip || from.port !== this.remote.port) return;
    const reader = new Reader(data.subarray(1));
    const type = reader.u8('type');
    reader.u32('stream');
    const number = reader.u32('number');
    if (type === TYPES.reset) this.#close(new Error('reset by the other side'), false);
    else if (type === TYPES.ack) this.#acknowledged(number);
    else if (type === TYPES.data) this.#take(number, data.subarray(HEADER));
  }

  #push(bytes: Uint8Array): void {
    this.#waiting.push(bytes);
    this.#bytesWaiting += bytes.length;
  }

  #fill(): void {
    while (this.#flying.length < WINDOW) {
      const next = this.#waiting.shift();
      if (next === undefined) break;
      this.#bytesWaiting -= next.length;
      this.#send(TYPES.data, this.#first + this.#flying.length, next);
      this.#flying.push(next);
    }
    if (this.#flying.length > 0 && this.#timer.purpose === null) this.#timer.arm('resend', FIRST_RTO);
  }

  #resend(): void {
    const [oldest] = this.#flying;
    if (oldest === undefined || this.#over) return;
    if (++this.#resends > MAX_RESENDS) {
      this.#close(new Error('ETIMEDOUT'), false);
      return;
    }
    this.#send(TYPES.data, this.#first, oldest);
    this.#timer.arm('resend', FIRST_RTO * 2 ** Math.min(4, this.#resends));
  }

  #acknowledged(next: number): void {
    if (next === this.#first && this.#flying.length > 0 && ++this.#repeats === 3) this.#resend();
    if (next <= this.#first) return;
    this.#repeats = 0;
    this.#resends = 0;
    this.#flying.splice(0, next - this.#first);
    this.#first = next;
    this.#timer.disarm();
    this.#fill();
    if (this.#needsDrain && this.#bytesWaiting === 0) {
      this.#needsDrain = false;
      this.#queue.drain();
    }
    this.#closeIfDone();
  }

  #take(number: number, bytes: Uint8Array): void {
    if (number >= this.#expected) this.#early.set(number, new Uint8Array(bytes));
    for (let next = this.#early.get(this.#expected); next !== undefined; ) {
      this.#early.delete(this.#expected++);
      if (next.length > 0) this.#queue.push(next);
      else {
        this.#theirEnd = true;
        this.#queue.end();
      }
      next = this.#early.get(this.#expected);
    }
    this.#send(TYPES.ack, this.#expected, new Uint8Array(0));
    this.#closeIfDone();
  }

  #closeIfDone(): void {
    const isSent = this.#ending && this.#flying.length === 0 && this.#waiting.length === 0;
    if (isSent && this.#theirEnd) this.#close(null, false);
  }

  #close(error: Error | null, drop: boolean): void {
    if (this.#over) return;
    this.#over = true;
    this.#timer.cancel();
    this.#queue.close(error, drop);
    this.#gone();
  }
}
