/** A part of the one state, by selector; a component is drawn again only when its part changes. */
import { useSyncExternalStore } from 'react';
import type { State } from '../app/state.ts';
import { useUi } from './context.ts';

/** @param selector gives parts of the state as they are, or plain values: nothing made anew each time */
export function useStore<T>(selector: (state: State) => T): T {
  const { store } = useUi().session;
  const read = () => selector(store.getState());
  return useSyncExternalStore(store.subscribe, read, read);
}
