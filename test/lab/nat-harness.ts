/** What the NAT's tests send through it: packets from inside and from outside, in one word each. */

import { Nat, type NatFlags, type NatOptions, type Protocol } from '../../src/lab/nat.ts';
import type { Endpoint } from '../../src/net/wire/endpoint.ts';

export const SYN: NatFlags = { syn: true, ack: false, fin: false, rst: false };
export const ACK: NatFlags = { syn: false, ack: true, fin: false, rst: false };
export const FIN: NatFlags = { syn: false, ack: true, fin: true, rst: false };
export const RST: NatFlags = { syn: false, ack: false, fin: false, rst: true };

export const OUTSIDE = '198.51.100.1';
export const INSIDE = '192.168.1.2';
export const A1 = { ip: '203.0.113.1', port: 1000 };
export const A2 = { ip: '203.0.113.1', port: 2000 };
export const B1 = { ip: '203.0.113.9', port: 1000 };

export function natOf(options: NatOptions, external: string[] = [OUTSIDE], seed = 1): Nat {
  return new Nat(options, options.translates ? external : [], seed);
}

/** Sends from inside; the endpoint that the outside sees, or why not. */
export function out(nat: Nat, port: number, dst: Endpoint, how: How = {}): string {
  const { now = 0, proto = 'udp', ip = INSIDE, flags } = how;
  const packet = { proto, src: { ip, port }, dst, ...(flags && { flags }) };
  const verdict = nat.translateOut(packet, now);
  return verdict.kind === 'pass' ? `${verdict.src.ip}:${verdict.src.port}` : verdict.kind;
}

/** Sends from outside to an external endpoint; the inside endpoint that gets it, or why not. */
export function into(nat: Nat, external: string, src: Endpoint, how: How = {}): string {
  const { now = 0, proto = 'udp', flags } = how;
  const [ip = '', port = ''] = external.split(':');
  const verdict = nat.translateIn(
    { proto, src, dst: { ip, port: Number(port) }, ...(flags && { flags }) },
    now,
  );
  return verdict.kind === 'pass' ? `${verdict.dst.ip}:${verdict.dst.port}` : verdict.kind;
}

export interface How {
  now?: number;
  proto?: Protocol;
  ip?: string;
  flags?: NatFlags;
}

export const portOf = (text: string) => Number(text.split(':')[1]);
