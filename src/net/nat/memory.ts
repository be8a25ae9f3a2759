/**
 * The NATs that were found last, kept as JSON in the state directory: what was seen may be shown
 * again without asking anybody. A damaged file is as none.
 */
import * as v from 'valibot';
import type { StateFiles } from '../state-files.ts';
import type { DeltaType, NatReport, NatType } from './behavior.ts';

const FILE = 'nat.json';
const MAX_REPORTS = 64;

const type = <T extends number>(last: T) =>
  v.nullable(v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(last)));
const facts = v.object({
  type: type(7),
  delta: v.object({ type: type(6), value: v.number() }),
});
const schema = v.object({
  at: v.number(),
  reports: v.pipe(
    v.array(
      v.object({
        interface: v.pipe(v.string(), v.maxLength(200)),
        family: v.union([v.literal(4), v.literal(6)]),
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
}

export interface RememberedReports {
  /** Unix ms. */
  readonly at: number;
  readonly reports: readonly {
    readonly interface: string;
    readonly family: 4 | 6;
    readonly udp: RememberedNat;
    readonly tcp: RememberedNat;
  }[];
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
    udp: { type: udp.type, delta: udp.delta },
    tcp: { type: tcp.type, delta: tcp.delta },
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
