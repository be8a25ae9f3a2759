/** What a node hands to those who name it, and what it makes of whom it is asked to reach. Pure. */
import { type NodeAddress, parseAddress } from './address.ts';
import { type Candidate, directCandidates } from './connect/pathway.ts';
import { dialBackCandidates } from './connect/reverse.ts';
import { P2pdError } from './errors.ts';
import type { OuterFact } from './events.ts';
import type { NetworkInterface } from './io/io.ts';
import type { ConnectOptions, NamingTask, NodeSetup } from './node-options.ts';
import { NO_SERVERS } from './servers.ts';

export function namingTaskOf(
  setup: NodeSetup,
  node: { readonly address: string; wallClock(): number },
  signal: AbortSignal,
): NamingTask {
  const { io, identity, servers = NO_SERVERS, files = null } = setup;
  return { io, identity, servers, files, address: () => node.address, wall: () => node.wallClock(), signal };
}

/** @throws P2pdError ADDRESS_*, OWN_ADDRESS */
export function addressOfPeer(peer: string, ownId: string): NodeAddress {
  const address = parseAddress(peer);
  if (address.nodeId === ownId) throw new P2pdError('OWN_ADDRESS', "that is this node's own address");
  return address;
}

/** What is dialled, best first; null where dialling is not wanted. */
export function candidatesFor(
  peer: NodeAddress,
  choice: ConnectOptions,
  own: readonly NetworkInterface[],
  outer: readonly OuterFact[],
): Candidate[] | null {
  if (!choice.methods.includes('direct')) return null;
  if (choice.asked === undefined) return directCandidates(own, peer.interfaces, choice);
  return dialBackCandidates({ own, outer, asker: peer, choice, localBroker: false, met: choice.asked.met });
}
