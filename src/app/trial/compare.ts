/** What changed between two trials of the same machines: which ways open, how fast, NATs, versions. Pure. */
import { deltaName, type Family, type NatReport, natName, type TransportReport } from '../../net/index.ts';
import type { SideName, TrialCell, TrialDocument, TrialSide } from './document.ts';
import { type CellWay, isSameWay, OTHER, reportOf, SIDES } from './labels.ts';
import { type CellStats, cellStats } from './stats.ts';

export interface CellChange {
  readonly way: CellWay;
  /** Opens now and never did, no longer does, opens more or less often, takes less or more time. */
  readonly kind: 'opens' | 'fails' | 'oftener' | 'rarer' | 'faster' | 'slower';
  readonly before: CellStats;
  readonly after: CellStats;
}

export interface FactChange {
  readonly side: SideName;
  /** `IPv4 UDP type`, `version`. */
  readonly fact: string;
  /** From the documents: foreign text. */
  readonly before: string;
  readonly after: string;
}

export interface TrialChanges {
  /** Unix ms. */
  readonly before: number;
  readonly after: number;
  /** The second one was started by the first one's side b: it is read the other way round. */
  readonly swapped: boolean;
  readonly cells: readonly CellChange[];
  readonly facts: readonly FactChange[];
  /** Cells of both that did not change. */
  readonly same: number;
  /** Cells that only one of them has. */
  readonly gone: readonly CellWay[];
  readonly added: readonly CellWay[];
}

/** Runs that must have opened on both sides of a comparison of times. */
const LEAST_RUNS = 3;
/** Below both, two medians are the same: a scheduler's turn or two, and a quarter of the time. */
const NOISE = { ms: 20, share: 0.25 } as const;
/** Telling most first. */
const KINDS: readonly CellChange['kind'][] = ['fails', 'opens', 'rarer', 'oftener', 'slower', 'faster'];

export function compareTrials(first: TrialDocument, second: TrialDocument): TrialChanges {
  const swapped = isSwapped(first, second);
  const later = swapped ? swapSides(second) : second;
  const pairs = first.cells.flatMap((before) => {
    const after = later.cells.find((cell) => isSameWay(cell, before));
    return after === undefined ? [] : [{ before, after }];
  });
  const cells = pairs.flatMap(changesOf).sort((a, b) => KINDS.indexOf(a.kind) - KINDS.indexOf(b.kind));
  return {
    before: first.startedAt,
    after: second.startedAt,
    swapped,
    cells,
    facts: SIDES.flatMap((side) => factChanges(side, first, later)),
    same: pairs.length - cells.length,
    gone: without(first.cells, later.cells),
    added: without(later.cells, first.cells),
  };
}

function isSwapped({ sides: first }: TrialDocument, { sides: second }: TrialDocument): boolean {
  return first.a.nodeId !== first.b.nodeId && first.a.nodeId === second.b.nodeId;
}

/** The same trial as side b would have told it; what was said of clocks and marks is turned, too. */
export function swapSides(document: TrialDocument): TrialDocument {
  const { sides, cells, clock } = document;
  return {
    ...document,
    sides: { a: sides.b, b: sides.a },
    clock: clock === null ? null : { ...clock, offset: -clock.offset },
    cells: cells.map((cell) => ({
      ...cell,
      initiator: OTHER[cell.initiator],
      runs: cell.runs.map((run) => ({
        ...run,
        timeline: run.timeline.map((mark) => ({ ...mark, side: OTHER[mark.side] })),
      })),
    })),
  };
}

function without(cells: readonly TrialCell[], others: readonly TrialCell[]): CellWay[] {
  return cells
    .filter((cell) => !others.some((other) => isSameWay(cell, other)))
    .map(({ method, path, family, initiator }) => ({ method, path, family, initiator }));
}

function changesOf(pair: { readonly before: TrialCell; readonly after: TrialCell }): CellChange[] {
  const { method, path, family, initiator } = pair.before;
  const [before, after] = [cellStats(pair.before), cellStats(pair.after)];
  const kind = kindOf(before, after);
  return kind === null ? [] : [{ way: { method, path, family, initiator }, kind, before, after }];
}

function kindOf(before: CellStats, after: CellStats): CellChange['kind'] | null {
  if (before.interval === null || after.interval === null) return null;
  if (before.opened === 0 && after.opened > 0) return 'opens';
  if (before.opened > 0 && after.opened === 0) return 'fails';
  if (after.interval[0] > before.interval[1]) return 'oftener';
  if (after.interval[1] < before.interval[0]) return 'rarer';
  return timeChange(before, after);
}

function timeChange(before: CellStats, after: CellStats): 'faster' | 'slower' | null {
  if (before.time === null || after.time === null) return null;
  if (before.opened < LEAST_RUNS || after.opened < LEAST_RUNS) return null;
  const difference = after.time.median - before.time.median;
  const spreads = [before.time, after.time].map(({ upper, lower }) => upper - lower);
  const noise = Math.max(NOISE.ms, NOISE.share * before.time.median, ...spreads);
  if (Math.abs(difference) <= noise) return null;
  return difference < 0 ? 'faster' : 'slower';
}

function factChanges(side: SideName, first: TrialDocument, second: TrialDocument): FactChange[] {
  const addresses = !first.redacted && !second.redacted;
  const [before, after] = [first, second].map(({ sides }) => factsOf(sides[side], addresses));
  return [...new Set([...(before?.keys() ?? []), ...(after?.keys() ?? [])])].flatMap((fact): FactChange[] => {
    const [was, is] = [before?.get(fact) ?? 'none', after?.get(fact) ?? 'none'];
    return was === is ? [] : [{ side, fact, before: was, after: is }];
  });
}

/** @param addresses whether they can be compared: stand-ins cannot */
function factsOf(side: TrialSide, addresses: boolean): Map<string, string> {
  const all = ([4, 6] as const).flatMap((family) => {
    const report = reportOf(side, family);
    return report === null ? [] : reportFacts(report, family, addresses);
  });
  return new Map([['version', side.version], ['platform', side.platform ?? 'unknown'], ...all]);
}

function reportFacts(report: NatReport, family: Family, addresses: boolean): [string, string][] {
  const name = `IPv${family}`;
  const { portMapping } = report;
  const offers =
    portMapping === undefined
      ? 'not asked'
      : (['pcp', 'natPmp', 'upnp'] as const).filter((kind) => portMapping[kind] === true).join(', ') ||
        'none';
  return [
    ...transportFacts(`${name} UDP`, report.udp, addresses),
    ...transportFacts(`${name} TCP`, report.tcp, addresses),
    [`${name} port mapping`, offers],
  ];
}

function transportFacts(
  name: string,
  { type, mapping, filtering, delta, external }: TransportReport,
  addresses: boolean,
): [string, string][] {
  const step = delta.value === 0 ? '' : ` ${delta.value > 0 ? '+' : ''}${delta.value}`;
  return [
    [`${name} type`, natName(type)],
    [`${name} mapping`, mapping ?? 'unknown'],
    [`${name} filtering`, filtering ?? 'unknown'],
    [`${name} ports`, `${deltaName(delta.type)}${step}`],
    ...(addresses ? [[`${name} addresses`, external.join(' ') || 'unknown'] as [string, string]] : []),
  ];
}
