/** Turns of Node's event loop, for the simulated network: it lets all that is due settle before time goes on. */

/** Calls back in the next turn, when every reaction and tick of this one has run. */
export function nextTurn(callback: () => void): void {
  setImmediate(callback);
}

/** Whether something else waits for the next turn. */
export function hasImmediates(): boolean {
  return process.getActiveResourcesInfo().includes('Immediate');
}
