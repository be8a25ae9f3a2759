/** Starts a node step by step, telling each step as it ends: the beginning of most journeys. */
import {
  type ClaimedIdentity,
  chooseInterfaces,
  type Endpoint,
  formatEndpoint,
  interfacesAgain,
  type NetworkInterface,
  P2PNode,
  type Pipe,
  reasonOf,
  type ServerList,
} from '../../net/index.ts';
import type { Context } from './context.ts';
import { registerNickname } from './nickname.ts';
import { chooseServers } from './servers.ts';
import { beginStep, runStep } from './steps.ts';

export interface StartNodeOptions {
  readonly onPipe?: (pipe: Pipe) => void;
  /** Which services it may use. @default what the config says */
  readonly servers?: () => Promise<ServerList>;
  /** Registered before the node is told to be ready. */
  readonly nickname?: string | null;
  /** As of NodeSetup. */
  readonly isPartner?: (nodeId: string) => boolean;
}

/** What a node needs to know before it listens. */
interface Basis {
  readonly interfaces: readonly NetworkInterface[];
  readonly claimed: ClaimedIdentity;
  readonly servers: ServerList;
}

/** @throws P2pdError NO_INTERFACE, STATE_UNUSABLE, KEY_DAMAGED, PORT_TAKEN; as `chooseServers`, and of a nickname as `registerNickname` */
export async function startNode(ctx: Context, options: StartNodeOptions = {}): Promise<P2PNode> {
  const { config, emit } = ctx;
  const { interfaces, claimed, servers } = await findBasis(ctx, options);
  const listening = beginStep(emit, 'listen');
  const setup = {
    io: ctx.io,
    interfaces,
    listInterfaces: interfacesAgain(ctx.io, config.interfaces),
    identity: claimed.identity,
    machineId: claimed.machineId,
    slot: claimed.slot,
    servers,
    nat: true,
    portMapping: config.portMapping,
    files: claimed.files,
    port: config.port,
    allow: config.allow,
    emit,
    onListening: (locals: readonly Endpoint[]) => listening.done(describeListeners(locals)),
    onPipe: options.onPipe ?? (() => undefined),
    isPartner: options.isPartner ?? (() => false),
    onHandlerError: (error: unknown) => {
      emit({ event: 'log', level: 'error', text: `a message handler failed: ${reasonOf(error)}` });
    },
    release: claimed.release,
  };
  const node = await P2PNode.startWith(setup).catch(listening.failed);
  const { nodeId, address, port, slot } = node;
  try {
    const wanted = options.nickname ?? null;
    const nickname = wanted === null ? null : await registerNickname(ctx, node, wanted, servers);
    emit({ event: 'ready', nodeId, address, port, slot, nickname });
    return node;
  } catch (error) {
    await stopNode(ctx, node);
    throw error;
  }
}

/** Stops a node and tells it. */
export async function stopNode(ctx: Context, node: P2PNode, reason?: string): Promise<void> {
  await node.stop(reason);
  ctx.emit({ event: 'stopped', nodeId: node.nodeId });
}

/** All at once; where one part fails, what the others took is given back. */
async function findBasis(ctx: Context, { servers: choose }: StartNodeOptions): Promise<Basis> {
  const { emit } = ctx;
  const finding = runStep(emit, 'interfaces', () => findInterfaces(ctx), describeInterfaces);
  const claiming = runStep(emit, 'identity', ctx.claim, describeClaim);
  const choosing = choose === undefined ? chooseServers(ctx) : choose();
  try {
    const [interfaces, claimed, servers] = await Promise.all([finding, claiming, choosing]);
    return { interfaces, claimed, servers };
  } catch (error) {
    await claiming.then(
      (claimed) => claimed.release(),
      () => undefined,
    );
    throw error;
  }
}

async function findInterfaces(ctx: Context): Promise<readonly NetworkInterface[]> {
  const interfaces = await chooseInterfaces(await ctx.io.interfaces(), ctx.config.interfaces);
  ctx.emit({ event: 'interfaces', interfaces });
  return interfaces;
}

function describeInterfaces(interfaces: readonly NetworkInterface[]): string {
  if (interfaces.every((nic) => nic.kind === 'loopback'))
    return 'only loopback: reachable from this machine alone';
  return interfaces.map((nic) => nic.id).join(', ');
}

function describeClaim({ identity, slot }: ClaimedIdentity): string {
  return `node ${identity.nodeId} in slot ${slot}`;
}

function describeListeners(locals: readonly Endpoint[]): string {
  const [first, ...more] = locals.map(formatEndpoint);
  return more.length === 0 ? `${first}` : `${first} and ${more.length} more`;
}
