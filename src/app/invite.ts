/** What the other person is told. */

/** The exact command that connects to a node. */
export function connectCommand(address: string): string {
  return `npx p2pd-demo connect ${address}`;
}
