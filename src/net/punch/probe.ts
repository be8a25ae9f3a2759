/**
 * The datagrams of a UDP punch, 52 bytes each (docs/wire.md, "Probes"). Their code is keyed by what only
 * the two nodes can compute, for this one pipe: nobody else can make either side answer. Codec only.
 */
import { createHmac, hkdfSync, timingSafeEqual } from 'node:crypto';
import { DecodeError } from '../wire/decode-error.ts';
import type { Endpoint } from '../wire/endpoint.ts';
import { bytesToIp, familyOf, ipToBytes } from '../wire/ip.ts';
import { Reader } from '../wire/reader.ts';
import { Writer } from '../wire/writer.ts';
import type { PunchRole } from './flows.ts';

/** Neither STUN (RFC 7983: 0 to 3) nor a stream's packets (0xff). */
const MAGIC = 0xd2;
const VERSION = 1;
const KINDS = { hello: 1, heard: 2, chosen: 3 } as const;
const ROLES = { caller: 1, answerer: 2 } as const;
const CODE_LENGTH = 16;
const BODY = 36;
const LENGTH = BODY + CODE_LENGTH;
const KEY_INFO = new TextEncoder().encode('p2pd-demo probe 1\0');

export interface Probe {
  /** hello opens filters · heard answers one · chosen answers it too: the pipe's stream follows on this path. */
  readonly kind: keyof typeof KINDS;
  readonly role: PunchRole;
  /** Counts the sender's probes from one socket, from 1 on. */
  readonly number: number;
  /** Of the hello that is answered; 0 in a hello. */
  readonly echo: number;
  /** By what the sender will tell the stream's packets from others. */
  readonly stream: number;
  /** Where the probe that is answered came from; null in a hello. */
  readonly seen: Endpoint | null;
}

/** @param secret what the two nodes share (ECDH) */
export function probeKey(secret: Uint8Array, pipeId: Uint8Array): Uint8Array {
  const info = new Writer().bytes(KEY_INFO).bytes(pipeId).finish();
  return new Uint8Array(hkdfSync('sha256', secret, new Uint8Array(0), info, 32));
}

export function encodeProbe(probe: Probe, key: Uint8Array): Uint8Array {
  const { seen } = probe;
  const ip = seen === null ? new Uint8Array(0) : (ipToBytes(seen.ip) ?? new Uint8Array(0));
  const body = new Writer(LENGTH)
    .u8(MAGIC)
    .u8(VERSION)
    .u8(KINDS[probe.kind])
    .u8(ROLES[probe.role])
    .u32(probe.number)
    .u32(probe.echo)
    .u32(probe.stream)
    .u16(ip.length)
    .u16(seen?.port ?? 0)
    .bytes(ip)
    .bytes(new Uint8Array(16 - ip.length))
    .finish();
  return new Writer(LENGTH).bytes(body).bytes(codeOf(body, key)).finish();
}

/** @throws DecodeError for anything that the other side cannot have sent */
export function decodeProbe(bytes: Uint8Array, key: Uint8Array): Probe {
  if (bytes.length !== LENGTH) throw new DecodeError('probe', `${bytes.length} bytes instead of ${LENGTH}`);
  const body = bytes.subarray(0, BODY);
  if (!timingSafeEqual(codeOf(body, key), bytes.subarray(BODY)))
    throw new DecodeError('code', 'is not by the peer');
  const reader = new Reader(body);
  if (reader.u8('magic') !== MAGIC || reader.u8('version') !== VERSION)
    throw new DecodeError('probe', 'is of another version');
  const kind = nameOf(KINDS, reader.u8('kind'), 'kind');
  const role = nameOf(ROLES, reader.u8('role'), 'role');
  const [number, echo, stream] = [reader.u32('number'), reader.u32('echo'), reader.u32('stream')];
  const [length, port] = [reader.u16('address length'), reader.u16('port')];
  const address = reader.bytes(16, 'address');
  if (length !== 0 && length !== 4 && length !== 16) throw new DecodeError('address length', `is ${length}`);
  if (address.subarray(length).some((byte) => byte !== 0))
    throw new DecodeError('address', 'is not filled up');
  if ((length === 0) !== (kind === 'hello') || (port === 0) !== (kind === 'hello'))
    throw new DecodeError('probe', 'tells what it saw only in an answer');
  const seen = length === 0 ? null : { ip: bytesToIp(address.subarray(0, length)), port };
  if (seen !== null && (familyOf(seen.ip) === 4) !== (length === 4))
    throw new DecodeError('address', 'is one of the other family');
  return { kind, role, number, echo, stream, seen };
}

function codeOf(body: Uint8Array, key: Uint8Array): Uint8Array {
  return createHmac('sha256', key).update(body).digest().subarray(0, CODE_LENGTH);
}

function nameOf<T extends string>(codes: Readonly<Record<T, number>>, code: number, place: string): T {
  for (const name in codes) if (codes[name] === code) return name;
  throw new DecodeError(place, `is ${code}`);
}
