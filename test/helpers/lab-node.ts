/** A node on a simulated machine, with everything that it tells. */

import type { Lab, LabHost } from '../../src/lab/index.ts';
import type { LabWorld } from '../../src/lab/world.ts';
import type { NodeEvent } from '../../src/net/events.ts';
import { P2PNode } from '../../src/net/node.ts';
import type { NodeSetup } from '../../src/net/node-options.ts';
import { labIdentity } from './lab-identity.ts';

export { labIdentity } from './lab-identity.ts';

export interface LabNode {
  readonly node: P2PNode;
  readonly events: NodeEvent[];
  /** Events of one name, in order. */
  of<E extends NodeEvent['event']>(name: E): Extract<NodeEvent, { event: E }>[];
}

let count = 0;

/** Starts a node; time is the caller's to drive. Its key follows from the order of starts unless one is given. */
export async function openLabNode(host: LabHost, setup: Partial<NodeSetup> = {}): Promise<LabNode> {
  const events: NodeEvent[] = [];
  const node = await P2PNode.startWith({
    io: host.io,
    identity: setup.identity ?? labIdentity(++count),
    machineId: '00000001aabbccdd',
    slot: 0,
    interfaces: await host.io.interfaces(),
    port: null,
    allow: null,
    emit: (event) => events.push(event),
    ...setup,
  });
  const of: LabNode['of'] = (name) => events.filter((event): event is never => event.event === name);
  return { node, events, of };
}

/** As `openLabNode`, and drives time until the node runs. */
export function startLabNode(lab: Lab, host: LabHost, setup: Partial<NodeSetup> = {}): Promise<LabNode> {
  return lab.run(() => openLabNode(host, setup));
}

const MACHINE_IDS = { a: '000000000000aaaa', b: '000000000000bbbb' } as const;

/** A node that uses every server of a world, on one of its machines; time is the caller's to drive. */
export function openWorldNode(
  { servers, ...hosts }: LabWorld,
  side: 'a' | 'b',
  setup: Partial<NodeSetup> = {},
): Promise<LabNode> {
  return openLabNode(hosts[side], { servers, machineId: MACHINE_IDS[side], ...setup });
}

/** A node on each machine of a world, started at once; drives time until both run. */
export async function startWorldNodes(
  world: LabWorld,
  setupA?: Partial<NodeSetup>,
  setupB?: Partial<NodeSetup>,
): Promise<{ readonly a: LabNode; readonly b: LabNode }> {
  const open = () => Promise.all([openWorldNode(world, 'a', setupA), openWorldNode(world, 'b', setupB)]);
  const [a, b] = await world.lab.run(open);
  return { a, b };
}
