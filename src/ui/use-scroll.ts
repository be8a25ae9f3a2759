/** A window over lines: over a log it follows the end until the user scrolls up, over a report it begins at the start. */
import type { Intent } from './keymap.ts';
import { useCell } from './use-cell.ts';

export interface Scroll {
  /** Index of the first line shown. */
  readonly first: number;
  /** Lines below what is shown. */
  readonly below: number;
  /** True when the key scrolled. */
  move(intent: Intent): boolean;
  /** Back to where it began. */
  follow(): void;
}

/** @param from where the window is until the user moves it; the end moves as lines come in */
export function useScroll(lines: number, rows: number, from: 'start' | 'end' = 'end'): Scroll {
  /** The first line shown, kept while lines come in below; null follows the end. */
  const initial = from === 'start' ? 0 : null;
  const held = useCell<number | null>(initial);
  const last = Math.max(0, lines - rows);
  const at = (wanted: number | null) => Math.min(wanted ?? last, last);
  const first = at(held.value);
  const steps: Partial<Record<Intent, number>> = {
    up: -1,
    down: 1,
    'page-up': 1 - rows,
    'page-down': rows - 1,
  };
  return {
    first,
    below: last - first,
    move(intent) {
      const step = steps[intent];
      if (step === undefined) return false;
      const next = at(held.get()) + step;
      held.set(next >= last ? (from === 'start' ? last : null) : Math.max(0, next));
      return true;
    },
    follow: () => held.set(initial),
  };
}
