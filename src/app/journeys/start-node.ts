/** Starts a node step by step, telling each step as it ends: the beginning of most journeys. */
import {
  chooseInterfaces,
  formatEndpoint,
  type NetworkInterface,
  P2PNode,
  type Pipe,
  reasonOf,
} from '../../net/index.ts';
import type { StepName } from '../events.ts';
import type { Context } from './context.ts';

/** @throws P2pdError NO_INTERFACE, STATE_UNUSABLE, KEY_DAMAGED, PORT_TAKEN */
export async function startNode(
  ctx: Context,
  onPipe: (pipe: Pipe) => void = () => undefined,
): Promise<P2PNode> {
  const { io, config, emit } = ctx;
  const interfaces = await step(ctx, 'interfaces', findInterfaces, describeInterfaces);
  emit({ event: 'interfaces', interfaces });
  const claimed = await step(
    ctx,
    'identity',
    () => ctx.claim(),
    ({ identity, slot }) => `node ${identity.nodeId} in slot ${slot}`,
  );
  const setup = {
    io,
    interfaces,
    identity: claimed.identity,
    machineId: claimed.machineId,
    slot: claimed.slot,
    port: config.port,
    allow: config.allow,
    emit,
    onPipe,
    onHandlerError: (error: unknown) => {
      emit({ event: 'log', level: 'error', text: `a message handler failed: ${reasonOf(error)}` });
    },
    release: claimed.release,
  };
  const node = await step(ctx, 'listen', () => P2PNode.startWith(setup), describeListeners);
  const { nodeId, address, port, slot } = node;
  emit({ event: 'ready', nodeId, address, port, slot, nickname: null });
  return node;
}

/** Stops a node and tells it. */
export async function stopNode(ctx: Context, node: P2PNode, reason?: string): Promise<void> {
  await node.stop(reason);
  ctx.emit({ event: 'stopped', nodeId: node.nodeId });
}

async function step<T>(
  ctx: Context,
  name: StepName,
  action: (ctx: Context) => Promise<T>,
  describe: (result: T) => string,
): Promise<T> {
  ctx.emit({ event: 'step', name, state: 'start' });
  try {
    const result = await action(ctx);
    ctx.emit({ event: 'step', name, state: 'ok', detail: describe(result) });
    return result;
  } catch (error) {
    ctx.emit({ event: 'step', name, state: 'failed', detail: reasonOf(error) });
    throw error;
  }
}

async function findInterfaces(ctx: Context): Promise<readonly NetworkInterface[]> {
  return chooseInterfaces(await ctx.io.interfaces(), ctx.config.interfaces);
}

function describeInterfaces(interfaces: readonly NetworkInterface[]): string {
  if (interfaces.every((nic) => nic.kind === 'loopback'))
    return 'only loopback: reachable from this machine alone';
  return interfaces.map((nic) => nic.id).join(', ');
}

function describeListeners(node: P2PNode): string {
  const [first, ...more] = node.locals.map(formatEndpoint);
  return more.length === 0 ? `${first}` : `${first} and ${more.length} more`;
}
