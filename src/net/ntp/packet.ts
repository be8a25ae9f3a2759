/**
 * NTP packets of client and server (RFC 5905 §7.3): the 48 bytes that carry time. What follows them
 * (extension fields, keys) is neither sent nor read. Codec only.
 */
import { DecodeError } from '../wire/decode-error.ts';
import { Reader } from '../wire/reader.ts';
import { Writer } from '../wire/writer.ts';

export const NTP_LENGTH = 48;
/** Bytes of a packet that are looked at, extension fields included. */
const MAX_PACKET = 1_024;
const VERSION = 4;
const MODES = { client: 3, server: 4 } as const;
/** From the start of NTP's first era, 1900, to that of Unix, s. */
const UNIX_EPOCH = 2_208_988_800;
/** An era, s. */
const ERA = 2 ** 32;
const TIMESTAMP_LENGTH = 8;
/** What a client sends as its transmit timestamp is a cookie. */
export const COOKIE_LENGTH = TIMESTAMP_LENGTH;
/** The stratum of whoever has no time. */
const UNSYNCHRONISED = 16;

export interface NtpRequest {
  readonly version: number;
  /** The sender's transmit timestamp, to be given back as it is. */
  readonly cookie: Uint8Array;
}

export interface NtpAnswer {
  readonly stratum: number;
  /** Whether the server knows the time; the times mean nothing otherwise. */
  readonly synchronised: boolean;
  /** The server wants to be left alone: these of the kiss-o'-death codes ask for it (§7.4). */
  readonly refusal: 'RATE' | 'DENY' | 'RSTR' | null;
  /** ms. */
  readonly rootDelay: number;
  readonly rootDispersion: number;
  /** The request's transmit timestamp. */
  readonly cookie: Uint8Array;
  /** Unix ms of the server's clock: when the request came, when this left; 0 where it is not synchronised. */
  readonly receivedAt: number;
  readonly sentAt: number;
}

/** What a server of ours says of its clock besides the time. */
export interface ServerClock {
  readonly version: number;
  readonly stratum: number;
  /** 4 ASCII letters. */
  readonly reference: string;
  /** ms. */
  readonly rootDispersion: number;
}

/** A request that tells nothing of its sender. @param cookie 8 random bytes */
export function encodeNtpRequest(cookie: Uint8Array): Uint8Array {
  const writer = new Writer(NTP_LENGTH).u8((VERSION << 3) | MODES.client);
  return writer
    .bytes(new Uint8Array(NTP_LENGTH - 1 - COOKIE_LENGTH))
    .bytes(cookie)
    .finish();
}

/** @throws DecodeError for anything but a client's request */
export function decodeNtpRequest(bytes: Uint8Array): NtpRequest {
  const { version, mode, reader } = open(bytes);
  if (mode !== MODES.client) throw new DecodeError('mode', `${mode} is no client's`);
  reader.bytes(NTP_LENGTH - 1 - COOKIE_LENGTH, 'header');
  return { version, cookie: reader.bytes(COOKIE_LENGTH, 'transmit timestamp') };
}

/** @param receivedAt Unix ms @param sentAt Unix ms */
export function encodeNtpAnswer(
  request: NtpRequest,
  clock: Omit<ServerClock, 'version'>,
  receivedAt: number,
  sentAt: number,
): Uint8Array {
  const writer = new Writer(NTP_LENGTH)
    .u8((request.version << 3) | MODES.server)
    .u8(clock.stratum)
    .u8(6)
    .u8(PRECISION)
    .u32(0)
    .u32(Math.round((clock.rootDispersion / 1000) * 65_536))
    .bytes(new TextEncoder().encode(clock.reference.padEnd(4, '\0').slice(0, 4)));
  writeTimestamp(writer, receivedAt);
  writer.bytes(request.cookie);
  writeTimestamp(writer, receivedAt);
  return writeTimestamp(writer, sentAt).finish();
}

/**
 * @param now Unix ms as far as it is known: tells the era of timestamps, which say 136 years only
 * @throws DecodeError for anything but a server's answer
 */
export function decodeNtpAnswer(bytes: Uint8Array, now: number): NtpAnswer {
  const { leap, mode, reader } = open(bytes);
  if (mode !== MODES.server) throw new DecodeError('mode', `${mode} is no server's`);
  const stratum = reader.u8('stratum');
  if (stratum > UNSYNCHRONISED) throw new DecodeError('stratum', `${stratum} is reserved`);
  reader.bytes(2, 'poll and precision');
  const rootDelay = readShort(reader, 'root delay');
  const rootDispersion = readShort(reader, 'root dispersion');
  const reference = reader.bytes(4, 'reference id');
  reader.bytes(8, 'reference timestamp');
  const cookie = reader.bytes(COOKIE_LENGTH, 'origin timestamp');
  const times = reader.bytes(2 * TIMESTAMP_LENGTH, 'receive and transmit timestamps');
  // Servers that have no time yet say 0, as it stands on the wire, or 16; refusals look the same.
  const synchronised = leap !== 3 && stratum > 0 && stratum < UNSYNCHRONISED;
  const [receivedAt, sentAt] = synchronised ? timesOf(times, now) : [0, 0];
  const refusal = stratum === 0 ? refusalOf(reference) : null;
  return { stratum, synchronised, refusal, rootDelay, rootDispersion, cookie, receivedAt, sentAt };
}

/** When the request came and when the answer left, Unix ms. */
function timesOf(bytes: Uint8Array, now: number): readonly [number, number] {
  const reader = new Reader(bytes);
  const receivedAt = readTimestamp(reader, 'receive timestamp', now);
  const sentAt = readTimestamp(reader, 'transmit timestamp', now);
  if (sentAt < receivedAt) throw new DecodeError('transmit timestamp', 'is before the receive timestamp');
  return [receivedAt, sentAt];
}

/** log2 of the clock's grain in s, as a signed byte: 2^-20, a microsecond. */
const PRECISION = 0xec;

function open(bytes: Uint8Array): { leap: number; version: number; mode: number; reader: Reader } {
  if (bytes.length > MAX_PACKET)
    throw new DecodeError('length', `${bytes.length} bytes, at most ${MAX_PACKET} are looked at`);
  const reader = new Reader(bytes);
  const first = reader.u8('header');
  const version = (first >> 3) & 7;
  if (version < 3 || version > 4) throw new DecodeError('version', `${version} is not spoken here`);
  if (bytes.length < NTP_LENGTH)
    throw new DecodeError('length', `${bytes.length} bytes instead of ${NTP_LENGTH}`);
  return { leap: first >> 6, version, mode: first & 7, reader };
}

/** Seconds and fraction of 16 bits each → ms. */
function readShort(reader: Reader, place: string): number {
  return (reader.u32(place) / 65_536) * 1000;
}

function writeTimestamp(writer: Writer, unixMs: number): Writer {
  const seconds = Math.floor(unixMs / 1000);
  const fraction = Math.floor(((unixMs - seconds * 1000) / 1000) * ERA);
  return writer
    .u32((((seconds + UNIX_EPOCH) % ERA) + ERA) % ERA)
    .u32(Math.min(ERA - 1, Math.max(0, fraction)));
}

/** In the era that brings it nearest to `now` (§6). @throws DecodeError for 0, which is no time (§7.3) */
function readTimestamp(reader: Reader, place: string, now: number): number {
  const whole = reader.u32(place);
  const fraction = reader.u32(place);
  if (whole === 0 && fraction === 0) throw new DecodeError(place, 'is not known');
  const seconds = whole - UNIX_EPOCH;
  const era = Math.round((now / 1000 - seconds) / ERA);
  return (seconds + era * ERA) * 1000 + (fraction / ERA) * 1000;
}

function refusalOf(reference: Uint8Array): NtpAnswer['refusal'] {
  const text = String.fromCharCode(...reference);
  return (['RATE', 'DENY', 'RSTR'] as const).find((code) => code === text) ?? null;
}
