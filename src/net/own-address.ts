/**
 * A node's own address from its interfaces: which entries, in which order, best first. Rule only.
 */
import type { AddressInterface } from './address-interface.ts';
import type { InterfaceAddress, NetworkInterface } from './io/io.ts';
import type { Endpoint, Family } from './wire/endpoint.ts';
import { type Reach, withoutScope } from './wire/ip.ts';

const FAMILIES: readonly Family[] = [4, 6];
/** What helps most comes first, as the end is cut off where room is short. */
const ORDER: readonly Reach[] = ['global', 'private', 'unique-local', 'loopback', 'link-local'];

/**
 * One entry per interface and family that listens somewhere; those with a default route first.
 *
 * @param locals where the node listens
 */
export function addressEntries(
  interfaces: readonly NetworkInterface[],
  locals: readonly Endpoint[],
  port: number,
): AddressInterface[] {
  const bound = new Set(locals.map((local) => withoutScope(local.ip)));
  const entries = interfaces.flatMap((nic, number) =>
    FAMILIES.flatMap((family): AddressInterface[] => {
      const inner = ordered(nic.addresses.filter((a) => a.family === family && bound.has(a.ip)));
      if (inner.length === 0) return [];
      const defaultRoute = nic.defaultRoute[family];
      return [{ number, family, defaultRoute, port, inner, outer: [], udp: null, tcp: null }];
    }),
  );
  return [
    ...entries.filter((entry) => entry.defaultRoute),
    ...entries.filter((entry) => !entry.defaultRoute),
  ];
}

function ordered(addresses: readonly InterfaceAddress[]): string[] {
  return ORDER.flatMap((reach) => addresses.filter((a) => a.reach === reach)).map((a) => a.ip);
}
