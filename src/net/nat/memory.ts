/**
 * The NATs that were found last, kept as JSON in the state directory: what was seen may be shown
 * again without asking anybody. A damaged file is as none.
 */
import { createHash } from 'node:crypto';
import * as v from 'valibot';
import type { StateFiles } from '../state-files.ts';
import type { DeltaType, NatReport, NatType } from './behavior.ts';

const FILE = 'nat.json';
const MAX_REPORTS = 64;

const type = <T extends number>(last: T) =>
  v.nullable(v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(last)));
const port = v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(65_535));
const facts = v.object({
  type: type(7),
  delta: v.object({ type: type(6), value: v.number() }),
  range: v.optional(v.nullable(v.tuple([port, port])), null),
});
const schema = v.object({
  at: v.number(),
  reports: v.pipe(
    v.array(
      v.object({
        interface: v.pipe(v.string(), v.maxLength(200)),
        family: v.union([v.literal(4), v.literal(6)]),
        network: v.optional(v.pipe(v.string(), v.maxLength(16)), ''),
        udp: facts,
        tcp: facts,
      }),
    ),
    v.maxLength(MAX_REPORTS),
  ),
});

/** One transport's facts. */
export interface RememberedNat {
  readonly type: NatType | null;
  readonly delta: { readonly type: DeltaType | null; readonly value: number };
  /** Lowest and highest external port seen. */
  readonly range: readonly [number, number] | null;
}

export interface RememberedReports {
  /** Unix ms. */
  readonly at: number;
  readonly reports: readonly {
    readonly interface: string;
    readonly family: 4 | 6;
    /** By which the network is known again (`networkOf`); empty where it was not seen from outside. */
    readonly network: string;
    readonly udp: RememberedNat;
    readonly tcp: RememberedNat;
  }[];
}

/** What an outer address is told by in the file, which is to name no addresses. */
export function networkOf(outer: string | null): string {
  return outer === null
    ? ''
    : createHash('sha256').update(`p2pd-demo network ${outer}`).digest('hex').slice(0, 16);
}

/** @param now Unix ms */
export async function rememberNat(
  files: StateFiles,
  reports: readonly NatReport[],
  now: number,
): Promise<void> {
  const kept = reports.slice(0, MAX_REPORTS).map(({ interface: name, family, udp, tcp }) => ({
    interface: name,
    family,
    network: networkOf([...udp.external, ...tcp.external][0] ?? null),
    udp: { type: udp.type, delta: udp.delta, range: udp.range },
    tcp: { type: tcp.type, delta: tcp.delta, range: tcp.range },
  }));
  await files.write(FILE, `${JSON.stringify({ at: now, reports: kept })}\n`);
}

/** null where there is none. */
export async function rememberedNat(files: StateFiles): Promise<RememberedReports | null> {
  const text = await files.read(FILE);
  if (text === null) return null;
  try {
    const parsed = v.safeParse(schema, JSON.parse(text));
    // The schema keeps to the numbers that the types name.
    return parsed.success ? (parsed.output as RememberedReports) : null;
  } catch {
    return null;
  }
}
