/** The interfaces journey: what this machine can be reached by, and how servers see it from outside. */
import {
  chooseInterfaces,
  createResolver,
  findOuter,
  Interface,
  type NatReport,
  type NetworkInterface,
  type OuterFact,
  P2pdError,
  probeNat,
  SERVICES_TIMEOUT,
  type ServerList,
} from '../../net/index.ts';
import { outerText, reasonsText } from '../world.ts';
import type { Context } from './context.ts';
import { chooseServers } from './servers.ts';
import { runStep } from './steps.ts';

/**
 * Without any server that answers they are listed as they are.
 *
 * @throws P2pdError NO_INTERFACE for a name that does not exist; as `chooseServers` does
 */
export async function interfaces(ctx: Context): Promise<readonly Interface[]> {
  const [found, servers] = await Promise.all([findInterfaces(ctx), chooseServers(ctx)]);
  ctx.emit({ event: 'interfaces', interfaces: found });
  const stop = new AbortController();
  const nats = servers.stun.length === 0 ? [] : findNats(ctx, found, servers.stun, stop.signal);
  const outer =
    servers.stun.length === 0
      ? []
      : await runStep(
          ctx.emit,
          'stun',
          () => askStun(ctx, found, servers.stun),
          (facts) => facts.map(outerText).join('; '),
        ).catch(() => []);
  // Where nobody answers there is no NAT to be told, and no reason to wait for more.
  if (outer.length === 0) stop.abort();
  const reports = await nats;
  ctx.signal.throwIfAborted();
  return found.map((nic) => new Interface(nic).withNat(reports).withOuter(outer));
}

function findNats(
  { io, signal, emit }: Context,
  interfaces: readonly NetworkInterface[],
  servers: ServerList['stun'],
  stop: AbortSignal,
): Promise<readonly NatReport[]> {
  return probeNat({
    io,
    interfaces,
    servers,
    resolve: createResolver(io),
    signal: AbortSignal.any([signal, stop]),
    report: (report, done) => emit({ event: 'nat', report, done }),
  });
}

async function findInterfaces(ctx: Context): Promise<readonly NetworkInterface[]> {
  const all = await ctx.io.interfaces();
  return ctx.config.interfaces.length === 0 ? all : chooseInterfaces(all, ctx.config.interfaces);
}

async function askStun(
  { io, signal }: Context,
  found: readonly NetworkInterface[],
  servers: Parameters<typeof findOuter>[0]['servers'],
): Promise<readonly OuterFact[]> {
  const resolve = createResolver(io);
  const { facts, failed } = await findOuter({
    io,
    interfaces: found,
    servers,
    resolve,
    timeout: SERVICES_TIMEOUT,
    signal,
  });
  if (facts.length === 0) {
    throw new P2pdError('NO_SERVICE', `none answers: ${reasonsText(failed)}; outer addresses are not known`);
  }
  return facts;
}
