/**
 * What side a tells side b while a trial goes on, kept for a report where a does not come to make one. Nothing that it
 * says makes it grow without bound, or the report one that cannot be read back. Pure.
 */
import { documentOf } from './build.ts';
import type { TrialDocument, TrialRun, TrialSide } from './document.ts';
import type { PlannedCell } from './plan.ts';

export interface Begun {
  /** Side a. */
  readonly host: TrialSide;
  readonly cells: readonly PlannedCell[];
  /** Unix ms. */
  readonly startedAt: number;
}

/** Marks of all runs that are kept; later runs lose theirs. */
const MAX_MARKS = 100_000;

export class Ledger {
  readonly #begun: Begun;
  readonly #results: { cell: number; run: TrialRun }[] = [];
  readonly #counts = new Map<number, number>();
  #marks = 0;
  /** Runs that side b has been asked for. */
  #asked = 0;

  constructor(begun: Begun) {
    this.#begun = begun;
  }

  /** Whether the plan has that cell, and runs of it are still to come. */
  awaits(cell: number): boolean {
    return (this.#counts.get(cell) ?? 0) < (this.#begun.cells[cell]?.wanted ?? 0);
  }

  /** Side b is asked for a run: as often as was planned, and no more. */
  asksRun(): boolean {
    const planned = this.#begun.cells.filter(({ initiator }) => initiator === 'b');
    return ++this.#asked <= planned.reduce((sum, { wanted }) => sum + wanted, 0);
  }

  /** @returns false for a run that was not to come */
  take(cell: number, run: TrialRun): boolean {
    if (!this.awaits(cell)) return false;
    this.#counts.set(cell, (this.#counts.get(cell) ?? 0) + 1);
    const isTooMuch = this.#marks + run.timeline.length > MAX_MARKS;
    if (!isTooMuch) this.#marks += run.timeline.length;
    this.#results.push({ cell, run: isTooMuch ? { ...run, timeline: [] } : run });
    return true;
  }

  /** As far as it came. @param ended why no further */
  document(own: TrialSide, now: number, ended: string): TrialDocument {
    const { host, cells, startedAt } = this.#begun;
    return documentOf({
      cells,
      results: this.#results,
      sides: { a: host, b: own },
      clock: null,
      startedAt,
      elapsed: Math.max(0, now - startedAt),
      repeat: Math.max(0, ...cells.map(({ wanted }) => wanted)),
      ended,
    });
  }
}

/** Side a's report, with what side b knows for itself: who the two are, what its own NATs are, what follows from the runs. */
export function checked(document: TrialDocument, host: string, own: TrialSide): TrialDocument {
  const { sides } = document;
  return { ...document, redacted: false, sides: { a: { ...sides.a, nodeId: host }, b: own } };
}
