/** A node that is there for a trial alone: its pipes are the trial's affair, the other side may ask for more than strangers. */
import {
  type NatReport,
  type P2PNode,
  P2pdError,
  type Pipe,
  parseAddress,
  type ServerList,
} from '../../net/index.ts';
import type { About } from '../about.ts';
import type { AppEvent } from '../events.ts';
import type { TrialSide } from '../trial/document.ts';
import type { PlanSide } from '../trial/plan.ts';
import { NAT_LIMIT } from '../trial/timing.ts';
import type { Context } from './context.ts';
import { chooseServers } from './servers.ts';
import { startNode } from './start-node.ts';

export interface TrialNode {
  readonly ctx: Context;
  readonly node: P2PNode;
  readonly servers: ServerList;
  /** Hears everything that is told from now on. @returns how to stop */
  readonly listen: (listener: (event: AppEvent) => void) => () => void;
  /** Who may ask for more than strangers from now on. @returns how to end that */
  readonly favour: (nodeId: string) => () => void;
}

/** What is told of pipes: there are a hundred in a trial, and none of them is for people. */
const OF_PIPES: ReadonlySet<AppEvent['event']> = new Set([
  ...(['connect', 'attempt', 'open', 'path', 'stranded', 'message', 'rtt', 'closed', 'trace'] as const),
  ...(['explanation', 'signal', 'bench', 'file', 'refused'] as const),
]);

/** @throws as `startNode` and `chooseServers` */
export async function startTrialNode(
  outer: Context,
  options: { readonly onPipe?: (pipe: Pipe) => void; readonly nickname?: string | null },
): Promise<TrialNode> {
  const listeners = new Set<(event: AppEvent) => void>();
  const emit = (event: AppEvent) => {
    for (const listener of listeners) listener(event);
    if (!OF_PIPES.has(event.event)) outer.emit(event);
  };
  const ctx = { ...outer, emit };
  const favoured = new Set<string>();
  const servers = chooseServers(ctx);
  servers.catch(() => undefined);
  const isPartner = (nodeId: string) => favoured.has(nodeId);
  const node = await startNode(ctx, { ...options, servers: () => servers, isPartner });
  return {
    ctx,
    node,
    servers: await servers,
    listen(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    favour(nodeId) {
      favoured.add(nodeId);
      return () => favoured.delete(nodeId);
    },
  };
}

/** The NATs in front of this machine, as far as they are known within `limit` ms. */
export async function natsOf({ ctx, node }: TrialNode, limit = NAT_LIMIT): Promise<readonly NatReport[]> {
  const { io, signal } = ctx;
  const done = new AbortController();
  const late = io
    .sleepUntil(io.now() + limit, AbortSignal.any([done.signal, signal]))
    // Whoever leaves still gets what is known already.
    .then(() => io.sleepUntil(io.now() + 1, done.signal))
    .then(() => []);
  const reports = await Promise.race([node.natReports(), late]);
  done.abort();
  return reports;
}

export function sideOf(node: P2PNode, about: About, reports: readonly NatReport[]): TrialSide {
  return { nodeId: node.nodeId, version: about.version, platform: about.platform, reports };
}

export function planSideOf(address: string, reports: readonly NatReport[], hasRelay: boolean): PlanSide {
  return { reports, address: parseAddress(address), hasRelay };
}

/** What the other side calls its address need not be one, nor its own. */
export function isAddressOf(address: string, nodeId: string): boolean {
  try {
    return parseAddress(address).nodeId === nodeId;
  } catch (error) {
    if (error instanceof P2pdError) return false;
    throw error;
  }
}
