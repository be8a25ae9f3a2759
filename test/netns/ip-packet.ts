/** Real IPv4 packets as a NAT sees and rewrites them: endpoints, TCP flags, checksums (RFC 791, 768, 9293). Pure. */

import type { NatPacket } from '../../src/lab/nat.ts';
import type { Endpoint } from '../../src/net/wire/endpoint.ts';

const PROTOCOLS = { 6: 'tcp', 17: 'udp' } as const;
const RST_ACK = 0x14;

/** null for what is no whole TCP or UDP packet of IPv4. */
export function parsePacket(bytes: Buffer): NatPacket | null {
  const start = headerLength(bytes);
  const proto = PROTOCOLS[bytes[9] as 6 | 17];
  if (start === null || proto === undefined || bytes.length < start + (proto === 'tcp' ? 20 : 8)) return null;
  const src = { ip: [...bytes.subarray(12, 16)].join('.'), port: bytes.readUInt16BE(start) };
  const dst = { ip: [...bytes.subarray(16, 20)].join('.'), port: bytes.readUInt16BE(start + 2) };
  if (proto === 'udp') return { proto, src, dst };
  const bits = bytes[start + 13] ?? 0;
  const flags = {
    fin: (bits & 1) !== 0,
    syn: (bits & 2) !== 0,
    rst: (bits & 4) !== 0,
    ack: (bits & 16) !== 0,
  };
  return { proto, src, dst, flags };
}

/** The same packet with other endpoints. */
export function rewritten(bytes: Buffer, src: Endpoint, dst: Endpoint): Buffer {
  const copy = Buffer.from(bytes);
  const start = headerLength(copy) ?? 20;
  copy.set(src.ip.split('.').map(Number), 12);
  copy.set(dst.ip.split('.').map(Number), 16);
  copy.writeUInt16BE(src.port, start);
  copy.writeUInt16BE(dst.port, start + 2);
  return checksummed(copy, start);
}

/** The RST that answers a SYN (RFC 9293 §3.10.7.1). */
export function resetOf(bytes: Buffer, { src, dst }: NatPacket): Buffer {
  const start = headerLength(bytes) ?? 20;
  const reset = Buffer.alloc(40);
  reset[0] = 0x45;
  reset.writeUInt16BE(40, 2);
  reset[8] = 64;
  reset[9] = 6;
  reset.writeUInt32BE((bytes.readUInt32BE(start + 4) + 1) >>> 0, 28);
  reset[32] = 0x50;
  reset[33] = RST_ACK;
  return rewritten(reset, dst, src);
}

function headerLength(bytes: Buffer): number | null {
  const first = bytes[0] ?? 0;
  const length = (first & 15) * 4;
  const isFragment = bytes.length >= 20 && (bytes.readUInt16BE(6) & 0x3fff) !== 0;
  return first >> 4 === 4 && length >= 20 && bytes.length >= length && !isFragment ? length : null;
}

function checksummed(bytes: Buffer, start: number): Buffer {
  bytes.writeUInt16BE(0, 10);
  bytes.writeUInt16BE(fold(sum(bytes.subarray(0, start), 0)), 10);
  const isTcp = bytes[9] === 6;
  const place = start + (isTcp ? 16 : 6);
  bytes.writeUInt16BE(0, place);
  const length = bytes.length - start;
  const pseudo = sum(bytes.subarray(12, 20), (bytes[9] ?? 0) + length);
  const checksum = fold(sum(bytes.subarray(start), pseudo));
  bytes.writeUInt16BE(checksum === 0 && !isTcp ? 0xffff : checksum, place);
  return bytes;
}

function sum(bytes: Buffer, from: number): number {
  let total = from;
  for (let i = 0; i + 1 < bytes.length; i += 2) total += bytes.readUInt16BE(i);
  return bytes.length % 2 === 1 ? total + ((bytes.at(-1) ?? 0) << 8) : total;
}

function fold(total: number): number {
  let value = total;
  while (value > 0xffff) value = (value & 0xffff) + Math.floor(value / 0x10000);
  return ~value & 0xffff;
}
