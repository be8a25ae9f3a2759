/** Signals that many wait for: Node warns of eleven listeners at one. */

/** Runs an action when the signal aborts; at once where it has. @returns how to leave */
export function onAbort(signal: AbortSignal, action: () => void): () => void {
  if (signal.aborted) {
    action();
    return () => undefined;
  }
  const own = AbortSignal.any([signal]);
  own.addEventListener('abort', action, { once: true });
  return () => own.removeEventListener('abort', action);
}
