/**
 * Where a machine sends a packet: the longest prefix among its own subnets, static routes and
 * default gateways. Between equal ones the interface that has the source address wins, then the
 * first in order.
 */
import { ipToBytes, reachOf } from '../net/wire/ip.ts';
import type { Nic } from './network.ts';
import { contains, parseSubnet, type Subnet } from './subnet.ts';

export interface Hop {
  readonly nic: Nic;
  /** Who gets the packet on the interface's segment. */
  readonly nextHop: string;
}

/** A route that is not learned from the interfaces: `{ to: '10.0.0.0/8', via: '192.168.1.9' }`. */
export interface StaticRoute {
  readonly to: string;
  readonly via: string;
}

interface Route {
  readonly subnet: Subnet;
  readonly nic: Nic;
  /** Null: the destination is on the link. */
  readonly via: string | null;
}

const DEFAULTS = { 4: parseSubnet('0.0.0.0/0'), 6: parseSubnet('::/0') } as const;

/** The default gateway of an interface, null where there is none or none is needed. */
export function gatewayOf(nic: Nic, family: 4 | 6): string | null {
  const gateway = nic.segment.gateways[family] ?? null;
  return gateway === null || nic.addresses.some(({ ip }) => ip === gateway) ? null : gateway;
}

/** A machine's addresses that others know it by: all but link-local ones. */
export function ownAddresses(nics: readonly Nic[]): string[] {
  const own = nics.flatMap(({ addresses }) => addresses.map(({ ip }) => ip));
  return own.filter((ip) => reachOf(ip) !== 'link-local');
}

/** Whether the interface leads beyond its own subnets. */
export function hasDefaultRoute(nic: Nic, family: 4 | 6): boolean {
  const isUsed = nic.addresses.some(
    ({ ip, subnet }) => subnet.family === family && reachOf(ip) !== 'link-local',
  );
  return isUsed && (nic.segment.isPublic || gatewayOf(nic, family) !== null);
}

/** A machine's routes; what was found is remembered until the network changes. */
export class RouteTable {
  readonly #nics: readonly Nic[];
  readonly #statics: readonly StaticRoute[];
  readonly #version: () => number;
  readonly #found = new Map<string, Hop | null>();
  #foundAt = -1;

  /** @param version changes when the network does */
  constructor(nics: readonly Nic[], statics: readonly StaticRoute[], version: () => number) {
    this.#nics = nics;
    this.#statics = statics;
    this.#version = version;
  }

  /**
   * @param src the packet's source; null where it is still to be chosen
   * @returns null when there is no route at all
   */
  find(dst: string, src: string | null = null): Hop | null {
    if (this.#foundAt !== this.#version()) this.#found.clear();
    this.#foundAt = this.#version();
    const key = `${dst} ${src}`;
    const known = this.#found.get(key);
    if (known !== undefined) return known;
    const hop = findHop(this.#nics, this.#statics, dst, src);
    this.#found.set(key, hop);
    return hop;
  }
}

function findHop(
  nics: readonly Nic[],
  statics: readonly StaticRoute[],
  dst: string,
  src: string | null,
): Hop | null {
  const bytes = ipToBytes(dst);
  if (bytes === null) return null;
  let best: Route | null = null;
  for (const route of routesOf(nics, statics)) {
    if (!contains(route.subnet, bytes)) continue;
    if (best === null || isBetter(route, best, src)) best = route;
  }
  return best === null ? null : { nic: best.nic, nextHop: best.via ?? dst };
}

function isBetter(route: Route, best: Route, src: string | null): boolean {
  if (route.subnet.prefix !== best.subnet.prefix) return route.subnet.prefix > best.subnet.prefix;
  return src !== null && has(route.nic, src) && !has(best.nic, src);
}

function has(nic: Nic, ip: string): boolean {
  return nic.addresses.some((address) => address.ip === ip);
}

function* routesOf(nics: readonly Nic[], statics: readonly StaticRoute[]): Generator<Route> {
  for (const nic of nics) {
    for (const { subnet } of nic.addresses) yield { subnet, nic, via: null };
    for (const family of [4, 6] as const)
      if (hasDefaultRoute(nic, family)) yield { subnet: DEFAULTS[family], nic, via: gatewayOf(nic, family) };
  }
  for (const { to, via } of statics) {
    const bytes = ipToBytes(via) ?? new Uint8Array(0);
    const nic = nics.find((candidate) => candidate.addresses.some(({ subnet }) => contains(subnet, bytes)));
    if (nic !== undefined) yield { subnet: parseSubnet(to), nic, via };
  }
}
