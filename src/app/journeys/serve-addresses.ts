/**
 * Where `serve` listens: the addresses of this machine, or those that were named. The one that others
 * reach most likely stands first.
 */
import {
  canonicalIp,
  chooseInterfaces,
  type Family,
  type NetworkInterface,
  P2pdError,
  withoutScope,
} from '../../net/index.ts';
import type { Context } from './context.ts';

const LOOPBACK: Readonly<Record<Family, string>> = { 4: '127.0.0.1', 6: '::1' };
/** What people write where they mean every address. */
const EVERY: Readonly<Record<string, Family>> = { '0.0.0.0': 4, '::': 6 };

export interface ServeAddress {
  readonly ip: string;
  /** Whether a person named it: then it must work. */
  readonly isNamed: boolean;
}

/** @throws P2pdError USAGE for what is no address, NO_INTERFACE for an interface that does not exist */
export async function serveAddresses(
  { io, config }: Context,
  hosts: readonly string[],
): Promise<readonly ServeAddress[]> {
  const named = hosts.map((host) => {
    const ip = canonicalIp(host === 'localhost' ? LOOPBACK[4] : host);
    if (ip === null || withoutScope(ip) !== ip)
      throw new P2pdError('USAGE', `--host: ${JSON.stringify(host)} is no IP address`);
    return ip;
  });
  if (named.length > 0 && named.every((ip) => EVERY[ip] === undefined)) {
    return unique(named).map((ip) => ({ ip, isNamed: true }));
  }
  const families = named.length === 0 ? config.families : named.flatMap((ip) => EVERY[ip] ?? []);
  const own = ownAddresses(await chooseInterfaces(await io.interfaces(), config.interfaces), families);
  const loopback = families.map((family) => LOOPBACK[family]);
  const concrete = named.filter((ip) => EVERY[ip] === undefined);
  return unique([...concrete, ...own, ...loopback]).map((ip) => ({ ip, isNamed: concrete.includes(ip) }));
}

/**
 * Those with a default route first, of these IPv4 first: shorter to type. Link-local IPv6 is left out,
 * as it means something only together with an interface of the other machine.
 */
function ownAddresses(
  interfaces: readonly NetworkInterface[],
  families: readonly Family[],
): readonly string[] {
  const found = interfaces.flatMap((nic) =>
    nic.addresses
      .filter(({ family, reach }) => families.includes(family) && !(family === 6 && reach === 'link-local'))
      .map(({ ip, family, reach }) => ({
        ip,
        rank: (nic.defaultRoute[family] ? 0 : 4) + (reach === 'link-local' ? 2 : 0) + (family === 4 ? 0 : 1),
      })),
  );
  return found.sort((a, b) => a.rank - b.rank).map(({ ip }) => ip);
}

function unique(ips: readonly string[]): readonly string[] {
  return [...new Set(ips)];
}
