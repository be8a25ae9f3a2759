/** The punches of a trial as lanes, a side each, on one clock; and which runs are worth to be drawn. Pure. */
import { type TimelineView, timelineView } from '../timeline.ts';
import type { SideName, TrialCell, TrialMark, TrialRun } from './document.ts';
import { SIDES } from './labels.ts';

export interface DrawnRun {
  readonly cell: TrialCell;
  readonly run: TrialRun;
  /** From 1. */
  readonly number: number;
  readonly because: 'failed' | 'fastest';
}

/** Of all punched runs, the ones that explain most: the first failure and the fastest success of each cell. */
export function runsWorthDrawing(cells: readonly TrialCell[], limit: number): DrawnRun[] {
  const all = cells.flatMap((cell) => {
    const runs = cell.runs.map((run, i) => ({ cell, run, number: i + 1 })).filter(isPunched);
    const failed = runs.find(({ run }) => run.outcome === 'failed');
    const [fastest] = runs
      .filter(({ run }) => run.outcome === 'open')
      .sort((a, b) => a.run.elapsed - b.run.elapsed);
    return [
      ...(failed === undefined ? [] : [{ ...failed, because: 'failed' as const }]),
      ...(fastest === undefined ? [] : [{ ...fastest, because: 'fastest' as const }]),
    ];
  });
  const failures = all.filter(({ because }) => because === 'failed');
  const successes = all.filter(({ because }) => because === 'fastest');
  // Some of each, where there are too many.
  const kept = new Set([
    ...failures.slice(0, Math.max((limit + 1) >> 1, limit - successes.length)),
    ...successes.slice(0, Math.max(limit >> 1, limit - failures.length)),
  ]);
  return all.filter((run) => kept.has(run));
}

function isPunched({ run }: { readonly run: TrialRun }): boolean {
  return run.timeline.length > 0;
}

export function marksOf({ timeline }: TrialRun, side: SideName): TrialMark[] {
  return timeline.filter((mark) => mark.side === side);
}

/** Lanes of characters: side a's first. */
export function laneView({ method, path, family }: TrialCell, run: TrialRun, columns: number): TimelineView {
  const lanes = SIDES.map((side) => ({
    side: side === 'a' ? ('own' as const) : ('peer' as const),
    ...{ method, path, family },
    marks: marksOf(run, side),
  }));
  return timelineView({ lanes, error: 0, explanation: null }, columns);
}
