/** A window over lines that grow at the end: it follows the end until the user scrolls up. */
import type { Intent } from './keymap.ts';
import { useCell } from './use-cell.ts';

export interface Scroll {
  /** Index of the first line shown. */
  readonly first: number;
  /** Lines below what is shown. */
  readonly below: number;
  /** True when the key scrolled. */
  move(intent: Intent): boolean;
  /** Back to the end. */
  follow(): void;
}

export function useScroll(lines: number, rows: number): Scroll {
  /** The first line shown, kept while lines come in below; null follows the end. */
  const held = useCell<number | null>(null);
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
      held.set(next >= last ? null : Math.max(0, next));
      return true;
    },
    follow: () => held.set(null),
  };
}
