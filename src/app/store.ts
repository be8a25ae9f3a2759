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
  /** ms since the program started, as `at` counts. */
  now(): number;
  getState(): State;
  /** Called after the state has changed, at most every 33 ms. @returns unsubscribe */
  subscribe(listener: () => void): () => void;
  /** Called with every event. @returns unsubscribe */
  onEvent(listener: (event: Stamped) => void): () => void;
}

/** @param now monotonic ms; `at` counts from `startedAt`, by default the start of the process */
export function createAppStore(now: () => number = () => performance.now(), startedAt = 0): Store {
  const inner = createStore<State>(() => INITIAL_STATE);
  const listeners = new Set<(event: Stamped) => void>();
  return {
    emit(event) {
      const stamped: Stamped = { ...event, at: Math.round(now() - startedAt) };
      inner.setState((state) => reduce(state, stamped), true);
      for (const listener of listeners) listener(stamped);
    },
    now: () => Math.round(now() - startedAt),
    getState: inner.getState,
    subscribe(listener) {
      const gate = throttled(listener);
      const unsubscribe = inner.subscribe(gate.call);
      return () => {
        unsubscribe();
        gate.stop();
      };
    },
    onEvent(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}

/** The first change is told at once (a key must move something), later ones once per interval. */
function throttled(listener: () => void): { call(): void; stop(): void } {
  let timer: NodeJS.Timeout | null = null;
  let again = false;
  const arm = () => {
    timer = setTimeout(tick, FRAME_INTERVAL);
    timer.unref();
  };
  const tick = () => {
    timer = null;
    if (!again) return;
    again = false;
    arm();
    listener();
  };
  return {
    call() {
      if (timer !== null) again = true;
      else {
        arm();
        listener();
      }
    },
    stop() {
      if (timer !== null) clearTimeout(timer);
    },
  };
}
