/** A node on this machine's loopback interface with real sockets, and everything that it tells. */
import { randomBytes } from 'node:crypto';
import type { NodeEvent } from '../../src/net/events.ts';
import { generateSecretKey, type Identity, identityOf } from '../../src/net/identity.ts';
import type { NetworkInterface } from '../../src/net/io/io.ts';
import { createNodeIo } from '../../src/net/io/node-io.ts';
import { P2PNode } from '../../src/net/node.ts';
import type { NodeSetup } from '../../src/net/node-options.ts';

export const io = createNodeIo();

const loopback: NetworkInterface = {
  id: 'lo',
  name: 'lo',
  kind: 'loopback',
  gateways: { 4: null, 6: null },
  defaultRoute: { 4: false, 6: false },
  addresses: [{ family: 4, ip: '127.0.0.1', prefix: 8, reach: 'loopback' }],
};

export interface LoopbackNode {
  readonly node: P2PNode;
  readonly identity: Identity;
  readonly events: NodeEvent[];
}

export async function freshIdentity(): Promise<Identity> {
  return identityOf(await generateSecretKey((length) => randomBytes(length)));
}

/** On any free port, with a key of its own unless one is given. */
export async function startLoopbackNode(setup: Partial<NodeSetup> = {}): Promise<LoopbackNode> {
  const identity = setup.identity ?? (await freshIdentity());
  const events: NodeEvent[] = [];
  const node = await P2PNode.startWith({
    io,
    identity,
    machineId: '0011223344556677',
    slot: 0,
    interfaces: [loopback],
    port: 0,
    allow: null,
    emit: (event) => events.push(event),
    ...setup,
  });
  return { node, identity, events };
}

/** Waits for a condition that sockets bring about. @throws Error after `limit` ms */
export async function until(condition: () => boolean, limit = 6_000): Promise<void> {
  const end = io.now() + limit;
  while (!condition()) {
    if (io.now() > end) throw new Error(`still waiting after ${limit} ms: ${condition}`);
    await io.sleepUntil(io.now() + 5);
  }
}
