/**
 * State that keys read and change: several keys may come before the next frame, so each sees what
 * the one before it left, not what the last frame showed.
 */
import { useRef, useState } from 'react';

export interface Cell<T> {
  /** What this frame shows. */
  readonly value: T;
  /** What the last key left. */
  get(): T;
  set(next: T): void;
}

export function useCell<T>(initial: T): Cell<T> {
  const latest = useRef(initial);
  const [value, setValue] = useState(initial);
  return {
    value,
    get: () => latest.current,
    set(next) {
      latest.current = next;
      setValue(next);
    },
  };
}
