/** When a cell came out otherwise than predicted. Pure, and light: the first frame needs it. */
import type { TrialCell, TrialRun } from './document.ts';

/** A prediction that came out otherwise: never of what may be. */
export function isSurprise(
  predicted: TrialCell['predicted'],
  outcomes: readonly TrialRun['outcome'][],
): boolean {
  if (outcomes.length === 0 || predicted === 'maybe') return false;
  return predicted === 'yes' ? !outcomes.includes('open') : outcomes.includes('open');
}
