/** The data set of a trial, from what both sides have told. Pure. */
import { adviceFor } from './advice.ts';
import type { TrialCell, TrialDocument, TrialRun, TrialSide } from './document.ts';
import { withRun } from './events.ts';
import type { PlannedCell } from './plan.ts';

export interface TrialParts {
  readonly cells: readonly PlannedCell[];
  /** As they came: the place of a cell in the plan, and its run. */
  readonly results: readonly { readonly cell: number; readonly run: TrialRun }[];
  readonly sides: TrialDocument['sides'];
  readonly clock: TrialDocument['clock'];
  readonly startedAt: number;
  readonly elapsed: number;
  readonly repeat: number;
  /** Why it ended early; null: it did not. */
  readonly ended: string | null;
}

/** Marks of all timelines together, so that a report can be sent and read: those of later runs are left out. */
const MAX_MARKS = 50_000;

export function documentOf(parts: TrialParts): TrialDocument {
  const results = withinMarks(parts.results);
  const { sides, clock, startedAt, elapsed, repeat } = parts;
  const planned = parts.cells.map(({ wanted, ...cell }) => ({ wanted, cell }));
  const cells = planned.map(({ cell }, place) => {
    const empty: TrialCell = { ...cell, surprise: false, runs: [] };
    return results
      .filter((result) => result.cell === place)
      .reduce((told, { run }) => withRun(told, run), empty);
  });
  const missing = planned.filter(({ wanted }, place) => (cells[place]?.runs.length ?? 0) < wanted).length;
  const incomplete =
    parts.ended ?? (missing > 0 ? `${missing} cells were not tried as often as planned` : null);
  const document: TrialDocument = {
    schemaVersion: 1,
    complete: incomplete === null,
    incomplete,
    startedAt: Math.round(startedAt),
    elapsed: Math.round(elapsed),
    repeat,
    clock,
    sides,
    cells,
    advice: [],
    redacted: false,
  };
  return { ...document, advice: adviceFor(document) };
}

function withinMarks(results: TrialParts['results']): TrialParts['results'] {
  let left = MAX_MARKS;
  return results.map(({ cell, run }) => {
    const isKept = run.timeline.length <= left;
    if (isKept) left -= run.timeline.length;
    return { cell, run: isKept ? run : { ...run, timeline: [] } };
  });
}

/** A side that took no part: what its address tells. */
export function absentSide(nodeId: string): TrialSide {
  return { nodeId, version: 'unknown', platform: null, reports: [] };
}
