/**
 * A small world in virtual time: an Internet with brokers, STUN and time servers, and two machines
 * that find them by name, each behind a router of its own or straight on the Internet.
 */
import { type ServerList, startStunServer } from '../net/index.ts';
import type { Broker } from './broker.ts';
import { createLab, type Lab } from './lab.ts';
import type { NatOptions } from './nat.ts';
import type { Segment } from './network.ts';
import type { LabNtpServer } from './ntp-server.ts';
import type { Router } from './router.ts';
import type { LabStunServer } from './stun-server.ts';
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
}

export interface LabWorld {
  readonly lab: Lab;
  readonly net: Segment;
  readonly brokers: readonly Broker[];
  readonly stun: readonly LabStunServer[];
  readonly ntp: readonly LabNtpServer[];
  /** All of them by name. */
  readonly servers: ServerList;
  readonly a: LabHost;
  readonly b: LabHost;
  /** The routers of `a` and `b`; null where there is none. */
  readonly routers: { readonly a: Router | null; readonly b: Router | null };
}

export function createWorld(options: WorldOptions): LabWorld {
  const lab = createLab({ seed: options.seed });
  const subnets = ['203.0.113.0/24', ...(options.ipv6 === true ? ['2001:db8:ffff::/64'] : [])];
  const net = lab.internet({ subnets });
  const services = buildServices(lab, net, options);
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

function buildServices(lab: Lab, net: Segment, options: WorldOptions) {
  const { brokers = 3, stun = 3, ntp = 3, fullStun = false } = options;
  const make = <T>(count: number, kind: string, build: (host: LabHost, name: string) => T): T[] =>
    Array.from({ length: count }, (_, i) => {
      const name = `${kind}${i + 1}`;
      return build(lab.host({ name, on: net }), `${name}.example`);
    });
  const running = {
    brokers: make(brokers, 'mqtt', (host, name) => lab.broker({ host, name })),
    stun: make(fullStun ? 0 : stun, 'stun', (host, name) => lab.stunServer({ host, name })),
    ntp: make(ntp, 'ntp', (host, name) => lab.ntpServer({ host, name })),
  };
  const servers: ServerList = {
    stun: fullStun
      ? buildFullStun(lab, net, stun)
      : running.stun.map(({ host, port }) => ({ host, port, tcp: true })),
    mqtt: running.brokers.map(({ url }) => url),
    ntp: running.ntp.map(({ host, port }) => ({ host, port })),
    turn: [],
    pnp: [],
  };
  return { ...running, servers };
}

/** The servers of `p2pd-demo serve`, two addresses each. */
function buildFullStun(lab: Lab, net: Segment, count: number) {
  return Array.from({ length: count }, (_, i) => {
    const name = `stun${i + 1}`;
    const addresses = [0, 1].map((n) => `203.0.113.${100 + 2 * i + n}`);
    const { io } = lab.host({ name, on: [{ segment: net, addresses }] });
    const udp = addresses.map((ip) => ({ ip, port: 3478 }));
    void startStunServer({ io, udp, alternatePort: 3479, tcp: true, report: () => undefined });
    return { host: addresses[0] ?? '', port: 3478, tcp: true };
  });
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
