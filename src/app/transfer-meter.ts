/** How fast a file comes or goes, from what was told of it. Pure. */
import type { FileEvent } from '../net/index.ts';
import type { Stamped } from './events.ts';

/** ms over which the speed of the moment is taken: what is shown neither jumps nor lags. */
const WINDOW = 3_000;
/** Before that it is no speed yet. */
const SHORTEST = 150;

interface Sample {
  readonly at: number;
  readonly done: number;
}

export interface Meter {
  readonly startedAt: number;
  /** Of the last WINDOW, oldest first. */
  readonly samples: readonly Sample[];
}

/** @param before null: nothing was told before */
export function measured(before: Meter | null, event: Stamped<FileEvent>): Meter {
  const sample = { at: event.at, done: event.done };
  if (before === null || event.state === 'start') return { startedAt: event.at, samples: [sample] };
  // What was there from an earlier try has not come now.
  const recent = before.samples.filter(({ at, done }) => event.at - at <= WINDOW && done >= event.from);
  return { ...before, samples: [...recent, sample] };
}

/** Bytes a second in the last seconds; null while it is not known. */
export function speedOf({ samples }: Meter): number | null {
  const [first, last] = [samples[0], samples.at(-1)];
  if (first === undefined || last === undefined || last.at - first.at < SHORTEST) return null;
  return ((last.done - first.done) * 1000) / (last.at - first.at);
}
