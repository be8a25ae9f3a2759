/**
 * Lets virtual time pass with real time, so that what is simulated can be watched: a step a frame,
 * and a pause after each, however much happens. What the machine cannot keep up with, or slept
 * through, is not made good: virtual time goes on from where it was.
 */
import type { Io } from '../net/io/io.ts';
import type { Clock } from './clock.ts';

export interface Pace {
  /** The real one. */
  readonly io: Pick<Io, 'now' | 'sleepUntil'>;
  /** Virtual ms per real one; may change while it runs. */
  readonly speed: () => number;
  /** Ends it. */
  readonly signal: AbortSignal;
  /** Called after each step. */
  readonly onStep?: () => void;
}

/** Real ms that one step makes up for at most. */
const LONGEST_STEP = 100;
/** Real ms between two steps: no longer, so that what is asked from outside happens at once; no shorter, or it would be a busy loop. */
const LONGEST_PAUSE = 33;
const SHORTEST_PAUSE = 4;

/** Resolves when the signal aborts. @throws ClockError as `Clock.runUntil` */
export async function runInRealTime(clock: Clock, { io, speed, signal, onStep }: Pace): Promise<void> {
  let last = io.now();
  while (!signal.aborted) {
    const factor = speed();
    const now = io.now();
    const passed = Math.min(now - last, LONGEST_STEP);
    last = now;
    await clock.runUntil(clock.now() + passed * factor, { signal });
    onStep?.();
    const due = ((clock.next ?? Number.POSITIVE_INFINITY) - clock.now()) / factor - (io.now() - now);
    await io.sleepUntil(io.now() + Math.min(LONGEST_PAUSE, Math.max(SHORTEST_PAUSE, due)), signal);
  }
}
