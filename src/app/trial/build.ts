/** The data set of a trial, from what both sides have told. Pure. */
import { adviceFor } from './advice.ts';
import type { TrialCell, TrialDocument, TrialRun, TrialSide } from './document.ts';
import { withRun } from './events.ts';
import type { PlannedCell } from './plan.ts';
import { shortened } from './wording.ts';

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

/** Marks of a whole report: about four megabytes of JSON, so that it can be read back. */
const MAX_MARKS = 50_000;
/** What tells a run's beginning and end. */
const FEWEST_MARKS = 8;

export function documentOf(parts: TrialParts): TrialDocument {
  const { sides, clock, startedAt, elapsed, repeat } = parts;
  const results = thinned(parts.results);
  const planned = parts.cells.map(({ wanted, ...cell }) => ({ wanted, cell }));
  const cells = planned.map(({ cell }, place) => {
    const empty: TrialCell = { ...cell, surprise: false, runs: [] };
    return results
      .filter((result) => result.cell === place)
      .reduce((told, { run }) => withRun(told, run), empty);
  });
  const missing = planned.filter(({ wanted }, place) => (cells[place]?.runs.length ?? 0) < wanted).length;
  const ended = parts.ended === null ? null : shortened(parts.ended);
  const incomplete = ended ?? (missing > 0 ? `${missing} ways were not tried as often as planned` : null);
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

/** Each timeline has its share: where there are too many marks, the first and the last of it stay. */
function thinned(results: TrialParts['results']): TrialParts['results'] {
  const punched = results.filter(({ run }) => run.timeline.length > 0).length;
  const share = Math.max(FEWEST_MARKS, Math.floor(MAX_MARKS / Math.max(1, punched)));
  return results.map(({ cell, run }) => {
    const { timeline } = run;
    if (timeline.length <= share) return { cell, run };
    const half = share >> 1;
    return {
      cell,
      run: { ...run, timeline: [...timeline.slice(0, share - half), ...timeline.slice(-half)] },
    };
  });
}

/** A side that took no part: what its address tells. */
export function absentSide(nodeId: string): TrialSide {
  return { nodeId, version: 'unknown', platform: null, reports: [] };
}
