/** The routers that may be asked for a port, by what is known of the interfaces. Rule only. */
import type { InterfaceAddress, Io, NetworkInterface } from '../io/io.ts';
import type { Family } from '../wire/endpoint.ts';
import { withoutScope } from '../wire/ip.ts';
import type { UpnpSide } from './upnp.ts';

/** One interface and family whose router may stand in the way of who calls us. */
export interface RouterSide {
  readonly interface: string;
  readonly family: Family;
  readonly local: string;
  readonly prefix: number;
  readonly linkLocal: string | null;
  readonly gateway: string;
}

const FAMILIES: readonly Family[] = [4, 6];
const isV6LinkLocal = ({ family, reach }: InterfaceAddress) => family === 6 && reach === 'link-local';

/** Over IPv4 where our address is private; over IPv6, whose routers have firewalls, where it is global. */
export function routerSides(interfaces: readonly NetworkInterface[]): readonly RouterSide[] {
  return interfaces.flatMap((nic) =>
    FAMILIES.flatMap((family): RouterSide[] => {
      const gateway = nic.gateways[family];
      const wanted = family === 4 ? 'private' : 'global';
      const own = nic.addresses.find((one) => one.family === family && one.reach === wanted);
      if (gateway === null || own === undefined || nic.kind === 'loopback') return [];
      const linkLocal = nic.addresses.find(isV6LinkLocal)?.ip ?? null;
      const scope = family === 6 && /^fe[89ab]/i.test(gateway) ? `%${nic.id}` : '';
      const router = withoutScope(gateway) + scope;
      return [{ interface: nic.id, family, local: own.ip, prefix: own.prefix, linkLocal, gateway: router }];
    }),
  );
}

export function sideOf(side: RouterSide, io: Io, signal: AbortSignal): UpnpSide {
  return { ...side, io, signal };
}
