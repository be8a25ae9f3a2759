/** From which addresses of this machine STUN servers are asked, and which servers from each. Pure. */
import type { NetworkInterface } from '../io/io.ts';
import type { Family } from '../wire/endpoint.ts';
import { familyOf, type Reach, reachOf, sameSubnet } from '../wire/ip.ts';

/** One interface and family. */
export interface Route {
  readonly interface: string;
  readonly family: Family;
  /** The address to ask from. */
  readonly ip: string;
  /** Whether a server at this address can be reached from there, as far as subnets and routes tell. */
  accepts(server: string): boolean;
}

/** Best first; a link-local address means nothing to a server, a loopback one only on this machine. */
const PREFERENCE: readonly Reach[] = ['global', 'private', 'unique-local'];
const FAMILIES: readonly Family[] = [4, 6];

export function routesOf(interfaces: readonly NetworkInterface[]): Route[] {
  return interfaces.flatMap((nic) =>
    FAMILIES.flatMap((family) => {
      const ip = bestAddress(nic, family);
      if (ip === null) return [];
      const accepts = (server: string) => canReach(nic, family, server, interfaces);
      return [{ interface: nic.id, family, ip, accepts }];
    }),
  );
}

function bestAddress(nic: NetworkInterface, family: Family): string | null {
  const usable: readonly Reach[] = nic.kind === 'loopback' ? [...PREFERENCE, 'loopback'] : PREFERENCE;
  const own = nic.addresses.filter((address) => address.family === family);
  for (const wanted of usable) {
    const found = own.find(({ reach }) => reach === wanted);
    if (found !== undefined) return found.ip;
  }
  return null;
}

function canReach(
  nic: NetworkInterface,
  family: Family,
  server: string,
  interfaces: readonly NetworkInterface[],
): boolean {
  const reach = reachOf(server);
  if (familyOf(server) !== family || reach === 'unusable' || reach === 'link-local') return false;
  // Of how the Internet sees us a server on this machine knows nothing, unless there is nothing else.
  if (reach === 'loopback' || nic.kind === 'loopback') return reach === 'loopback' && nic.kind === 'loopback';
  if (isNear(nic, server)) return true;
  // It is on the link of another interface; what leaves by this one does not get there.
  if (interfaces.some((other) => isNear(other, server))) return false;
  // Without any default route there may be routes of other kinds that are not told.
  return nic.defaultRoute[family] || !interfaces.some((other) => other.defaultRoute[family]);
}

function isNear(nic: NetworkInterface, server: string): boolean {
  return nic.addresses.some(({ ip, prefix }) => prefix > 0 && sameSubnet(ip, server, prefix));
}
