/** The nat journey: the NAT in front of each interface and family, told while it is found out. */
import {
  chooseInterfaces,
  createResolver,
  type NatReport,
  P2pdError,
  probeNat,
  rememberNat,
} from '../../net/index.ts';
import type { Context } from './context.ts';
import { chooseServers } from './servers.ts';
import { runStep } from './steps.ts';

/** ms for writing what was found. */
const SAVE_LIMIT = 500;

/**
 * @returns one report for each interface and family that has an address
 * @throws P2pdError NO_SERVICE without any STUN server to ask, NO_INTERFACE; as `chooseServers` does
 */
export async function nat(ctx: Context): Promise<readonly NatReport[]> {
  const { io, config, emit, signal } = ctx;
  const [all, servers] = await Promise.all([io.interfaces(), chooseServers(ctx)]);
  const interfaces = await chooseInterfaces(all, config.interfaces);
  emit({ event: 'interfaces', interfaces });
  if (servers.stun.length === 0)
    throw new P2pdError('NO_SERVICE', 'there is no STUN server to ask: the list of servers names none');
  const reports = await runStep(
    emit,
    'stun',
    () =>
      probeNat({
        io,
        interfaces,
        servers: servers.stun,
        resolve: createResolver(io),
        portMapping: config.portMapping,
        signal,
        report: (report, done) => emit({ event: 'nat', report, done }),
      }),
    (found) => `${found.length} NAT report${found.length === 1 ? '' : 's'}`,
  );
  signal.throwIfAborted();
  // The report is worth more than the memory of it: a disk that hangs must not hold it up.
  const kept = ctx.files().then((files) => rememberNat(files, reports, io.wallClock()));
  await Promise.race([kept, io.sleepUntil(io.now() + SAVE_LIMIT)]);
  return reports;
}
