/** What a trial tells while it goes on; `reduce` folds it into one state, narration tells it in lines. Types and the fold. */
import type { SideName, TrialCell, TrialDocument, TrialRun } from './document.ts';
import type { PlannedCell } from './plan.ts';
import { isSurprise } from './surprise.ts';

/**
 * waiting: for somebody who starts one · meeting: the two are being connected · looking: NATs and clocks ·
 * running: cell after cell · done: there is a report · failed: there is none
 */
export type TrialPhase = 'waiting' | 'meeting' | 'looking' | 'running' | 'done' | 'failed';

/** A trial is at another stage. What is left out is as before. */
export interface TrialEvent {
  readonly event: 'trial';
  readonly phase: TrialPhase;
  /** This side. */
  readonly role: SideName;
  /** What the other person is to be given; of a side that waits. */
  readonly address?: string;
  /** The other side's node id. */
  readonly peer?: string;
  readonly cells?: readonly PlannedCell[];
  readonly document?: TrialDocument;
  /** Why it failed, or ended early. */
  readonly reason?: string;
}

/** A run of one cell has begun (`run` is null), or is over. */
export interface TrialRunEvent {
  readonly event: 'trial-run';
  /** Its place in the plan. */
  readonly cell: number;
  readonly run: TrialRun | null;
  /** ms that the rest may take; null = not known. */
  readonly left: number | null;
}

export interface TrialState {
  readonly phase: TrialPhase;
  readonly role: SideName;
  readonly address: string | null;
  readonly peer: string | null;
  /** With their runs so far, and how many are wanted. */
  readonly cells: readonly (TrialCell & { readonly wanted: number })[];
  /** Places of the cells that are being run. */
  readonly running: readonly number[];
  readonly left: number | null;
  readonly document: TrialDocument | null;
  readonly reason: string | null;
}

/** @param before null: there was none */
export function reduceTrial(before: TrialState | null, event: TrialEvent | TrialRunEvent): TrialState | null {
  if (event.event === 'trial') return nextPhase(before, event);
  if (before === null) return null;
  const { cell: place, run, left } = event;
  const others = before.running.filter((running) => running !== place);
  if (run === null) return { ...before, left, running: [...others, place] };
  const cells = before.cells.map((cell, i) => (i === place ? withRun(cell, run) : cell));
  return { ...before, left, cells, running: others };
}

function nextPhase(before: TrialState | null, event: TrialEvent): TrialState {
  const begins = before === null || event.phase === 'waiting' || event.phase === 'meeting';
  const kept = begins ? null : before;
  const planned = event.cells?.map((cell) => ({ ...cell, surprise: false, runs: [] })) ?? kept?.cells ?? [];
  // The report is right where a run was not told.
  const cells =
    event.document?.cells.map((cell, place) => ({
      ...cell,
      wanted: planned[place]?.wanted ?? cell.runs.length,
    })) ?? planned;
  return {
    phase: event.phase,
    role: event.role,
    address: event.address ?? before?.address ?? null,
    peer: event.peer ?? kept?.peer ?? null,
    cells,
    running: [],
    left: event.phase === 'running' ? (kept?.left ?? null) : null,
    document: event.document ?? null,
    reason: event.reason ?? null,
  };
}

export function withRun<C extends TrialCell>(cell: C, run: TrialRun): C {
  const runs = [...cell.runs, run];
  return {
    ...cell,
    runs,
    surprise: isSurprise(
      cell.predicted,
      runs.map(({ outcome }) => outcome),
    ),
  };
}
