/** The other side's clock against ours, over the trial's own pipe: the quickest answer bounds the error (Cristian). */
import type { TrialDocument } from '../trial/document.ts';
import type { TrialLink } from '../trial/link.ts';
import { CLOCK_LIMIT, CLOCK_SAMPLES } from '../trial/timing.ts';

export type Clock = TrialDocument['clock'];

/** @param now Unix ms of our clock. @returns null where no answer came */
export async function askClock(link: TrialLink, now: () => number, signal: AbortSignal): Promise<Clock> {
  let best: Clock = null;
  for (let id = 0; id < CLOCK_SAMPLES; id++) {
    const asked = now();
    const answer = await link
      .ask(
        { type: 'time', id },
        (message) => (message.type === 'now' && message.id === id ? message : undefined),
        CLOCK_LIMIT,
        signal,
      )
      .catch(() => null);
    if (answer === null) return best;
    const there = now();
    const offset = (answer.received - asked + (answer.sent - there)) / 2;
    const error = Math.max(0, (there - asked - (answer.sent - answer.received)) / 2);
    if (best === null || error < best.error) best = { offset: round(offset), error: round(error) };
  }
  return best;
}

function round(ms: number): number {
  return Math.round(ms * 100) / 100;
}
