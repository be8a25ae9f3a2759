/**
 * A small world in virtual time: an Internet with brokers, STUN and time servers, and two machines
 * that find them by name, each behind a router of its own or straight on the Internet.
 */
import { createLab, type Lab } from './lab.ts';
import type { NatOptions } from './nat.ts';
import type { Segment } from './network.ts';
import type { Router } from './router.ts';
import { buildServices, type Services } from './services.ts';
import type { LabHost } from './virtual-io.ts';

/** How one of the two machines is connected. */
export interface SideOptions {
  /** Of its router; null: no router, the machine is on the Internet itself. */
  readonly nat?: NatOptions | null;
  /** One way to every service, ms; to the other machine it is both sides' delays together. */
  readonly delay?: number;
  /** Its line to the Internet, each way. */
  readonly jitter?: number;
  readonly loss?: number;
  /** How far its clock is ahead, ms. */
  readonly clockOffset?: number;
}

export interface WorldOptions {
  readonly seed: number | string;
  /** One way from each machine to every service, ms; 20 unless said. */
  readonly delay?: number;
  /** Whether there is IPv6 too. */
  readonly ipv6?: boolean;
  readonly a?: SideOptions;
  readonly b?: SideOptions;
  /** How many of each kind, 3 unless said. */
  readonly brokers?: number;
  readonly stun?: number;
  readonly ntp?: number;
  /** STUN servers have a second address, which NAT types need. */
  readonly fullStun?: boolean;
  /** There is a relay beside the first of these. */
  readonly turn?: boolean;
}

export interface LabWorld extends Services {
  readonly lab: Lab;
  readonly net: Segment;
  readonly a: LabHost;
  readonly b: LabHost;
  /** The routers of `a` and `b`; null where there is none. */
  readonly routers: { readonly a: Router | null; readonly b: Router | null };
}

export function createWorld(options: WorldOptions): LabWorld {
  const lab = createLab({ seed: options.seed });
  const subnets = ['203.0.113.0/24', ...(options.ipv6 === true ? ['2001:db8:ffff::/64'] : [])];
  const net = lab.internet({ subnets });
  const { brokers = 3, stun = 3, ntp = 3, ipv6 = false, fullStun = false, turn = false } = options;
  const services = buildServices(lab, net, { brokers, stun, ntp, ipv6, fullStun, turn, line: {} });
  const sides = { a: buildSide(lab, net, 'a', options), b: buildSide(lab, net, 'b', options) };
  return {
    lab,
    net,
    ...services,
    a: sides.a.host,
    b: sides.b.host,
    routers: { a: sides.a.router, b: sides.b.router },
  };
}

function buildSide(
  lab: Lab,
  net: Segment,
  name: 'a' | 'b',
  options: WorldOptions,
): { readonly host: LabHost; readonly router: Router | null } {
  const {
    nat = null,
    delay = options.delay ?? 20,
    jitter = 0,
    loss = 0,
    clockOffset = 0,
  } = options[name] ?? {};
  const line = { delay, jitter, loss };
  if (nat === null) {
    const host = lab.host({ name, on: [{ segment: net, up: line, down: line }], clockOffset });
    return { host, router: null };
  }
  const number = name === 'a' ? 1 : 2;
  const ipv6 = options.ipv6 === true ? [`2001:db8:${number}::/64`] : [];
  // Without translation the machine has an address of the Internet itself.
  const subnet = nat.translates ? `192.168.${number}.0/24` : `198.51.100.${number * 64}/26`;
  const home = lab.lan({ subnets: [subnet, ...ipv6] });
  const router = lab.router({ name: `router ${name}`, wan: net, lans: [home], nat, up: line, down: line });
  return { host: lab.host({ name, on: home, clockOffset }), router };
}
