/**
 * Two machines as their NAT reports tell of them, in a world of their own: each interface behind a
 * router that behaves as was seen, one router and LAN for both where they are seen at one address.
 */
import type { NatReport, ServerList } from '../net/index.ts';
import { familyOf, sameSubnet } from '../net/wire/ip.ts';
import { type Attachment, createLab, type Lab } from './lab.ts';
import { natOfReport, type ReplayNat } from './nat-replay.ts';
import type { LinkQuality, Segment } from './network.ts';
import { buildServices } from './services.ts';
import type { LabHost } from './virtual-io.ts';

export interface ReplayOptions {
  readonly seed: number | string;
  /** ms there and back between the two sides; 40 unless said. */
  readonly rtt?: number;
  /** ms there and back to the public services; as between the sides unless said, half of that at least. */
  readonly servicesRtt?: number;
  /** Of both lines to the Internet, each way. */
  readonly jitter?: number;
  readonly loss?: number;
  /** Whether there is a relay; there is unless said. */
  readonly turn?: boolean;
  /** Both on one LAN; where they are seen at one address, unless said. */
  readonly sameLan?: boolean;
}

export interface ReplayWorld {
  readonly lab: Lab;
  /** Brokers, full STUN servers, time servers and the relay. */
  readonly servers: ServerList;
  /** Interfaces have the reports' names, and their order. */
  readonly a: LabHost;
  readonly b: LabHost;
  /** What the reports left open, as sentences. */
  readonly assumed: readonly string[];
}

/** Public IPv4 addresses of a home without translation: 16 homes' worth of 198.51.100.0/24. */
const PUBLIC_BLOCK = 16;
const SERVICES = { brokers: 2, stun: 2, ntp: 2, fullStun: true } as const;

/** What one interface saw, per family. */
type Seen = readonly NatReport[];

/** @param a its NAT reports: each interface and family once */
export function buildReplayWorld(
  a: readonly NatReport[],
  b: readonly NatReport[],
  options: ReplayOptions,
): ReplayWorld {
  const { seed, rtt = 40, servicesRtt = rtt, jitter = 0, loss = 0, turn = true } = options;
  const ipv6 = [...a, ...b].some(({ family }) => family === 6);
  const lab = createLab({ seed });
  const net = lab.internet({ subnets: ['203.0.113.0/24', ...(ipv6 ? ['2001:db8:ffff::/64'] : [])] });
  const line = { delay: rtt / 4, jitter, loss };
  const detour = { delay: Math.max(0, servicesRtt / 2 - line.delay) };
  const { servers } = buildServices(lab, net, { ...SERVICES, ipv6, turn, line: detour });
  const builder = new Builder(lab, net, line);
  const homes = byInterface(a).map((seen) => ({ seen, lan: builder.home('a', seen) }));
  const placesOfA = homes.map(({ seen, lan }) => placeOn(lan, seen));
  const placesOfB = byInterface(b).map((seen) => {
    const shared = homes.find((home) => options.sameLan ?? isOneHome(home.seen, seen));
    return placeOn(shared?.lan ?? builder.home('b', seen), seen);
  });
  return {
    lab,
    servers,
    a: lab.host({ name: 'a', on: placesOfA }),
    b: lab.host({ name: 'b', on: placesOfB }),
    assumed: builder.assumed,
  };
}

function byInterface(reports: readonly NatReport[]): Seen[] {
  const names = [...new Set(reports.map((report) => report.interface))];
  return names.map((name) => reports.filter((report) => report.interface === name));
}

function placeOn(segment: Segment, seen: Seen): Attachment {
  return { segment, id: seen[0]?.interface ?? 'eth0' };
}

/** Whether two interfaces are seen at one IPv4 address, or in one IPv6 network of a LAN. */
function isOneHome(a: Seen, b: Seen): boolean {
  const [ours, theirs] = [a, b].map((seen) =>
    seen.flatMap(({ udp, tcp }) => [...udp.external, ...tcp.external]),
  );
  return (ours ?? []).some((ip) =>
    (theirs ?? []).some((other) => ip === other || (familyOf(ip) === 6 && sameSubnet(ip, other, 64))),
  );
}

class Builder {
  readonly assumed: string[] = [];
  readonly #lab: Lab;
  readonly #net: Segment;
  readonly #line: LinkQuality;
  #homes = 0;

  constructor(lab: Lab, net: Segment, line: LinkQuality) {
    this.#lab = lab;
    this.#net = net;
    this.#line = line;
  }

  /** The LAN of an interface, behind its router. */
  home(side: string, seen: Seen): Segment {
    const number = ++this.#homes;
    const rules = { 4: this.#rules(side, seen, 4), 6: this.#rules(side, seen, 6) };
    const ipv4 = rules[4]?.nat?.translates
      ? `192.168.${number}.0/24`
      : `198.51.100.${(number - 1) * PUBLIC_BLOCK}/28`;
    const ipv6 = `2001:db8:${number}::/64`;
    const subnets = [...(rules[4] ? [ipv4] : []), ...(rules[6] ? [ipv6] : [])];
    const lan = this.#lab.lan({ name: `lan of ${side}${number}`, subnets });
    this.#lab.router({
      name: `router of ${side}${number}`,
      wan: this.#net,
      lans: [lan],
      nat: rules[4]?.nat ?? null,
      firewall6: rules[6]?.nat ?? null,
      externals: rules[4]?.externals ?? 1,
      up: this.#line,
      down: this.#line,
    });
    return lan;
  }

  #rules(side: string, seen: Seen, family: 4 | 6): ReplayNat | null {
    const report = seen.find((one) => one.family === family);
    if (report === undefined) return null;
    const rules = natOfReport(report);
    this.assumed.push(...rules.assumed.map((what) => `${side}, ${report.interface}: ${what}`));
    return rules;
  }
}
