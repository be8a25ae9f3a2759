/**
 * Segments (a LAN, or the public Internet as one), the interfaces on them, and how a packet gets
 * from one to another: delay, jitter, loss, and who answers for an address. What a machine does
 * with a packet is in host.ts and router.ts.
 */
import type { Family } from '../net/wire/endpoint.ts';
import { familyOf, ipToBytes } from '../net/wire/ip.ts';
import type { Clock } from './clock.ts';
import { NameTable } from './names.ts';
import { describePacket, type Packet } from './packet.ts';
import type { Random } from './random.ts';
import { addressIn, contains, parseSubnet, type Subnet } from './subnet.ts';

/** One way, added up over what a packet crosses. */
export interface LinkQuality {
  /** ms. */
  readonly delay?: number;
  /** Up to so many ms more, evenly spread; packets of one link keep their order. */
  readonly jitter?: number;
  /** 0 to 1. */
  readonly loss?: number;
}

export type PacketFate = 'sent' | 'arrived' | 'dropped';

export interface PacketEvent {
  readonly at: number;
  readonly fate: PacketFate;
  /** The machine that sends, receives or drops it. */
  readonly node: string;
  readonly packet: Packet;
  /** Why it was dropped. */
  readonly reason?: string;
}

/** Whatever has interfaces. */
export interface Node {
  readonly name: string;
  receive(packet: Packet, nic: Nic): void;
}

export interface NicAddress {
  readonly ip: string;
  readonly subnet: Subnet;
}

/** A network interface: a machine's place on a segment. */
export interface Nic {
  readonly id: string;
  readonly node: Node;
  readonly segment: Segment;
  readonly addresses: NicAddress[];
  readonly up: LinkQuality;
  readonly down: LinkQuality;
  readonly random: Random;
  /** The last arrival at each interface, for order. */
  readonly arrivals: Map<Nic, number>;
  /** False: the cable is out. */
  connected: boolean;
}

/** A broadcast domain. On the `public` one every address is on the link, and prefixes can be routed. */
export class Segment {
  readonly name: string;
  /** May be changed while the network runs: packets sent from then on meet it. */
  quality: LinkQuality;
  readonly subnets: readonly Subnet[];
  readonly isPublic: boolean;
  readonly linkLocal: boolean;
  /** The default gateway that hosts use, per family; a router that is attached becomes it. */
  readonly gateways: Partial<Record<Family, string>> = {};
  readonly #owners = new Map<string, Nic>();
  readonly #routes: { subnet: Subnet; nic: Nic }[] = [];

  constructor(name: string, options: SegmentOptions) {
    this.name = name;
    this.quality = options;
    this.subnets = options.subnets.map(parseSubnet);
    this.isPublic = options.isPublic;
    this.linkLocal = options.linkLocal;
  }

  /** Free addresses of a subnet, in order; 1 is left for the router. */
  freeAddresses(subnet: Subnet, count: number, from = 2): string[] {
    const free: string[] = [];
    for (let n = from; free.length < count; n++) {
      const ip = addressIn(subnet, n);
      if (!this.#owners.has(ip)) free.push(ip);
    }
    return free;
  }

  add(nic: Nic): void {
    for (const { ip } of nic.addresses) {
      if (this.#owners.has(ip)) throw new RangeError(`${ip} is taken on ${this.name}`);
      this.#owners.set(ip, nic);
    }
  }

  /** Packets to that subnet go to this interface. */
  route(subnet: Subnet, nic: Nic): void {
    this.#routes.push({ subnet, nic });
  }

  ownerOf(ip: string): Nic | null {
    const owner = this.#owners.get(ip);
    if (owner !== undefined) return owner;
    const bytes = ipToBytes(ip);
    if (bytes === null) return null;
    let best: { subnet: Subnet; nic: Nic } | null = null;
    for (const route of this.#routes)
      if (contains(route.subnet, bytes) && route.subnet.prefix > (best?.subnet.prefix ?? -1)) best = route;
    return best?.nic ?? null;
  }
}

export interface SegmentOptions extends LinkQuality {
  readonly subnets: readonly string[];
  readonly isPublic: boolean;
  /** Whether interfaces get an IPv6 link-local address too. */
  readonly linkLocal: boolean;
}

export class Network {
  readonly clock: Clock;
  readonly random: Random;
  readonly names = new NameTable();
  /** What any of them is true of vanishes on the way, whoever sent it. */
  readonly censors = new Set<(packet: Packet) => boolean>();
  readonly #observers = new Set<(event: PacketEvent) => void>();
  /** Counts the changes of who is connected to what. */
  topology = 0;
  #linkLocals = 0;

  constructor(clock: Clock, random: Random) {
    this.clock = clock;
    this.random = random;
  }

  /** Tells of every packet sent, arrived and dropped, until the returned function is called. */
  observe(observer: (event: PacketEvent) => void): () => void {
    this.#observers.add(observer);
    return () => this.#observers.delete(observer);
  }

  /** Puts a machine on a segment; it gets an address of each subnet unless some are given. */
  attach(node: Node, segment: Segment, options: AttachOptions): Nic {
    const nic: Nic = {
      id: options.id,
      node,
      segment,
      addresses: addressesFor(segment, options),
      up: options.up ?? {},
      down: options.down ?? {},
      random: this.random.fork(`link ${node.name} ${options.id}`),
      arrivals: new Map(),
      connected: true,
    };
    if (segment.linkLocal) nic.addresses.push(this.#linkLocal());
    segment.add(nic);
    this.topology++;
    return nic;
  }

  /** Sends a packet over the interface's segment to whoever has that address there; it may vanish. */
  transmit(nic: Nic, packet: Packet, nextHop: string): void {
    this.note('sent', nic.node, packet);
    const target = nic.segment.ownerOf(nextHop);
    if (!nic.connected) this.note('dropped', nic.node, packet, 'unplugged');
    else if (target === null) this.note('dropped', nic.node, packet, `nobody has ${nextHop}`);
    else this.#carry(nic, packet, target);
  }

  #carry(nic: Nic, packet: Packet, target: Nic): void {
    const links = [nic.up, nic.segment.quality, target.down];
    if (links.some((link) => nic.random.chance(link.loss ?? 0))) {
      this.note('dropped', nic.node, packet, 'lost');
      return;
    }
    for (const isCensored of this.censors)
      if (isCensored(packet)) {
        this.note('dropped', nic.node, packet, 'censored');
        return;
      }
    let arrival = this.clock.now();
    for (const { delay = 0, jitter = 0 } of links)
      arrival += delay + (jitter > 0 ? nic.random.next() * jitter : 0);
    arrival = Math.max(arrival, nic.arrivals.get(target) ?? 0);
    nic.arrivals.set(target, arrival);
    this.clock.at(arrival, () => {
      this.note(
        target.connected ? 'arrived' : 'dropped',
        target.node,
        packet,
        target.connected ? undefined : 'unplugged',
      );
      if (target.connected) target.node.receive(packet, target);
    });
  }

  note(fate: PacketFate, node: Node, packet: Packet, reason?: string | undefined): void {
    if (this.#observers.size === 0) return;
    const event = { at: this.clock.now(), fate, node: node.name, packet, ...(reason && { reason }) };
    for (const observer of this.#observers) observer(event);
  }

  #linkLocal(): NicAddress {
    const subnet = parseSubnet('fe80::/64');
    return { ip: addressIn(subnet, ++this.#linkLocals), subnet };
  }
}

export interface AttachOptions {
  readonly id: string;
  /** With or without `/prefix`; one of each subnet when left out. */
  readonly addresses?: readonly string[] | undefined;
  /** IPv4 addresses to get where none are given. */
  readonly count?: number | undefined;
  /** Which of a subnet's addresses to try first. */
  readonly from?: number | undefined;
  readonly up?: LinkQuality | undefined;
  readonly down?: LinkQuality | undefined;
}

/** `0.5 alice sent tcp 192.0.2.1:5 > …`. */
export function describeEvent({ at, fate, node, packet, reason }: PacketEvent): string {
  return `${at} ${node} ${fate} ${describePacket(packet)}${reason === undefined ? '' : ` (${reason})`}`;
}

/** Those that are given, else one of each subnet (and more of IPv4 where a router needs them). */
function addressesFor(segment: Segment, options: AttachOptions): NicAddress[] {
  if (options.addresses !== undefined) return options.addresses.map((text) => withSubnet(text, segment));
  const addresses: NicAddress[] = [];
  for (const subnet of segment.subnets) {
    const count = subnet.family === 4 ? (options.count ?? 1) : 1;
    for (const ip of segment.freeAddresses(subnet, count, options.from))
      addresses.push({ ip, subnet: segment.isPublic ? single(ip) : subnet });
  }
  return addresses;
}

/** A machine on the public Internet has no neighbours: every other is somebody else's. */
function single(ip: string): Subnet {
  return parseSubnet(`${ip}/${familyOf(ip) === 4 ? 32 : 128}`);
}

function withSubnet(text: string, segment: Segment): NicAddress {
  const [ip = ''] = text.split('/');
  const bytes = ipToBytes(ip);
  if (bytes === null) throw new RangeError(`${text} is no address`);
  if (text.includes('/')) return { ip, subnet: parseSubnet(text) };
  const subnet = segment.isPublic
    ? undefined
    : segment.subnets.find((candidate) => contains(candidate, bytes));
  return { ip, subnet: subnet ?? single(ip) };
}
