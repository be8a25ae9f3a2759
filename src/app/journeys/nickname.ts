/** A nickname for a node: registered, told, and kept fresh as long as the node runs. */
import { type P2PNode, P2pdError, type ServerList } from '../../net/index.ts';
import { keepFresh, outcomeOf, type Registration, registrationFault, splitName } from '../../pnp/index.ts';
import type { NicknameEvent } from '../events.ts';
import { faultOf } from '../nickname-rules.ts';
import type { Context } from './context.ts';
import { namesFor } from './look-up.ts';
import { beginStep } from './steps.ts';

/** ms after a node is ready until its id is registered: short visits bother no name server. */
const DEFAULT_DELAY = 3_000;

/** @throws P2pdError USAGE for what is no nickname */
export function checkNickname(nickname: string): void {
  const fault = faultOf(splitName(nickname.trim()).name);
  if (fault !== null) throw new P2pdError('USAGE', fault, { hint: 'for example: alice, or alice-at-home' });
}

/**
 * Registers a nickname with every name server, and keeps it fresh until the context's signal aborts.
 *
 * @returns the full name
 * @throws P2pdError NAME_TAKEN, NAME_REFUSED, NO_SERVICE
 */
export async function registerNickname(
  ctx: Context,
  node: P2PNode,
  nickname: string,
  servers: ServerList,
): Promise<string> {
  const name = splitName(nickname.trim()).name;
  const names = namesFor(ctx, servers, node.identity, () => node.wallClock());
  const step = beginStep(ctx.emit, 'nickname');
  tell(ctx, node, name, { state: 'asking', full: null, servers: [], expires: null, reason: null });
  const register = () => names.register(name, node.address, ctx.signal);
  const first = await register();
  report(ctx, node, name, first);
  if (first.full === null) return step.failed(registrationFault(name, first.servers));
  step.done(
    `${first.full} at ${first.servers
      .filter(({ answer }) => answer.kind === 'done')
      .map(({ host }) => host)
      .join(', ')}`,
  );
  void keepFresh({
    io: ctx.io,
    address: () => node.address,
    register,
    first,
    wall: () => node.wallClock(),
    report: (registration) => report(ctx, node, name, registration),
    servers: servers.pnp,
    isOver: () => node.isStopped,
    signal: ctx.signal,
  });
  return first.full;
}

/** The node's id as its first name, in the background: whoever knows the one finds the node by it. Never rejects. */
export async function registerDefault(ctx: Context, node: P2PNode, servers: ServerList): Promise<void> {
  if (servers.pnp.length === 0) return;
  await ctx.io.sleepUntil(ctx.io.now() + DEFAULT_DELAY, ctx.signal);
  if (ctx.signal.aborted || node.isStopped) return;
  // What failed is told by events.
  await registerNickname(ctx, node, node.nodeId, servers).catch(() => undefined);
}

function report(ctx: Context, node: P2PNode, name: string, { full, servers, expires }: Registration): void {
  const reason = full === null ? registrationFault(name, servers).message : null;
  tell(ctx, node, name, {
    state: full === null ? 'failed' : 'held',
    full,
    servers: servers.map(({ host, answer }) => ({ host, outcome: outcomeOf(answer) })),
    expires,
    reason,
  });
}

function tell(
  ctx: Context,
  { nodeId }: P2PNode,
  name: string,
  more: Omit<NicknameEvent, 'event' | 'node' | 'name'>,
): void {
  ctx.emit({ event: 'nickname', node: nodeId, name, ...more });
}
