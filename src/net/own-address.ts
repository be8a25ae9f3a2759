/**
 * A node's own address from its interfaces: which entries, in which order, best first. Rule only.
 */
import type { AddressInterface, NatFacts } from './address-interface.ts';
import type { OuterFact } from './events.ts';
import type { InterfaceAddress, NetworkInterface } from './io/io.ts';
import type { KnownFacts, KnownNat } from './nat/known.ts';
import type { Endpoint, Family } from './wire/endpoint.ts';
import { type Reach, withoutScope } from './wire/ip.ts';

const FAMILIES: readonly Family[] = [4, 6];
/** What helps most comes first, as the end is cut off where room is short. */
const ORDER: readonly Reach[] = ['global', 'private', 'unique-local', 'loopback', 'link-local'];

/** What was found out of a node's outside. */
export interface KnownOutside {
  readonly outer: readonly OuterFact[];
  readonly nats?: readonly KnownNat[];
  readonly mapped?: readonly {
    readonly interface: string;
    readonly family: Family;
    readonly external: Endpoint;
  }[];
}

/**
 * One entry per interface and family that listens somewhere; those with a default route first.
 *
 * @param locals where the node listens
 * @param known how servers see it, the NATs in front of it, and what their routers let in
 */
export function addressEntries(
  interfaces: readonly NetworkInterface[],
  locals: readonly Endpoint[],
  port: number,
  { outer, nats = [], mapped = [] }: KnownOutside,
): AddressInterface[] {
  const bound = new Set(locals.map((local) => withoutScope(local.ip)));
  const entries = interfaces.flatMap((nic, number) =>
    FAMILIES.flatMap((family): AddressInterface[] => {
      const inner = ordered(nic.addresses.filter((a) => a.family === family && bound.has(a.ip)));
      if (inner.length === 0) return [];
      const defaultRoute = nic.defaultRoute[family];
      const seen = outer.filter((fact) => fact.interface === nic.id && fact.family === family);
      const open = mapped.find((one) => one.interface === nic.id && one.family === family);
      // The address that the router lets in comes first.
      const ips = [...(open === undefined ? [] : [open.external.ip]), ...seen.map((fact) => fact.outer)];
      const outside = [...new Set(ips)];
      const mappedPort = open?.external.port ?? null;
      const nat = nats.find((report) => report.interface === nic.id && report.family === family);
      const udp = nat === undefined ? null : factsOf(nat.udp);
      const tcp = nat === undefined ? null : factsOf(nat.tcp);
      return [{ number, family, defaultRoute, port, inner, outer: outside, mappedPort, udp, tcp }];
    }),
  );
  return [
    ...entries.filter((entry) => entry.defaultRoute),
    ...entries.filter((entry) => !entry.defaultRoute),
  ];
}

/** The sequence number of a new address: Unix seconds, and always larger than the last. @param wall Unix ms */
export function newestSequence(last: number, wall: number): number {
  return Math.max(Math.floor(wall / 1000), last + 1);
}

/** null where nothing was found out. */
function factsOf({ type, delta, range }: KnownFacts): NatFacts | null {
  if (type === null && delta.type === null) return null;
  return { type, delta, range: range ?? [0, 0] };
}

function ordered(addresses: readonly InterfaceAddress[]): string[] {
  return ORDER.flatMap((reach) => addresses.filter((a) => a.reach === reach)).map((a) => a.ip);
}
