/**
 * What a side says of its hole punching inside `connect` and `answer`: from which ports it comes, and
 * when both begin (docs/wire.md, "Signalling"). Codec only.
 */
import type { Method, Pathway } from '../events.ts';
import { DecodeError } from '../wire/decode-error.ts';
import type { Family } from '../wire/endpoint.ts';
import { bytesToIp, familyOf, ipToBytes, reachOf } from '../wire/ip.ts';
import type { Reader } from '../wire/reader.ts';
import type { Writer } from '../wire/writer.ts';
import { readTime, writeTime } from './time.ts';

/** Own interfaces × families × pathways × transports at most; ports that are foreseen for one of them. */
export const MAX_OFFERS = 12;
export const MAX_OFFERED_PORTS = 24;

const METHODS = { 'tcp-punch': 3, 'udp-punch': 4 } as const;
const PATHS = { external: 1, local: 2 } as const;

/** One place that a side punches from. */
export interface PunchOffer {
  readonly method: keyof typeof METHODS & Method;
  readonly path: Pathway;
  /** As the other side sees it. */
  readonly ip: string;
  /**
   * Where its packets come from: one port that is known, or the next mappings in their order, of which
   * others may take some; none where nobody can tell.
   */
  readonly ports: readonly number[];
}

export interface PunchCall {
  /** 0, and one more each time the same pipe is called for anew. */
  readonly round: number;
  /** Unix ms of the sender's corrected clock at which both begin. */
  readonly meetAt: number;
  /** The port that the recipient should come from where it can choose; 0 = any. */
  readonly wish: number;
  readonly offers: readonly PunchOffer[];
}

/** @throws RangeError for what is out of bounds */
export function writeCall(writer: Writer, call: PunchCall | null): Writer {
  if (call === null) return writer.u8(0);
  const { offers } = call;
  if (offers.length > MAX_OFFERS) throw new RangeError(`${offers.length} offers`);
  writeTime(writer.u8(1).u8(call.round), call.meetAt).u16(call.wish).u8(offers.length);
  for (const offer of offers) writeOffer(writer, offer);
  return writer;
}

/** @throws DecodeError */
export function readCall(reader: Reader): PunchCall | null {
  const flag = reader.u8('punch call');
  if (flag > 1) throw new DecodeError('punch call', `flag ${flag} is not known`);
  if (flag === 0) return null;
  const round = reader.u8('round');
  const meetAt = readTime(reader, 'meeting time');
  const wish = reader.u16('wished port');
  const count = reader.u8('offers');
  if (count > MAX_OFFERS)
    throw new DecodeError('offers', `${count} of them, at most ${MAX_OFFERS} are possible`);
  return { round, meetAt, wish, offers: Array.from({ length: count }, (_, i) => readOffer(reader, i + 1)) };
}

function writeOffer(writer: Writer, { method, path, ip, ports }: PunchOffer): void {
  const bytes = ipToBytes(ip);
  if (bytes === null || ports.length > MAX_OFFERED_PORTS)
    throw new RangeError(`${ip} with ${ports.length} ports`);
  writer.u8(METHODS[method]).u8(PATHS[path]).u8(familyOf(ip)).bytes(bytes).u8(ports.length);
  for (const port of ports) writer.u16(port);
}

function readOffer(reader: Reader, number: number): PunchOffer {
  const place = `offer ${number}`;
  const method = reader.u8(place);
  const path = reader.u8(place);
  const family = familyOfCode(reader.u8(place), place);
  if (method !== METHODS['tcp-punch'] && method !== METHODS['udp-punch'])
    throw new DecodeError(place, `method ${method} is no hole punching`);
  if (path !== PATHS.external && path !== PATHS.local)
    throw new DecodeError(place, `path ${path} is not known`);
  const ip = bytesToIp(reader.bytes(family === 4 ? 4 : 16, place));
  if (reachOf(ip) === 'unusable') throw new DecodeError(place, `${ip} is no address of a machine`);
  const count = reader.u8(place);
  if (count > MAX_OFFERED_PORTS)
    throw new DecodeError(place, `${count} ports, at most ${MAX_OFFERED_PORTS} are possible`);
  const ports = Array.from({ length: count }, () => {
    const port = reader.u16(place);
    if (port === 0) throw new DecodeError(place, 'port 0 does not exist');
    return port;
  });
  return {
    method: method === METHODS['tcp-punch'] ? 'tcp-punch' : 'udp-punch',
    path: path === PATHS.external ? 'external' : 'local',
    ip,
    ports,
  };
}

function familyOfCode(code: number, place: string): Family {
  if (code !== 4 && code !== 6) throw new DecodeError(place, `family ${code} is not known`);
  return code;
}
