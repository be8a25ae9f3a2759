/**
 * In which order a trial's cells are run, and what is left: what promises something once, then what does not, then
 * again and again, so that a trial that is stopped has tried everything. What is expected to come to nothing takes its
 * whole time, so all of one side's wait together; so do the repeats of what a first run found closed. Effects are the
 * caller's.
 */
import type { Io, Method } from '../../net/index.ts';
import type { TrialRun } from './document.ts';
import type { PlannedCell } from './plan.ts';

export interface ConductTask {
  readonly io: Pick<Io, 'now'>;
  readonly cells: readonly PlannedCell[];
  /** @param bytes to measure with, each way. @throws where no more runs are possible */
  readonly run: (cell: PlannedCell, bytes: number) => Promise<TrialRun>;
  /** A run begins (null) or is over. @param left ms that the rest may take */
  readonly told: (place: number, run: TrialRun | null, left: number) => void;
  readonly signal: AbortSignal;
}

/** ms that a run takes, with all around it, where none has been yet. */
const GUESS = { yes: 900, maybe: 3_000, no: 7_000 } as const;
/** Runs at once of those that are expected to come to nothing. */
const AT_ONCE = 8;
/** Bytes that throughput is measured with: more where they pass quickly, fewer where they take too long. */
const BYTES = { first: 524_288, least: 16_384, most: 4_194_304 } as const;
const QUICK = 150;
const SLOW = 1_500;

/** Nothing of these is chance or timing: what was closed once is closed. */
const STEADY: ReadonlySet<Method> = new Set(['direct', 'reverse', 'relay']);

/** What came of a cell so far. */
interface Tally {
  readonly cell: PlannedCell;
  /** Runs that have begun. */
  tries: number;
  opened: number;
  /** ms of the last one; null: none is over. */
  took: number | null;
  bytes: number;
}

/** Resolves when everything was run as often as it was to be, or the signal aborts. @throws what `run` throws */
export async function conduct({ io, cells, run, told, signal }: ConductTask): Promise<void> {
  const tallies = cells.map((cell): Tally => ({ cell, tries: 0, opened: 0, took: null, bytes: BYTES.first }));
  const one = async (place: number) => {
    const tally = tallies[place];
    if (tally === undefined) return;
    const left = leftOf(tallies);
    tally.tries++;
    told(place, null, left);
    const startedAt = io.now();
    const result = await run(tally.cell, tally.bytes);
    tally.took = io.now() - startedAt;
    tally.bytes = nextBytes(tally.bytes, result);
    if (result.outcome === 'open') tally.opened++;
    told(place, result, leftOf(tallies));
  };
  for (let turn = nextTurn(tallies); turn.length > 0 && !signal.aborted; turn = nextTurn(tallies)) {
    const ended = await Promise.allSettled(turn.map(one));
    for (const end of ended) if (end.status === 'rejected') throw end.reason;
  }
}

/** Places that are run now, side by side; one that stands there twice is run twice. */
function nextTurn(tallies: readonly Tally[]): readonly number[] {
  const { hopeful, grouped, again } = duesOf(tallies);
  const [first] = hopeful;
  if (first !== undefined) return [first];
  const [group] = grouped;
  if (group !== undefined) return group;
  const tries = (place: number) => tallies[place]?.tries ?? 0;
  const fewest = Math.min(...again.map(tries));
  return again.filter((place) => tries(place) === fewest).slice(0, 1);
}

interface Dues {
  /** Their first run. */
  readonly hopeful: readonly number[];
  readonly grouped: readonly (readonly number[])[];
  /** Further runs. */
  readonly again: readonly number[];
}

function duesOf(tallies: readonly Tally[]): Dues {
  const places = (is: (tally: Tally) => boolean) =>
    tallies.flatMap((tally, place) => (tally.tries < tally.cell.wanted && is(tally) ? [place] : []));
  const stuck = places(isStuck).flatMap((place) => {
    const { cell, tries } = tallies[place] ?? { cell: { wanted: 0 }, tries: 0 };
    return Array.from({ length: cell.wanted - tries }, () => place);
  });
  const first = places(({ tries, cell }) => tries === 0 && isDoubtful(cell));
  return {
    hopeful: places(({ tries, cell }) => tries === 0 && !isDoubtful(cell)),
    grouped: [...groupsOf(tallies, first), ...groupsOf(tallies, stuck)],
    again: places((tally) => tally.tries > 0 && !isStuck(tally)),
  };
}

/** Two that ask each other at once would get one pipe: so it is one side's turn. */
function groupsOf(tallies: readonly Tally[], places: readonly number[]): (readonly number[])[] {
  return (['a', 'b'] as const).flatMap((side) => {
    const own = places.filter((place) => tallies[place]?.cell.initiator === side);
    return Array.from({ length: Math.ceil(own.length / AT_ONCE) }, (_, i) =>
      own.slice(i * AT_ONCE, (i + 1) * AT_ONCE),
    );
  });
}

/** It will probably wait for an answer in vain. */
function isDoubtful({ predicted, method }: PlannedCell): boolean {
  return predicted === 'no' || (predicted === 'maybe' && (method === 'direct' || method === 'reverse'));
}

function isStuck({ cell, tries, opened, took }: Tally): boolean {
  return STEADY.has(cell.method) && tries > 0 && took !== null && opened === 0;
}

function leftOf(tallies: readonly Tally[]): number {
  const { hopeful, grouped, again } = duesOf(tallies);
  const each = (place: number) => {
    const tally = tallies[place];
    return tally === undefined ? 0 : (tally.took ?? GUESS[tally.cell.predicted]);
  };
  const rest = (place: number) => {
    const tally = tallies[place];
    return tally === undefined ? 0 : (tally.cell.wanted - tally.tries) * each(place);
  };
  const singles = [...hopeful, ...again].map(rest);
  const groups = grouped.map((group) => Math.max(...group.map(each)));
  return Math.round([...singles, ...groups].reduce((sum, ms) => sum + ms, 0));
}

/** By how long the last ones took. */
function nextBytes(bytes: number, run: TrialRun): number {
  if (run.outcome === 'failed') return bytes;
  const slowest = Math.min(run.sendMbps ?? 0, run.receiveMbps ?? 0);
  const ms = slowest === 0 ? Number.POSITIVE_INFINITY : (bytes * 8) / 1_000 / slowest;
  if (ms < QUICK) return Math.min(BYTES.most, bytes * 4);
  return ms > SLOW ? Math.max(BYTES.least, Math.round(bytes / 4)) : bytes;
}
