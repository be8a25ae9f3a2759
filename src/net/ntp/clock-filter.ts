/**
 * From what several time servers said to the one offset of the own clock and its error bound
 * (RFC 5905 §11.2: intersection). Each answer is an interval in which the truth must lie if its
 * server's clock is right; where most intervals meet is the truth, and whoever misses that lies. Pure.
 */
import type { ClockOffset } from '../events.ts';

/** One server's answer to one question. */
export interface ClockSample {
  readonly server: string;
  /** Server's clock − own clock in ms, as if both ways took equally long. */
  readonly offset: number;
  /** Round trip in ms, the server's own time for the answer taken off. */
  readonly delay: number;
  /** What the server says of the way to its own source, ms. */
  readonly rootDelay: number;
  readonly rootDispersion: number;
}

/** Grain of timestamps and of timers, ms: no bound is tighter. */
const GRAIN = 0.05;

/**
 * The best guess and its bound; null when there is none, or when as many servers say one thing as
 * another: no clock is better than a wrong one. A lone server is believed. The bound holds while
 * more than half are honest: it spans all that so many agree on, as a liar whose interval overlaps
 * the others' would else shrink it to where the truth is not.
 */
export function filterClock(samples: readonly ClockSample[]): ClockOffset | null {
  const best = bestOfEach(samples);
  const majority = Math.floor(best.length / 2) + 1;
  const overlaps = overlapsOf(best, majority);
  if (overlaps === null) return null;
  const { meeting, span } = overlaps;
  const agreeing = best.filter((sample) => lowOf(sample) <= meeting.low && highOf(sample) >= meeting.high);
  // Inside the meeting the answer that took least time is the most exact (§11.2.3).
  const [first] = [...agreeing].sort((a, b) => errorOf(a) - errorOf(b));
  if (first === undefined) return null;
  const offset = Math.min(meeting.high, Math.max(meeting.low, first.offset));
  const error = Math.max(span.high - offset, offset - span.low, GRAIN);
  return { offset, error, samples: agreeing.length };
}

/** How far the truth may be from a sample's offset. */
function errorOf({ delay, rootDelay, rootDispersion }: ClockSample): number {
  return Math.max(0, delay) / 2 + rootDelay / 2 + rootDispersion + GRAIN;
}

const lowOf = (sample: ClockSample) => sample.offset - errorOf(sample);
const highOf = (sample: ClockSample) => sample.offset + errorOf(sample);

/** Of each server the answer with the smallest error. */
function bestOfEach(samples: readonly ClockSample[]): ClockSample[] {
  const best = new Map<string, ClockSample>();
  for (const sample of samples) {
    const before = best.get(sample.server);
    if (before === undefined || errorOf(sample) < errorOf(before)) best.set(sample.server, sample);
  }
  return [...best.values()];
}

interface Stretch {
  readonly low: number;
  readonly high: number;
}

/**
 * Marzullo's algorithm: `meeting` is the stretch that the most intervals share, `span` reaches from
 * the first to the last point that at least `majority` of them share; null where so many never do.
 */
function overlapsOf(
  samples: readonly ClockSample[],
  majority: number,
): { readonly meeting: Stretch; readonly span: Stretch } | null {
  const edges = samples
    .flatMap((sample) => [
      { at: lowOf(sample), step: 1 },
      { at: highOf(sample), step: -1 },
    ])
    .sort((a, b) => a.at - b.at || b.step - a.step);
  let count = 0;
  const shared = edges.flatMap(({ at, step }, i) => {
    count += step;
    const high = edges[i + 1]?.at;
    return high === undefined || count < majority ? [] : [{ low: at, high, count }];
  });
  const [first] = shared;
  const last = shared.at(-1);
  if (first === undefined || last === undefined) return null;
  const meeting = shared.reduce((best, stretch) => (stretch.count > best.count ? stretch : best), first);
  return { meeting, span: { low: first.low, high: last.high } };
}
