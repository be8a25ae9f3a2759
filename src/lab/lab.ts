/**
 * The lab: builds simulated networks in a few lines and drives them in virtual time. One seed, one
 * course of events.
 *
 *   const lab = createLab({ seed: 1 });
 *   const net = lab.internet({ delay: 20 });
 *   const home = lab.lan();
 *   lab.router({ wan: net, lans: [home], nat: natPreset('restrict port', 'equal') });
 *   const alice = lab.host({ name: 'alice', on: home });
 *   const stream = await lab.run(alice.io.dialTcp(null, server, signal));
 */
import type { InterfaceKind } from '../net/io/io.ts';
import { familyOf, reachOf } from '../net/wire/ip.ts';
import { Broker, type BrokerFaults } from './broker.ts';
import { Clock, type RunLimits } from './clock.ts';
import { Host } from './host.ts';
import type { NameOptions } from './names.ts';
import { Nat, type NatOptions } from './nat.ts';
import { firewallPreset } from './nat-preset.ts';
import { describeEvent, type LinkQuality, Network, type Nic, Segment } from './network.ts';
import { LabNtpServer, type NtpBehaviour } from './ntp-server.ts';
import { createRandom, type Random } from './random.ts';
import { Router } from './router.ts';
import { ownAddresses, type StaticRoute } from './routes.ts';
import { LabStunServer, type StunBehaviour } from './stun-server.ts';
import { DEFAULT_TCP_OPTIONS } from './tcp.ts';
import type { TcpOptions } from './tcp-types.ts';
import { type LabHost, virtualIo } from './virtual-io.ts';

export interface LanOptions extends LinkQuality {
  readonly name?: string;
  /** `['192.168.7.0/24', '2001:db8:7::/64']`; an IPv4 subnet of its own when left out. */
  readonly subnets?: readonly string[];
  /** Whether interfaces get an IPv6 link-local address; as there is an IPv6 subnet, unless said. */
  readonly linkLocal?: boolean;
}

export interface RouterOptions {
  readonly name?: string;
  /** The segment outside; left out, the router only joins LANs. */
  readonly wan?: Segment;
  readonly lans: readonly Segment[];
  /** Of IPv4; null or left out = addresses are not translated and nothing is filtered. */
  readonly nat?: NatOptions | null;
  /** Of IPv6: a firewall that lets in what was asked for, unless said; null = none. */
  readonly firewall6?: NatOptions | null;
  /** IPv4 addresses outside, 1 unless said. */
  readonly externals?: number;
  readonly routes?: readonly StaticRoute[];
  /** The line to the outside, per direction. */
  readonly up?: LinkQuality;
  readonly down?: LinkQuality;
}

export interface Attachment {
  readonly segment: Segment;
  /** `eth0`, `eth1`… unless said. */
  readonly id?: string;
  readonly kind?: InterfaceKind;
  /** With or without `/prefix`; one of each of the segment's subnets when left out. */
  readonly addresses?: readonly string[];
  readonly up?: LinkQuality;
  readonly down?: LinkQuality;
}

export interface HostOptions {
  readonly name: string;
  /** Where it is connected: one interface a segment, in this order. */
  readonly on: Segment | readonly (Segment | Attachment)[];
  /** How far its wall clock is off, ms. */
  readonly clockOffset?: number;
  readonly routes?: readonly StaticRoute[];
  /** Filters what comes in; see `firewallPreset`. */
  readonly firewall?: NatOptions;
  readonly tcp?: Partial<TcpOptions>;
}

/** Where a service of the lab runs. */
export interface ServiceOptions {
  readonly host: LabHost;
  /** The usual one unless said. */
  readonly port?: number;
  /** What clients are told to ask, known to the name server from then on; the host's address unless said. */
  readonly name?: string;
}

export interface Lab {
  readonly clock: Clock;
  readonly network: Network;
  /** For the test's own choices. */
  readonly random: Random;
  now(): number;
  /** Drives virtual time until the promise settles. @throws ClockError when it cannot */
  run<T>(work: Promise<T> | (() => Promise<T>), limits?: RunLimits): Promise<T>;
  runUntil(time: number): Promise<void>;
  advance(ms: number): Promise<void>;
  /** The public Internet: every address on it reaches every other. */
  internet(options?: LanOptions): Segment;
  lan(options?: LanOptions): Segment;
  /** Every machine that reaches a name server finds these addresses under the name. */
  name(name: string, ips: string | readonly string[], options?: NameOptions): void;
  router(options: RouterOptions): Router;
  host(options: HostOptions): LabHost;
  /** An MQTT broker; its clients dial `url`. */
  broker(options: ServiceOptions & Partial<BrokerFaults>): Broker;
  stunServer(options: ServiceOptions & StunBehaviour): LabStunServer;
  ntpServer(options: ServiceOptions & NtpBehaviour): LabNtpServer;
  /** Pulls or plugs the cable of an interface. */
  plug(nic: Nic, connected: boolean): void;
  /** Every packet from now on, one line each. */
  trace(): readonly string[];
}

export function createLab({ seed }: { readonly seed: number | string }): Lab {
  const clock = new Clock();
  const random = createRandom(seed);
  const network = new Network(clock, random);
  const count = { lans: 0, routers: 0 };
  const nat = (name: string, options: NatOptions, external: readonly string[]) =>
    new Nat(options, options.translates ? external : [], `${seed} ${name}`);
  return {
    clock,
    network,
    random: random.fork('test'),
    now: clock.now,
    run: (work, limits) => clock.run(work, limits),
    runUntil: (time) => clock.runUntil(time),
    advance: (ms) => clock.advance(ms),
    internet: ({ name = 'internet', subnets = ['203.0.113.0/24'], linkLocal = false, ...quality } = {}) =>
      new Segment(name, { ...quality, subnets, linkLocal, isPublic: true }),
    lan({ name, subnets, linkLocal, ...quality } = {}) {
      const number = ++count.lans;
      const nets = subnets ?? [`192.168.${number}.0/24`];
      const hasIpv6 = nets.some((net) => familyOf(net) === 6);
      const options = { ...quality, subnets: nets, linkLocal: linkLocal ?? hasIpv6, isPublic: false };
      return new Segment(name ?? `lan${number}`, options);
    },
    name: (name, ips, options) => network.names.add(name, ips, options),
    router: (options) => buildRouter(network, options.name ?? `router${++count.routers}`, options, nat),
    host: (options) => buildHost(network, options, nat),
    broker({ host, port = 1883, name, ...faults }) {
      const known = nameOf(network, host, name);
      const url = `mqtt://${known.includes(':') ? `[${known}]` : known}:${port}`;
      const broker = new Broker(host, url, port);
      broker.set(faults);
      return broker;
    },
    stunServer: ({ host, port = 3478, name, ...behaviour }) =>
      new LabStunServer(host, nameOf(network, host, name), port, behaviour),
    ntpServer: ({ host, port = 123, name, ...behaviour }) =>
      new LabNtpServer(host, nameOf(network, host, name), port, behaviour),
    plug(nic, connected) {
      nic.connected = connected;
    },
    trace() {
      const lines: string[] = [];
      network.observe((event) => lines.push(describeEvent(event)));
      return lines;
    },
  };
}

type MakeNat = (name: string, options: NatOptions, external: readonly string[]) => Nat;

function buildRouter(network: Network, name: string, options: RouterOptions, nat: MakeNat): Router {
  const router = new Router(network, name, options.routes ?? []);
  if (options.wan !== undefined) {
    const { externals: count, up, down } = options;
    router.wan = network.attach(router, options.wan, { id: 'wan', count, up, down });
    router.nics.push(router.wan);
  }
  for (const [index, lan] of options.lans.entries()) attachInside(network, router, lan, `lan${index}`);
  const { wan } = router;
  if (wan === null) return router;
  const external = router.outerIps.filter((ip) => familyOf(ip) === 4);
  const firewall6 = options.firewall6 === undefined ? firewallPreset() : options.firewall6;
  if (options.nat) router.nats[4] = nat(name, options.nat, external);
  if (firewall6) router.nats[6] = nat(`${name} 6`, firewall6, []);
  for (const lan of options.lans)
    for (const subnet of lan.subnets)
      if (router.nats[subnet.family]?.options.translates !== true) options.wan?.route(subnet, wan);
  return router;
}

/** The first router on a LAN is its gateway, with each subnet's first address. */
function attachInside(network: Network, router: Router, lan: Segment, id: string): void {
  const nic = network.attach(router, lan, { id, from: 1 });
  router.nics.push(nic);
  for (const { ip } of nic.addresses) if (reachOf(ip) !== 'link-local') lan.gateways[familyOf(ip)] ??= ip;
}

function buildHost(network: Network, options: HostOptions, nat: MakeNat): LabHost {
  const host = new Host(network, {
    name: options.name,
    tcp: { ...DEFAULT_TCP_OPTIONS, ...options.tcp },
    routes: options.routes ?? [],
    clockOffset: options.clockOffset ?? 0,
    firewall: options.firewall === undefined ? null : nat(options.name, options.firewall, []),
  });
  const places = options.on instanceof Segment ? [options.on] : options.on;
  for (const [index, place] of places.entries()) {
    const attachment: Attachment = place instanceof Segment ? { segment: place } : place;
    const { segment, id = `eth${index}`, addresses, up, down, kind = 'ethernet' } = attachment;
    const nic = network.attach(host, segment, { id, addresses, up, down });
    host.nics.push(nic);
    host.kinds.set(nic, kind);
  }
  return Object.assign(host, { io: virtualIo(host) });
}

/** The name that clients ask for, made known; without one the host's first address. */
function nameOf(network: Network, host: Host, name: string | undefined): string {
  const own = ownAddresses(host.nics);
  if (name === undefined) return own[0] ?? host.ip();
  network.names.add(name, own);
  return name;
}
