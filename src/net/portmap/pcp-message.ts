/** PCP packets (RFC 6887 §7, §11): a request of 24 bytes, with a MAP of 36 more. Codec only. */
import { DecodeError } from '../wire/decode-error.ts';
import { bytesToIp, canonicalIp, familyOf, ipToBytes } from '../wire/ip.ts';
import { Reader } from '../wire/reader.ts';
import { Writer } from '../wire/writer.ts';

const VERSION = 2;
const ANNOUNCE = 0;
const MAP = 1;
const RESPONSE = 128;
const TCP = 6;
export const PCP_NONCE = 12;
/** RFC 6887 §7: longer packets are dropped. */
const MAX_PACKET = 1_100;
const V4_PREFIX = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff] as const;

export interface PcpMapQuestion {
  /** Own address, as the router sees it. */
  readonly client: string;
  /** 12 bytes that no one else knows: who has them may change the mapping. */
  readonly nonce: Uint8Array;
  readonly internalPort: number;
  /** Asked for. */
  readonly externalPort: number;
  /** s; 0: gives it back. */
  readonly lifetime: number;
}

export type PcpAnswer =
  | { readonly kind: 'refused'; readonly result: number; readonly reason: string }
  | { readonly kind: 'announce' }
  | {
      readonly kind: 'map';
      readonly nonce: Uint8Array;
      readonly internalPort: number;
      readonly externalPort: number;
      readonly ip: string;
      /** s. */
      readonly lifetime: number;
    };

/** The router speaks NAT-PMP, or another version of PCP. */
export const UNSUPPORTED_VERSION = 1;

/** RFC 6887 §7.4. */
const RESULTS: Readonly<Record<number, string>> = {
  1: 'the router does not speak PCP of this version',
  2: 'the router does not allow mappings',
  3: 'the router does not understand the request',
  4: 'the router does not know the request',
  5: 'the router does not know an option',
  6: 'the router does not understand an option',
  7: 'the router itself has no network',
  8: 'the router has no room for more mappings',
  9: 'the router maps no TCP',
  10: 'this machine has as many mappings as the router grants',
  11: 'the router cannot give that port',
  12: 'there is another NAT between us and the router',
  13: 'the router allows no mapping for others',
};

/** Asks whether PCP is spoken, and nothing else (§14.1). */
export function encodePcpAnnounce(client: string): Uint8Array {
  return header(ANNOUNCE, 0, client).finish();
}

export function encodePcpMap(question: PcpMapQuestion): Uint8Array {
  const { client, nonce, internalPort, externalPort, lifetime } = question;
  const anyone = familyOf(client) === 4 ? '0.0.0.0' : '::';
  return header(MAP, lifetime, client)
    .bytes(nonce)
    .u8(TCP)
    .bytes(new Uint8Array(3))
    .u16(internalPort)
    .u16(lifetime === 0 ? 0 : externalPort)
    .bytes(ipBytes(anyone))
    .finish();
}

/** @throws DecodeError */
export function decodePcp(bytes: Uint8Array): PcpAnswer {
  if (bytes.length > MAX_PACKET) throw new DecodeError('packet', 'is too long');
  const reader = new Reader(bytes);
  const version = reader.u8('version');
  const operation = reader.u8('operation') - RESPONSE;
  if (version === 0 && operation >= 0) return refusal(UNSUPPORTED_VERSION);
  if (version !== VERSION) throw new DecodeError('version', `${version} is not PCP`);
  if (operation !== ANNOUNCE && operation !== MAP) throw new DecodeError('operation', 'is no answer to ours');
  reader.u8('reserved');
  const result = reader.u8('result');
  const lifetime = reader.u32('lifetime');
  reader.u32('epoch');
  reader.bytes(12, 'reserved');
  if (result !== 0) return refusal(result);
  if (operation === ANNOUNCE) return { kind: 'announce' };
  const nonce = reader.bytes(PCP_NONCE, 'nonce');
  if (reader.u8('protocol') !== TCP) throw new DecodeError('protocol', 'is not TCP');
  reader.bytes(3, 'reserved');
  const internalPort = reader.u16('internal port');
  const externalPort = reader.u16('external port');
  const ip = ipOf(reader.bytes(16, 'address'));
  return { kind: 'map', nonce, internalPort, externalPort, ip, lifetime };
}

function header(operation: number, lifetime: number, client: string): Writer {
  return new Writer().u8(VERSION).u8(operation).u16(0).u32(lifetime).bytes(ipBytes(client));
}

function refusal(result: number): PcpAnswer {
  return { kind: 'refused', result, reason: RESULTS[result] ?? `the router says ${result}` };
}

/** 16 bytes: an IPv4 address is mapped into IPv6 (RFC 4291 §2.5.5.2). */
function ipBytes(ip: string): Uint8Array {
  const bytes = ipToBytes(ip);
  if (bytes === null) throw new RangeError(`${ip} is no address`);
  return bytes.length === 16 ? bytes : new Uint8Array([...V4_PREFIX, ...bytes]);
}

function ipOf(bytes: Uint8Array): string {
  const isV4 = V4_PREFIX.every((byte, i) => bytes[i] === byte);
  const ip = canonicalIp(bytesToIp(isV4 ? bytes.slice(12) : bytes));
  if (ip === null) throw new DecodeError('address', 'is none');
  return ip;
}
