/** What the runs of a trial come to in figures: of each cell and of all. Pure. */
import type { TrialCell, TrialDocument } from './document.ts';

export interface Spread {
  readonly min: number;
  /** A quarter of all is at most this. */
  readonly lower: number;
  readonly median: number;
  readonly upper: number;
  readonly max: number;
}

export interface CellStats {
  readonly tries: number;
  readonly opened: number;
  /** 0 to 1; null where nothing was tried. */
  readonly rate: number | null;
  /** Where the rate lies, with 95 % confidence (Wilson); null where nothing was tried. */
  readonly interval: readonly [number, number] | null;
  /** ms to the pipe, of the runs that opened; null where none did. */
  readonly time: Spread | null;
  /** Medians; null where none was measured. */
  readonly rtt: number | null;
  readonly sendMbps: number | null;
  readonly receiveMbps: number | null;
}

export interface TrialStats {
  readonly cells: number;
  readonly runs: number;
  readonly openedRuns: number;
  /** Cells of which at least one run opened. */
  readonly openedCells: number;
  /** Cells that were tried and predicted yes or no; who says maybe is never wrong. */
  readonly predicted: number;
  /** Of these, how many came out so. */
  readonly held: number;
  /** The way to be preferred; null where nothing opened. */
  readonly best: TrialCell | null;
}

/** Standard deviations of a normal distribution that hold 95 % of it. */
const Z = 1.959964;

/** Wilson's score interval: unlike the normal approximation it holds for few tries and for none or all opened. */
export function wilson(opened: number, tries: number): [number, number] | null {
  if (tries === 0) return null;
  const rate = opened / tries;
  const weight = 1 + Z ** 2 / tries;
  const middle = (rate + Z ** 2 / (2 * tries)) / weight;
  const half = (Z / weight) * Math.sqrt((rate * (1 - rate)) / tries + Z ** 2 / (4 * tries ** 2));
  return [opened === 0 ? 0 : Math.max(0, middle - half), opened === tries ? 1 : Math.min(1, middle + half)];
}

/** Linear between neighbours (R's type 7); null of nothing. @param share 0 to 1 */
export function quantile(values: readonly number[], share: number): number | null {
  const sorted = [...values].sort((a, b) => a - b);
  const place = (sorted.length - 1) * share;
  const low = sorted[Math.floor(place)];
  const high = sorted[Math.ceil(place)];
  if (low === undefined || high === undefined) return null;
  return low + (high - low) * (place - Math.floor(place));
}

export function median(values: readonly (number | null)[]): number | null {
  return quantile(
    values.filter((value) => value !== null),
    0.5,
  );
}

export function spreadOf(values: readonly number[]): Spread | null {
  const [min, lower, middle, upper, max] = [0, 0.25, 0.5, 0.75, 1].map((share) => quantile(values, share));
  if (min == null || lower == null || middle == null || upper == null || max == null) return null;
  return { min, lower, median: middle, upper, max };
}

export function cellStats({ runs }: Pick<TrialCell, 'runs'>): CellStats {
  const opened = runs.filter(({ outcome }) => outcome === 'open');
  return {
    tries: runs.length,
    opened: opened.length,
    rate: runs.length === 0 ? null : opened.length / runs.length,
    interval: wilson(opened.length, runs.length),
    time: spreadOf(opened.map(({ elapsed }) => elapsed)),
    rtt: median(opened.map(({ rtt }) => rtt)),
    sendMbps: median(opened.map(({ sendMbps }) => sendMbps)),
    receiveMbps: median(opened.map(({ receiveMbps }) => receiveMbps)),
  };
}

export function trialStats({ cells }: Pick<TrialDocument, 'cells'>): TrialStats {
  const all = cells.map((cell) => ({ cell, stats: cellStats(cell) }));
  const sum = (count: (stats: CellStats) => number) =>
    all.reduce((total, { stats }) => total + count(stats), 0);
  const told = cells.filter(({ predicted, runs }) => predicted !== 'maybe' && runs.length > 0);
  return {
    cells: cells.length,
    runs: sum(({ tries }) => tries),
    openedRuns: sum(({ opened }) => opened),
    openedCells: all.filter(({ stats }) => stats.opened > 0).length,
    predicted: told.length,
    held: told.filter(({ surprise }) => !surprise).length,
    best: bestOf(all),
  };
}

/** What is sure to open more often, without a relay, by the shorter path, in less time. */
function bestOf(all: readonly { cell: TrialCell; stats: CellStats }[]): TrialCell | null {
  const order = ({ cell, stats }: (typeof all)[number]) => [
    cell.method === 'relay' ? 1 : 0,
    -(stats.interval?.[0] ?? 0),
    cell.path === 'local' ? 0 : 1,
    stats.time?.median ?? 0,
  ];
  const [best] = all
    .filter(({ stats }) => stats.opened > 0)
    .sort((a, b) => {
      const theirs = order(b);
      return (
        order(a)
          .map((value, i) => value - (theirs[i] ?? 0))
          .find((difference) => difference !== 0) ?? 0
      );
    });
  return best?.cell ?? null;
}
