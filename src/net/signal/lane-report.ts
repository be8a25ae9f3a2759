/**
 * What one side saw of a hole punch, told to the other afterwards inside `report` (docs/wire.md,
 * "Signalling"): per method, pathway and family what was sent, refused and received, and when. Codec only.
 */
import type { Pathway } from '../events.ts';
import { DecodeError } from '../wire/decode-error.ts';
import type { Family } from '../wire/endpoint.ts';
import type { Reader } from '../wire/reader.ts';
import type { Writer } from '../wire/writer.ts';
import { readReason, writeReason } from './reason.ts';

export const MAX_LANES = 8;
export const MAX_MARKS = 24;
const MAX_16 = 0xffff;

const METHODS = { 'tcp-punch': 3, 'udp-punch': 4 } as const;
const PATHS = { external: 1, local: 2 } as const;
const KINDS = { sent: 1, refused: 2, received: 3, open: 4 } as const;

export type MarkKind = keyof typeof KINDS;

/** Some packets of one kind within a moment. */
export interface Mark {
  readonly kind: MarkKind;
  /** ms after the report's beginning. */
  readonly at: number;
  readonly count: number;
}

export interface LaneReport {
  readonly method: keyof typeof METHODS;
  readonly path: Pathway;
  readonly family: Family;
  readonly sent: number;
  readonly received: number;
  readonly refused: number;
  /** Ports of the other side that were tried by chance. */
  readonly guesses: number;
  readonly opened: boolean;
  /** ms from a packet to its refusal, the shortest; null = none was refused. */
  readonly refusedAfter: number | null;
  /** The external ports that this side expected to come from, lowest and highest; null = nobody could tell. */
  readonly foreseen: readonly [number, number] | null;
  /** The port of the other side that its last packet came from; null = none came. */
  readonly heardFrom: number | null;
  /** Where the other side saw this one; null = it did not say. */
  readonly seen: number | null;
  /** Why nothing could be sent; empty where it could. Foreign text: to be shown, not obeyed. */
  readonly reason: string;
  /** In the order of time. */
  readonly marks: readonly Mark[];
}

export function writeLanes(writer: Writer, lanes: readonly LaneReport[]): void {
  if (lanes.length > MAX_LANES) throw new RangeError(`${lanes.length} lanes`);
  writer.u8(lanes.length);
  for (const lane of lanes) writeLane(writer, lane);
}

/** @throws DecodeError */
export function readLanes(reader: Reader): LaneReport[] {
  const count = reader.u8('lanes');
  if (count > MAX_LANES)
    throw new DecodeError('lanes', `${count} of them, at most ${MAX_LANES} are possible`);
  return Array.from({ length: count }, (_, i) => readLane(reader, `lane ${i + 1}`));
}

function writeLane(writer: Writer, lane: LaneReport): void {
  writer.u8(METHODS[lane.method]).u8(PATHS[lane.path]).u8(lane.family);
  for (const value of [lane.sent, lane.received, lane.refused, lane.guesses])
    writer.u16(Math.min(value, MAX_16));
  writer.u8(lane.opened ? 1 : 0);
  writer.u16(lane.refusedAfter === null ? 0 : 1 + Math.min(Math.round(lane.refusedAfter), MAX_16 - 1));
  const [lowest, highest] = lane.foreseen ?? [0, 0];
  writer.u16(lowest).u16(highest);
  writer.u16(lane.heardFrom ?? 0).u16(lane.seen ?? 0);
  writeReason(writer, lane.reason);
  const marks = lane.marks.slice(0, MAX_MARKS);
  writer.u8(marks.length);
  for (const { kind, at, count } of marks)
    writer
      .u8(KINDS[kind])
      .u16(Math.min(Math.round(at), MAX_16))
      .u16(Math.min(count, MAX_16));
}

function readLane(reader: Reader, place: string): LaneReport {
  const method = nameOf(METHODS, reader.u8(place), place);
  const path = nameOf(PATHS, reader.u8(place), place);
  const family = reader.u8(place);
  if (family !== 4 && family !== 6) throw new DecodeError(place, `family ${family} is not known`);
  const [sent, received, refused, guesses] = [
    reader.u16(place),
    reader.u16(place),
    reader.u16(place),
    reader.u16(place),
  ];
  const opened = reader.u8(place);
  if (opened > 1) throw new DecodeError(place, `open is ${opened}`);
  const after = reader.u16(place);
  const [lowest, highest] = [reader.u16(place), reader.u16(place)];
  if ((lowest === 0) !== (highest === 0)) throw new DecodeError(place, 'ports from or up to 0');
  const [heardFrom, seen] = [reader.u16(place), reader.u16(place)];
  const reason = readReason(reader, place);
  return {
    method,
    path,
    family,
    sent,
    received,
    refused,
    guesses,
    opened: opened === 1,
    refusedAfter: after === 0 ? null : after - 1,
    foreseen: lowest === 0 ? null : [lowest, highest],
    heardFrom: heardFrom === 0 ? null : heardFrom,
    seen: seen === 0 ? null : seen,
    reason,
    marks: readMarks(reader, place),
  };
}

function readMarks(reader: Reader, place: string): Mark[] {
  const count = reader.u8(place);
  if (count > MAX_MARKS) throw new DecodeError(place, `${count} marks, at most ${MAX_MARKS} are possible`);
  return Array.from({ length: count }, () => ({
    kind: nameOf(KINDS, reader.u8(place), place),
    at: reader.u16(place),
    count: reader.u16(place),
  }));
}

function nameOf<T extends string>(codes: Readonly<Record<T, number>>, code: number, place: string): T {
  for (const name in codes) if (codes[name] === code) return name;
  throw new DecodeError(place, `code ${code} is not known`);
}
