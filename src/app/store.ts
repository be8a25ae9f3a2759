/**
 * The shared store: events in, state out. Readers of the stream hear every event at once; readers
 * of the state (the TUI) are told at most every 33 ms, so that a burst of events is one frame.
 */
import { createStore } from 'zustand/vanilla';
import type { AppEvent, Stamped } from './events.ts';
import { reduce } from './reduce.ts';
import { INITIAL_STATE, type State } from './state.ts';

/** ms between two notifications: 30 frames a second, Ink's own limit. */
const FRAME_INTERVAL = 33;

export type Emit = (event: AppEvent) => void;

export interface Store {
  /** Stamps an event with the time, folds it into the state, tells the listeners of the stream. */
  readonly emit: Emit;
  getState(): State;
  /** Called after the state has changed, at most every 33 ms. @returns unsubscribe */
  subscribe(listener: () => void): () => void;
  /** Called with every event. @returns unsubscribe */
  onEvent(listener: (event: Stamped) => void): () => void;
}

/** @param now monotonic ms; `at` counts from the value at this call, or from `startedAt` */
export function createAppStore(now: () => number, startedAt = now()): Store {
  const inner = createStore<State>(() => INITIAL_STATE);
  const listeners = new Set<(event: Stamped) => void>();
  return {
    emit(event) {
      const stamped: Stamped = { ...event, at: Math.round(now() - startedAt) };
      inner.setState((state) => reduce(state, stamped), true);
      for (const listener of listeners) listener(stamped);
    },
    getState: inner.getState,
    subscribe: (listener) => inner.subscribe(throttled(listener)),
    onEvent(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}

/** The first change is told at once (a key must move something), later ones once per interval. */
function throttled(listener: () => void): () => void {
  let timer: NodeJS.Timeout | null = null;
  let again = false;
  const tick = () => {
    timer = null;
    if (!again) return;
    again = false;
    arm();
    listener();
  };
  const arm = () => {
    timer = setTimeout(tick, FRAME_INTERVAL);
    timer.unref();
  };
  return () => {
    if (timer !== null) {
      again = true;
      return;
    }
    arm();
    listener();
  };
}
