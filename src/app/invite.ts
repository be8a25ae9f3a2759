/** What the other person is told. */

/** The exact command that connects to a node. */
export function connectCommand(address: string): string {
  return `npx p2pd-demo connect ${address}`;
}

/** The exact command that starts a trial with a node that waits for one. */
export function trialCommand(address: string): string {
  return `npx p2pd-demo trial ${address}`;
}
