/** Connects a node to a peer within the time allowed, as events; shared by every door's connect. */
import {
  type NatSide,
  natSideOf,
  type P2PNode,
  P2pdError,
  type Pipe,
  parseAddress,
} from '../../net/index.ts';
import type { ConnectChoice } from '../session.ts';
import type { Context } from './context.ts';

/** A pipe to come: its name is known at once, before anything is sent. */
export interface Opening {
  readonly pipe: string;
  /** @throws P2pdError as `P2PNode.connect` */
  readonly opened: Promise<Pipe>;
}

/**
 * @param signal gives this connect up
 * @throws P2pdError ADDRESS_*, OWN_ADDRESS when there is nothing to connect to
 */
export function openPipe(ctx: Context, node: P2PNode, choice: ConnectChoice, signal: AbortSignal): Opening {
  const limit = new AbortController();
  const { methods, paths, families } = choice;
  const stop = AbortSignal.any([signal, ctx.signal, limit.signal]);
  const prepared = node.prepare(choice.peer, { methods, paths, families, signal: stop });
  const peer = choice.peer.trim();
  ctx.emit({ event: 'connect', pipe: prepared.pipe, node: node.nodeId, peer, ...natOf(peer) });
  return { pipe: prepared.pipe, opened: run(ctx, prepared, limit) };
}

/** The NAT that the peer's address tells of: on its best way to the Internet. */
function natOf(address: string): { readonly peerNat?: NatSide } {
  const { interfaces } = parseAddress(address);
  const facts = interfaces.map(({ udp }) => udp).find((udp) => udp !== null);
  return facts ? { peerNat: natSideOf(facts) } : {};
}

async function run(
  ctx: Context,
  prepared: { readonly pipe: string; connect(): Promise<Pipe> },
  limit: AbortController,
): Promise<Pipe> {
  const { io, config } = ctx;
  const done = new AbortController();
  void io.sleepUntil(io.now() + config.timeout, done.signal).then(() => {
    limit.abort(new P2pdError('NO_PATH', `no path to the peer within ${config.timeout / 1000} s`));
  });
  try {
    return await prepared.connect();
  } finally {
    done.abort();
  }
}
