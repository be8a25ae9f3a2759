/**
 * Keys, in two steps: the root cuts input into keys and looks each up in the keymap; the screen in
 * front takes the intents and text that are not the root's own.
 */
import { useStdin } from 'ink';
import { createContext, useContext, useEffect, useLayoutEffect, useRef } from 'react';
import { type Intent, intentOf, type KeyContext } from './keymap.ts';
import { type Key, type KeyState, NO_KEYS, splitKeys } from './keys.ts';

/** What a screen does with keys; `intent` is true when it took it. */
export interface KeyTaker {
  intent?(intent: Intent): boolean;
  text?(text: string): void;
}

/** Where the screen in front leaves its taker for the root. */
export const KeyTarget = createContext<{ current: KeyTaker }>({ current: {} });

/** Makes this component the taker of keys, with what it knows at its last frame. */
export function useKeyTaker(taker: KeyTaker): void {
  const target = useContext(KeyTarget);
  // After the frame, not while it is made: the screen before this one may be drawn once more.
  useLayoutEffect(() => {
    target.current = taker;
  });
}

/** The root's part: reads the terminal and hands each key to `onKey`. */
export function useKeys(onKey: (key: Key) => void): void {
  // Ink's own useInput hands several fast keys over as one; the event below is what it listens to.
  const { setRawMode, internal_eventEmitter: input } = useStdin();
  const handler = useRef(onKey);
  handler.current = onKey;
  useEffect(() => {
    let state: KeyState = NO_KEYS;
    const onInput = (piece: string) => {
      const split = splitKeys(state, piece);
      state = split.state;
      for (const key of split.keys) handler.current(key);
    };
    setRawMode(true);
    input.on('input', onInput);
    return () => {
      input.off('input', onInput);
      setRawMode(false);
    };
  }, [input, setRawMode]);
}

/** Hands a key to the screen in front; the intents that it does not take come back. */
export function dispatchKey(context: KeyContext, key: Key, taker: KeyTaker): Intent | null {
  const intent = intentOf(context, key);
  if (intent === null) {
    if (key.name === 'text') taker.text?.(key.text);
    return null;
  }
  return taker.intent?.(intent) === true ? null : intent;
}
