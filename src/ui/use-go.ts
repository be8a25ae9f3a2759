/** Keys that lead from one screen about NATs to another. */
import type { Screen } from '../app/ui-state.ts';
import { useUi } from './context.ts';
import type { Intent } from './keymap.ts';

const SCREENS: Partial<Record<Intent, Screen>> = {
  'go-nat': 'nat',
  'go-nat-tables': 'nat-tables',
  'go-matrix': 'matrix',
};

/** True when the key led elsewhere. */
export function useGo(): (intent: Intent) => boolean {
  const { emit } = useUi().session.store;
  return (intent) => {
    const screen = SCREENS[intent];
    if (screen === undefined) return false;
    emit({ event: 'ui', action: 'go', screen });
    return true;
  };
}
