/**
 * The JSON form of a trial, read back: from files (`--compare`, `--replay`) and from the other side. Foreign bytes:
 * every text, list and number has a limit, what is not named here is dropped, and a fault names its place.
 */
import * as v from 'valibot';
import { DecodeError, type NatReport, P2pdError } from '../../net/index.ts';
import { makeVisible } from '../visible.ts';
import type { TrialDocument, TrialRun, TrialSide } from './document.ts';
import {
  duration,
  family,
  listOf,
  NAT_LIMITS,
  natReports,
  numberIn,
  oneOf,
  sentence,
  text,
  wholeIn,
  yesOrNo,
} from './nat-schema.ts';

export const TRIAL_LIMITS = {
  /** Characters of the whole text, before it is parsed. */
  text: 8_388_608,
  /** Five methods, two paths, two families, two directions are 40. */
  cells: 64,
  /** Of one cell. */
  runs: 1_000,
  /** Marks of one run. */
  marks: 2_000,
  /** Things that speak for an explanation. */
  evidence: 64,
  advice: 64,
  /** Characters of a version or a platform. */
  word: 100,
  /** Unix ms: the last that a date can have. */
  date: 8_640_000_000_000_000,
  /** Packets of one mark. */
  count: 1_000_000,
  /** 10⁶ bits a second. */
  mbps: 1_000_000,
} as const;

const LIMITS = TRIAL_LIMITS;
const side = oneOf(['a', 'b']);
const mbps = v.nullable(numberIn(0, LIMITS.mbps));

const trialSide = v.object(
  {
    nodeId: v.pipe(
      v.string('must be a text'),
      v.regex(/^([0-9a-f]{32}|node-[a-z0-9]{1,12})$/, 'must be 32 hex digits or a stand-in'),
    ),
    version: text(LIMITS.word),
    platform: v.nullable(text(LIMITS.word)),
    reports: natReports,
  },
  'must be {"nodeId", "version", "platform", "reports"}',
);

const mark = v.object(
  {
    // A report of the other side, put on our clock, may begin a moment early.
    at: numberIn(-NAT_LIMITS.duration, NAT_LIMITS.duration),
    side,
    method: oneOf(['tcp-punch', 'udp-punch']),
    kind: oneOf(['sent', 'refused', 'received', 'open']),
    count: wholeIn(1, LIMITS.count),
  },
  'must be {"at", "side", "method", "kind", "count"}',
);

const explanation = v.object(
  {
    sentence,
    confidence: oneOf(['certain', 'likely', 'possible']),
    evidence: listOf(sentence, LIMITS.evidence),
    help: v.nullable(sentence),
  },
  'must be {"sentence", "confidence", "evidence", "help"}',
);

const trialRun = v.object(
  {
    outcome: oneOf(['open', 'failed']),
    at: duration,
    elapsed: duration,
    rtt: v.nullable(duration),
    sendMbps: mbps,
    receiveMbps: mbps,
    reason: v.nullable(sentence),
    explanation: v.nullable(explanation),
    timeline: listOf(mark, LIMITS.marks),
  },
  'must be a run',
);

const cell = v.object(
  {
    method: oneOf(['direct', 'reverse', 'tcp-punch', 'udp-punch', 'relay']),
    path: oneOf(['external', 'local']),
    family,
    initiator: side,
    predicted: oneOf(['yes', 'no', 'maybe']),
    why: sentence,
    surprise: yesOrNo,
    runs: listOf(trialRun, LIMITS.runs),
  },
  'must be a cell',
);

/** The whole document; `docs/trial.schema.json` is made from it. */
export const trialSchema = v.object(
  {
    schemaVersion: v.literal(1, 'must be 1: another version of p2pd-demo wrote it'),
    complete: yesOrNo,
    incomplete: v.nullable(sentence),
    startedAt: numberIn(0, LIMITS.date),
    elapsed: duration,
    repeat: wholeIn(0, LIMITS.runs),
    clock: v.nullable(
      v.object(
        { offset: numberIn(-LIMITS.date, LIMITS.date), error: numberIn(0, LIMITS.date) },
        'must be {"offset", "error"}',
      ),
    ),
    sides: v.object({ a: trialSide, b: trialSide }, 'must be {"a", "b"}'),
    cells: v.pipe(
      listOf(cell, LIMITS.cells),
      v.check(
        (cells) => new Set(cells.map(keyOf)).size === cells.length,
        'has two entries of one method, path, family and initiator',
      ),
    ),
    advice: listOf(sentence, LIMITS.advice),
    redacted: yesOrNo,
  },
  'must be the JSON of a trial',
);

function keyOf({ method, path, family: version, initiator }: v.InferOutput<typeof cell>): string {
  return `${method} ${path} ${version} ${initiator}`;
}

/** @throws DecodeError */
export function decodeTrial(value: unknown): TrialDocument {
  const { sides, ...rest } = decode(trialSchema, value, 'trial');
  return { ...rest, sides: { a: withReports(sides.a), b: withReports(sides.b) } };
}

/** One run as the other side tells it. @throws DecodeError */
export function decodeRun(value: unknown): TrialRun {
  return decode(trialRun, value, 'run');
}

/** What the other side tells of itself. @throws DecodeError */
export function decodeSide(value: unknown): TrialSide {
  return withReports(decode(trialSide, value, 'side'));
}

/** @throws DecodeError */
export function decodeNatReports(value: unknown): NatReport[] {
  return decode(natReports, value, 'reports').map(withOffers);
}

/**
 * The text of a file that `trial --json` wrote, or that was made of it by redaction.
 *
 * @param name what an error calls it: the file's name
 * @throws P2pdError FILE_UNUSABLE
 */
export function parseTrial(source: string, name = 'the trial'): TrialDocument {
  try {
    if (source.length > LIMITS.text)
      throw new DecodeError('trial', `is longer than ${LIMITS.text} characters`);
    return decodeTrial(jsonOf(source));
  } catch (cause) {
    if (!(cause instanceof DecodeError)) throw cause;
    throw new P2pdError('FILE_UNUSABLE', `${makeVisible(name)} is no trial: ${cause.message}`, {
      cause,
      hint: 'name a file that p2pd-demo trial --json wrote',
    });
  }
}

function jsonOf(source: string): unknown {
  try {
    return JSON.parse(source);
  } catch {
    throw new DecodeError('trial', 'is no JSON');
  }
}

function decode<S extends v.GenericSchema>(schema: S, value: unknown, subject: string): v.InferOutput<S> {
  const read = v.safeParse(schema, value, { abortEarly: true });
  if (read.success) return read.output;
  const [issue] = read.issues;
  const path = v.getDotPath(issue);
  const absent = issue.received === 'undefined';
  throw new DecodeError(path ?? subject, absent ? 'is missing' : issue.message);
}

type ReadSide = v.InferOutput<typeof trialSide>;

function withReports({ reports, ...read }: ReadSide): TrialSide {
  return { ...read, reports: reports.map(withOffers) };
}

/** `--json` tells three nulls where a router was not asked; here that is no fact at all. */
function withOffers({ portMapping, ...report }: ReadSide['reports'][number]): NatReport {
  const asked = portMapping !== undefined && Object.values(portMapping).some((offered) => offered !== null);
  return asked ? { ...report, portMapping } : report;
}
