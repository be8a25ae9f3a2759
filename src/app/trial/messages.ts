/**
 * What the two sides of a trial say over their own pipe (docs/wire.md, "Trial"): one JSON object a binary message. Side
 * a, who started the trial, asks; side b answers. Foreign bytes: everything has a limit. Codec only.
 */
import * as v from 'valibot';
import { DecodeError } from '../../net/index.ts';
import type { TrialDocument, TrialRun, TrialSide } from './document.ts';
import { sideJson, trialJson } from './json.ts';
import type { PlannedCell } from './plan.ts';
import { decodeRun, decodeSide, decodeTrial, TRIAL_LIMITS } from './schema.ts';

/** Of this dialogue; another number is another one. */
const VERSION = 1;
/** Bytes: a report with all its timelines; anything else. */
const MAX_REPORT = TRIAL_LIMITS.text;
const MAX_MESSAGE = 1_048_576;
const MAX_HELLO = 8_192;
/** ms, and bytes, that one run may be asked to take. */
const MAX_LIMIT = 60_000;
const MAX_BYTES = 16_777_216;

export type Way = Pick<PlannedCell, 'method' | 'path' | 'family'>;

export type TrialMessage =
  /** a: wants a trial. `address` is a's own. */
  | { readonly type: 'hello'; readonly program: string; readonly address: string }
  /** b: has heard, and looks at its NATs first. */
  | { readonly type: 'moment' }
  /** b: takes part. */
  | {
      readonly type: 'welcome';
      readonly side: TrialSide;
      readonly address: string;
      readonly hasRelay: boolean;
    }
  /** b: takes no part. */
  | { readonly type: 'sorry'; readonly reason: string }
  /** a asks, b answers at once. Unix ms of b's clock. */
  | { readonly type: 'time'; readonly id: number }
  | { readonly type: 'now'; readonly id: number; readonly received: number; readonly sent: number }
  /** a: what is to be tried, for b's screen. */
  | { readonly type: 'plan'; readonly side: TrialSide; readonly cells: readonly PlannedCell[] }
  /** a: b shall open a pipe to a that way. `bytes` each way are measured, `limit` ms are allowed. */
  | {
      readonly type: 'run';
      readonly id: number;
      readonly way: Way;
      readonly limit: number;
      readonly bytes: number;
    }
  /** b: how that went; it began at `startedAt`, Unix ms of b's clock. */
  | { readonly type: 'ran'; readonly id: number; readonly startedAt: number; readonly run: TrialRun }
  /** a: a run of either side has begun (null), or is over; for b's screen. `cell` is its place in the plan. */
  | { readonly type: 'result'; readonly cell: number; readonly run: TrialRun | null; readonly left: number }
  /** a: nothing more is tried; b answers with what it knows of itself by now. */
  | { readonly type: 'finish' }
  | { readonly type: 'side'; readonly side: TrialSide }
  /** a: what has come of it. */
  | { readonly type: 'report'; readonly document: TrialDocument }
  /** Either side's person has stopped it. */
  | { readonly type: 'stop'; readonly reason: string };

export type TrialMessageType = TrialMessage['type'];

export function encodeTrialMessage(message: TrialMessage): Uint8Array {
  const fields: Record<string, unknown> = { ...message };
  if ('document' in message) fields.document = trialJson(message.document);
  if ('side' in message) fields.side = sideJson(message.side);
  return new TextEncoder().encode(JSON.stringify({ trial: VERSION, ...fields }));
}

/**
 * @returns null for a message of something else, or of a type that a newer version knows
 * @throws DecodeError
 */
export function decodeTrialMessage(bytes: Uint8Array): TrialMessage | null {
  // Only these may be long; which one it is stands at their beginning.
  if (bytes.length > MAX_MESSAGE && !isReport(bytes))
    throw new DecodeError('trial message', `${bytes.length} bytes, at most ${MAX_MESSAGE} are allowed`);
  if (bytes.length > MAX_REPORT) throw new DecodeError('report', 'is too long');
  const value = jsonOf(bytes);
  if (value === null || value.trial !== VERSION || typeof value.type !== 'string') return null;
  const read = READERS.get(value.type);
  return read === undefined ? null : read(value);
}

/** What somebody says who is not known yet; null where it is no wish for a trial. */
export function helloIn(bytes: Uint8Array): Extract<TrialMessage, { type: 'hello' }> | null {
  if (bytes.length > MAX_HELLO) return null;
  try {
    const message = decodeTrialMessage(bytes);
    return message?.type === 'hello' ? message : null;
  } catch (error) {
    if (error instanceof DecodeError) return null;
    throw error;
  }
}

type Fields = Readonly<Record<string, unknown>>;

function isReport(bytes: Uint8Array): boolean {
  const start = `{"trial":${VERSION},"type":"report"`;
  return Buffer.from(bytes.subarray(0, start.length)).toString('latin1') === start;
}

function jsonOf(bytes: Uint8Array): Fields | null {
  try {
    const value: unknown = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
    return typeof value === 'object' && value !== null ? { ...value } : null;
  } catch {
    return null;
  }
}

const text = (limit: number) => v.pipe(v.string(), v.maxLength(limit));
const whole = (most: number) => v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(most));
const date = v.pipe(v.number(), v.minValue(0), v.maxValue(TRIAL_LIMITS.date));
const id = whole(2 ** 32);
const way = v.object({
  method: v.picklist(['direct', 'reverse', 'tcp-punch', 'udp-punch', 'relay']),
  path: v.picklist(['external', 'local']),
  family: v.picklist([4, 6]),
});
const planned = v.object({
  ...way.entries,
  initiator: v.picklist(['a', 'b']),
  predicted: v.picklist(['yes', 'no', 'maybe']),
  why: text(500),
  wanted: whole(TRIAL_LIMITS.runs),
});
function areDistinct(cells: v.InferOutput<typeof planned>[]): boolean {
  const names = cells.map(
    ({ method, path, family, initiator }) => `${method} ${path} ${family} ${initiator}`,
  );
  return new Set(names).size === cells.length;
}

/** Characters of an address, which is checked by whoever uses it. */
const address = text(1_000);
const reason = text(300);

const READERS = new Map<string, (value: Fields) => TrialMessage>([
  ['hello', reader('hello', v.object({ program: text(100), address }))],
  ['sorry', reader('sorry', v.object({ reason }))],
  ['stop', reader('stop', v.object({ reason }))],
  ['time', reader('time', v.object({ id }))],
  ['now', reader('now', v.object({ id, received: date, sent: date }))],
  ['run', reader('run', v.object({ id, way, limit: whole(MAX_LIMIT), bytes: whole(MAX_BYTES) }))],
  ['moment', reader('moment', v.object({}))],
  ['finish', reader('finish', v.object({}))],
  [
    'welcome',
    (value) => ({
      ...reader('welcome', v.object({ address, hasRelay: v.boolean() }))(value),
      side: decodeSide(value.side),
    }),
  ],
  [
    'plan',
    (value) => ({
      ...reader(
        'plan',
        v.object({ cells: v.pipe(v.array(planned), v.maxLength(TRIAL_LIMITS.cells), v.check(areDistinct)) }),
      )(value),
      side: decodeSide(value.side),
    }),
  ],
  [
    'ran',
    (value) => ({ ...reader('ran', v.object({ id, startedAt: date }))(value), run: decodeRun(value.run) }),
  ],
  [
    'result',
    (value) => ({
      ...reader('result', v.object({ cell: whole(TRIAL_LIMITS.cells), left: whole(86_400_000) }))(value),
      run: value.run === null ? null : decodeRun(value.run),
    }),
  ],
  ['side', (value) => ({ type: 'side', side: decodeSide(value.side) })],
  ['report', (value) => ({ type: 'report', document: decodeTrial(value.document) })],
]);

/** @throws DecodeError */
function reader<T extends TrialMessageType, S extends v.GenericSchema<unknown, object>>(type: T, schema: S) {
  return (value: Fields): { readonly type: T } & v.InferOutput<S> => {
    const read = v.safeParse(schema, value);
    if (!read.success) throw new DecodeError(type, read.issues[0].message);
    return { type, ...read.output };
  };
}
