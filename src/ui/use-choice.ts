/** Choosing one of a list by up and down. */
import type { Intent } from './keymap.ts';
import { useCell } from './use-cell.ts';

export interface Choice {
  /** Index of the chosen one; -1 for an empty list. */
  readonly index: number;
  /** As the last key left it. */
  get(): number;
  /** True when the key moved the choice. */
  move(intent: Intent): boolean;
}

export function useChoice(length: number): Choice {
  const wanted = useCell(0);
  return {
    index: Math.min(wanted.value, length - 1),
    get: () => Math.min(wanted.get(), length - 1),
    move(intent) {
      if (intent !== 'up' && intent !== 'down') return false;
      const index = Math.min(wanted.get(), length - 1);
      if (length > 0) wanted.set((index + (intent === 'up' ? length - 1 : 1)) % length);
      return true;
    },
  };
}
