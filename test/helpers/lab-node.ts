/** A node on a simulated machine, with everything that it tells. */
import type { NodeEvent } from '../../src/net/events.ts';
import { identityOf } from '../../src/net/identity.ts';
import { P2PNode } from '../../src/net/node.ts';
import type { NodeSetup } from '../../src/net/node-options.ts';
import type { Lab, LabHost } from '../lab/index.ts';

export interface LabNode {
  readonly node: P2PNode;
  readonly events: NodeEvent[];
  /** Events of one name, in order. */
  of<E extends NodeEvent['event']>(name: E): Extract<NodeEvent, { event: E }>[];
}

let count = 0;

/** Starts a node whose key follows from the machine's name and the order of starts. */
export async function startLabNode(
  lab: Lab,
  host: LabHost,
  setup: Partial<NodeSetup> = {},
): Promise<LabNode> {
  const events: NodeEvent[] = [];
  const secret = new Uint8Array(32).fill(1);
  new DataView(secret.buffer).setUint32(0, ++count);
  const node = await lab.run(async () =>
    P2PNode.startWith({
      io: host.io,
      identity: identityOf(secret),
      machineId: '00000001aabbccdd',
      slot: 0,
      interfaces: await host.io.interfaces(),
      port: null,
      allow: null,
      emit: (event) => events.push(event),
      ...setup,
    }),
  );
  const of: LabNode['of'] = (name) => events.filter((event): event is never => event.event === name);
  return { node, events, of };
}
