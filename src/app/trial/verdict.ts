/** What a trial comes to, in a sentence or two for everybody. Pure. */

import type { TrialCell, TrialDocument } from './document.ts';
import { duration } from './labels.ts';
import { type CellStats, cellStats, trialStats } from './stats.ts';

export interface Verdict {
  readonly sentence: string;
  /** Of the whole: a pipe always, now and then, by a relay only, never; or nothing was tried. */
  readonly mood: 'good' | 'mixed' | 'relayed' | 'bad' | 'empty';
}

/** How the best way goes, in words without jargon. */
const HOW: Readonly<Record<TrialCell['method'], string>> = {
  direct: 'by a direct connection',
  reverse: 'when one asks the other to call back',
  'tcp-punch': 'by TCP hole punching',
  'udp-punch': 'by UDP hole punching',
  relay: 'through a relay',
};

export function verdictOf(document: TrialDocument): Verdict {
  const { runs, best } = trialStats(document);
  if (runs === 0) return { sentence: 'Nothing was tried.', mood: 'empty' };
  if (best === null) return { sentence: 'These two machines found no way to each other.', mood: 'bad' };
  const stats = cellStats(best);
  if (best.method === 'relay') {
    const sentence = `These two machines reach each other only through a relay, ${often(stats)}.`;
    return { sentence, mood: 'relayed' };
  }
  const where = best.path === 'local' ? ' on their own network' : '';
  const always = stats.opened === stats.tries;
  const start = `These two machines ${always ? '' : 'sometimes '}reach each other without a relay${where}`;
  const how = `${start}: ${HOW[best.method]}, ${often(stats)}.`;
  if (always) return { sentence: how, mood: 'good' };
  return { sentence: relaysAlways(document) ? `${how} A relay opens every time.` : how, mood: 'mixed' };
}

/** `in about 91 ms, every time (5 of 5)`. */
function often({ opened, tries, time }: CellStats): string {
  const share = opened === tries ? `every time (${opened} of ${tries})` : `${opened} times out of ${tries}`;
  const times = tries === 1 ? 'the one time that it was tried' : share;
  return time === null ? times : `in about ${duration(time.median)}, ${times}`;
}

function relaysAlways({ cells }: TrialDocument): boolean {
  const relays = cells.filter(({ method, runs }) => method === 'relay' && runs.length > 0).map(cellStats);
  return relays.length > 0 && relays.every(({ opened, tries }) => opened === tries);
}
