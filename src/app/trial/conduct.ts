/**
 * In which order a trial's cells are run, and what is left: each once, then again and again, so that a trial that is
 * stopped has tried everything that promises something. Those that are expected to come to nothing take their whole time,
 * so all of one side's wait together. Effects are the caller's.
 */
import type { Io } from '../../net/index.ts';
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
const QUICK = 300;
const SLOW = 1_500;

interface Turn {
  readonly places: readonly number[];
}

/** Resolves when everything was run as often as it was to be, or the signal aborts. @throws what `run` throws */
export async function conduct(task: ConductTask): Promise<void> {
  const turns = turnsOf(task.cells);
  const took = new Map<number, number>();
  const bytes = new Map<number, number>();
  for (const [index, { places }] of turns.entries()) {
    if (task.signal.aborted) return;
    const left = () => leftOf(task.cells, turns.slice(index), took);
    const one = async (place: number) => {
      const cell = task.cells[place];
      if (cell === undefined) return;
      const size = bytes.get(place) ?? BYTES.first;
      task.told(place, null, left());
      const startedAt = task.io.now();
      const run = await task.run(cell, size);
      took.set(place, task.io.now() - startedAt);
      bytes.set(place, nextBytes(size, run));
      task.told(place, run, leftOf(task.cells, turns.slice(index + 1), took));
    };
    await Promise.all(places.map(one));
  }
}

function turnsOf(cells: readonly PlannedCell[]): Turn[] {
  const places = cells.map((_, place) => place);
  const hopeful = places.filter((place) => cells[place]?.predicted !== 'no');
  const rounds = Math.max(0, ...hopeful.map((place) => cells[place]?.wanted ?? 0));
  const round = (n: number) =>
    hopeful.filter((place) => (cells[place]?.wanted ?? 0) > n).map((place): Turn => ({ places: [place] }));
  // Two that ask each other at once would get one pipe: so it is one side's turn.
  const hopeless = (['a', 'b'] as const).flatMap((side) => {
    const own = places.filter((place) => {
      const cell = cells[place];
      return cell?.predicted === 'no' && cell.initiator === side && cell.wanted > 0;
    });
    return Array.from(
      { length: Math.ceil(own.length / AT_ONCE) },
      (_, i): Turn => ({
        places: own.slice(i * AT_ONCE, (i + 1) * AT_ONCE),
      }),
    );
  });
  const later = Array.from({ length: Math.max(0, rounds - 1) }, (_, i) => round(i + 1)).flat();
  return [...round(0), ...hopeless, ...later];
}

function leftOf(
  cells: readonly PlannedCell[],
  turns: readonly Turn[],
  took: ReadonlyMap<number, number>,
): number {
  const guess = (place: number) => took.get(place) ?? GUESS[cells[place]?.predicted ?? 'maybe'];
  return Math.round(turns.reduce((sum, { places }) => sum + Math.max(0, ...places.map(guess)), 0));
}

/** By how long the last ones took. */
function nextBytes(bytes: number, run: TrialRun): number {
  if (run.outcome === 'failed') return bytes;
  const slowest = Math.min(run.sendMbps ?? 0, run.receiveMbps ?? 0);
  const ms = slowest === 0 ? Number.POSITIVE_INFINITY : (bytes * 8) / 1_000 / slowest;
  if (ms < QUICK) return Math.min(BYTES.most, bytes * 4);
  return ms > SLOW ? Math.max(BYTES.least, Math.round(bytes / 4)) : bytes;
}
