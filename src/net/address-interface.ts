/**
 * One entry of an address: an interface and family, its port, inner and outer addresses, and what
 * is known of the NAT in front of it (docs/wire.md, "Address"). Codec only.
 */
import { DecodeError } from './wire/decode-error.ts';
import type { Family } from './wire/endpoint.ts';
import { bytesToIp, familyOf, ipToBytes, reachOf } from './wire/ip.ts';
import type { Reader } from './wire/reader.ts';
import type { Writer } from './wire/writer.ts';

/** What is known of a NAT for one transport; null = not checked. */
export interface NatFacts {
  /** 1 open internet … 7 blocked. */
  readonly type: number | null;
  /** Ports between successive mappings: 1 not applicable … 6 random. */
  readonly delta: { readonly type: number | null; readonly value: number };
  /** Lowest and highest port that mappings were seen on. */
  readonly range: readonly [number, number];
}

export interface AddressInterface {
  /** Entries of one interface share its number, 0 to 255. */
  readonly number: number;
  readonly family: Family;
  /** Whether the machine's default route of this family leaves here. */
  readonly defaultRoute: boolean;
  /** The port that the node listens on. */
  readonly port: number;
  /** The interface's own addresses, best first, 1 to 15. */
  readonly inner: readonly string[];
  /** How the Internet sees it, 0 to 15; empty = not known. */
  readonly outer: readonly string[];
  /** Where the router lets others in to the node's port, at the first outer address; null: nowhere that is known. */
  readonly mappedPort: number | null;
  readonly udp: NatFacts | null;
  readonly tcp: NatFacts | null;
}

const FLAG_IPV6 = 1;
const FLAG_DEFAULT_ROUTE = 2;
const FLAG_UDP = 4;
const FLAG_TCP = 8;
const FLAG_MAPPED = 16;
const MAX_IPS = 15;

export function encodeInterface(writer: Writer, entry: AddressInterface): void {
  const inner = entry.inner.slice(0, MAX_IPS);
  const outer = entry.outer.slice(0, MAX_IPS);
  writer.u8(
    (entry.family === 6 ? FLAG_IPV6 : 0) |
      (entry.defaultRoute ? FLAG_DEFAULT_ROUTE : 0) |
      (entry.udp === null ? 0 : FLAG_UDP) |
      (entry.tcp === null ? 0 : FLAG_TCP) |
      (entry.mappedPort === null ? 0 : FLAG_MAPPED),
  );
  writer
    .u8(entry.number)
    .u16(entry.port)
    .u8((inner.length << 4) | outer.length);
  for (const ip of [...inner, ...outer]) writer.bytes(bytesOf(ip, entry.family));
  if (entry.mappedPort !== null) writer.u16(entry.mappedPort);
  for (const facts of [entry.udp, entry.tcp]) if (facts !== null) encodeFacts(writer, facts);
}

/** @throws DecodeError naming the part of the entry */
export function decodeInterface(reader: Reader, place: string): AddressInterface {
  const flags = reader.u8(place);
  if (flags > 31) throw new DecodeError(place, `flags ${flags} are unknown`);
  const family: Family = flags & FLAG_IPV6 ? 6 : 4;
  const number = reader.u8(place);
  const port = reader.u16(`port of ${place}`);
  if (port === 0) throw new DecodeError(`port of ${place}`, '0 cannot be connected to');
  const counts = reader.u8(place);
  if (counts >> 4 === 0) throw new DecodeError(place, 'has no address');
  const inner = decodeIps(reader, counts >> 4, family, `inner address of ${place}`);
  const outer = decodeIps(reader, counts & 15, family, `outer address of ${place}`);
  const mappedPort = flags & FLAG_MAPPED ? decodeMapped(reader, outer, place) : null;
  const udp = flags & FLAG_UDP ? decodeFacts(reader, `UDP NAT of ${place}`) : null;
  const tcp = flags & FLAG_TCP ? decodeFacts(reader, `TCP NAT of ${place}`) : null;
  return {
    number,
    family,
    defaultRoute: (flags & FLAG_DEFAULT_ROUTE) !== 0,
    port,
    inner,
    outer,
    mappedPort,
    udp,
    tcp,
  };
}

function decodeMapped(reader: Reader, outer: readonly string[], place: string): number {
  const port = reader.u16(`mapped port of ${place}`);
  if (port === 0 || outer.length === 0) throw new DecodeError(`mapped port of ${place}`, 'leads nowhere');
  return port;
}

function decodeIps(reader: Reader, count: number, family: Family, place: string): string[] {
  return Array.from({ length: count }, () => {
    const ip = bytesToIp(reader.bytes(family === 4 ? 4 : 16, place));
    if (reachOf(ip) === 'unusable') throw new DecodeError(place, `${ip} is no address of a machine`);
    return ip;
  });
}

function bytesOf(ip: string, family: Family): Uint8Array {
  const bytes = ipToBytes(ip);
  if (bytes === null || familyOf(ip) !== family) throw new RangeError(`${ip} is no IPv${family} address`);
  return bytes;
}

function encodeFacts(writer: Writer, facts: NatFacts): void {
  writer.u8((facts.type ?? 0) | ((facts.delta.type ?? 0) << 3));
  writer.i16(facts.delta.value).u16(facts.range[0]).u16(facts.range[1]);
}

function decodeFacts(reader: Reader, place: string): NatFacts {
  const types = reader.u8(place);
  const delta = types >> 3;
  if (delta > 6) throw new DecodeError(place, `delta type ${delta} is unknown`);
  const value = reader.i16(place);
  const range: [number, number] = [reader.u16(place), reader.u16(place)];
  if (range[0] > range[1]) throw new DecodeError(place, 'its port range is upside down');
  return { type: types & 7 || null, delta: { type: delta || null, value }, range };
}
