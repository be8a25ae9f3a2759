/** The interfaces journey: what this machine can be reached by. */
import { chooseInterfaces, type NetworkInterface } from '../../net/index.ts';
import type { Context } from './context.ts';

/** @throws P2pdError NO_INTERFACE for a name that does not exist */
export async function interfaces(ctx: Context): Promise<readonly NetworkInterface[]> {
  const all = await ctx.io.interfaces();
  const chosen =
    ctx.config.interfaces.length === 0 ? all : await chooseInterfaces(all, ctx.config.interfaces);
  ctx.emit({ event: 'interfaces', interfaces: chosen });
  return chosen;
}
