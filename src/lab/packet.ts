/**
 * What travels through the simulated network. Endpoints are without scope; sequence numbers do not
 * wrap. Types and text only.
 */
import { type Endpoint, formatEndpoint } from '../net/wire/endpoint.ts';
import type { NatFlags } from './nat.ts';

interface IpPacket {
  readonly src: Endpoint;
  readonly dst: Endpoint;
  /** Routers it may still pass. */
  readonly ttl: number;
  readonly data: Uint8Array;
}

export interface UdpPacket extends IpPacket {
  readonly proto: 'udp';
}

export interface TcpPacket extends IpPacket {
  readonly proto: 'tcp';
  readonly flags: NatFlags;
  readonly seq: number;
  readonly ack: number;
  /** Bytes that the sender will take from `ack` on. */
  readonly window: number;
  /** Ranges received out of order (RFC 2018), as [first, behind last]. */
  readonly sack: readonly (readonly [number, number])[];
}

export type Packet = UdpPacket | TcpPacket;

export const DEFAULT_TTL = 64;
export const NO_DATA = new Uint8Array(0);

/** The sequence numbers that a segment takes: its bytes, SYN and FIN. */
export function sequenceLength(packet: TcpPacket): number {
  return packet.data.length + (packet.flags.syn ? 1 : 0) + (packet.flags.fin ? 1 : 0);
}

/** The RST that answers a segment nobody wants (RFC 9293 §3.10.7.1); null for one that is an RST itself. */
export function resetFor(packet: TcpPacket): TcpPacket | null {
  if (packet.flags.rst) return null;
  const hasAck = packet.flags.ack;
  return {
    proto: 'tcp',
    src: packet.dst,
    dst: packet.src,
    ttl: DEFAULT_TTL,
    data: NO_DATA,
    flags: { syn: false, ack: !hasAck, fin: false, rst: true },
    seq: hasAck ? packet.ack : 0,
    ack: hasAck ? 0 : packet.seq + sequenceLength(packet),
    window: 0,
    sack: [],
  };
}

/** `tcp 192.0.2.1:5 > 192.0.2.2:80 SA 0 1`: flags, bytes, for traces. */
export function describePacket(packet: Packet): string {
  const ends = `${packet.proto} ${formatEndpoint(packet.src)} > ${formatEndpoint(packet.dst)}`;
  if (packet.proto === 'udp') return `${ends} ${packet.data.length}`;
  const { syn, ack, fin, rst } = packet.flags;
  const flags = `${syn ? 'S' : ''}${fin ? 'F' : ''}${rst ? 'R' : ''}${ack ? 'A' : ''}`;
  return `${ends} ${flags} seq ${packet.seq} ack ${packet.ack} ${packet.data.length}`;
}
