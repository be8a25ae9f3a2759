/**
 * Watches what crosses a simulated Internet between two routers, and makes pictures of it: where each
 * packet is, and for a moment what has become of it, however fast that was.
 */
import type { LabWorld, PacketEvent } from '../../lab/index.ts';
import { type Endpoint, familyOf, formatEndpoint } from '../../net/index.ts';
import type { Mark, Picture, SideName } from './scene.ts';

type Packet = PacketEvent['packet'];

interface Flight {
  readonly from: SideName;
  readonly packet: Packet;
  readonly kind: Mark['kind'];
  /** From where to where: 0 and 1 are the two NATs, servers are midway. */
  readonly way: readonly [number, number];
  /** Virtual ms. */
  readonly sentAt: number;
  fate: Mark['fate'];
  /** Real ms; null until the next picture after it landed. */
  landedAt: number | null;
}

/** Real ms for which a packet that has landed is still shown: between the two, and with servers. */
const LINGER = 500;
const SERVER_LINGER = 150;
const MIDWAY = 0.5;
/** Packets shown at once: guessing ports sends a thousand. */
const MAX_FLIGHTS = 200;
const OTHER = { a: 'b', b: 'a' } as const;

export interface Watched {
  readonly world: LabWorld;
  /** ms from one NAT to the other. */
  readonly delay: number;
  /** Of the sides, for words. */
  readonly names: Readonly<Record<SideName, string>>;
}

export class PacketWatch {
  readonly #watched: Watched;
  /** Addresses by which each side is seen from the Internet. */
  readonly #outer: Readonly<Record<SideName, ReadonlySet<string>>>;
  readonly #listeners = new Set<() => void>();
  readonly #speed: () => number;
  #flights: Flight[] = [];
  #arrived: Flight | null = null;
  #caption = '';
  #picture: Picture;

  constructor(watched: Watched, speed: () => number) {
    this.#watched = watched;
    this.#speed = speed;
    this.#picture = { marks: [], caption: '', speed: speed() };
    const { world } = watched;
    this.#outer = { a: outerOf(world, 'a'), b: outerOf(world, 'b') };
    world.lab.network.observe((event) => this.#note(event));
  }

  readonly picture = (): Picture => this.#picture;

  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  /** Makes the next picture. @param now real ms */
  draw(now: number): void {
    for (const flight of this.#flights) if (flight.fate !== 'flying') flight.landedAt ??= now;
    this.#flights = this.#flights.filter(
      ({ landedAt, kind }) =>
        landedAt === null || now - landedAt < (kind === 'server' ? SERVER_LINGER : LINGER),
    );
    const speed = this.#speed();
    const caption = this.#caption;
    const before = this.#picture;
    const isStill = this.#flights.length + before.marks.length === 0;
    if (isStill && caption === before.caption && speed === before.speed) return;
    this.#picture = { marks: this.#flights.map((flight) => this.#mark(flight)), caption, speed };
    for (const listener of this.#listeners) listener();
  }

  #mark({ from, kind, fate, sentAt, way: [begin, end] }: Flight): Mark {
    const { world, delay } = this.#watched;
    const flown = fate === 'flying' && delay > 0 ? (world.lab.now() - sentAt) / delay : 1;
    return { from, kind, fate, at: Math.min(end, begin + Math.max(0, flown)) };
  }

  #note({ fate, node, packet, reason = '', at }: PacketEvent): void {
    const side = this.#sideOf(node);
    if (side === null) {
      this.#serve(fate, packet, at);
      return;
    }
    const isOutward = this.#outer[OTHER[side]].has(packet.dst.ip);
    if (isOutward && fate === 'sent') this.#begin(side, packet, [0, 1], at);
    else if (isOutward && fate === 'dropped') this.#held(side, packet, reason, at);
    else if (fate === 'sent' && this.#outer[side].has(packet.src.ip))
      this.#begin(side, packet, [0, MIDWAY], at, 'server');
    else if (fate === 'arrived') this.#land(side, packet);
    else if (fate === 'dropped') this.#refused(side, packet, reason);
  }

  /** A server, or one of the two machines itself, whose own packets are seen at its router. */
  #serve(fate: PacketEvent['fate'], packet: Packet, at: number): void {
    const to = (['a', 'b'] as const).find((side) => this.#outer[side].has(packet.dst.ip));
    const isServer = !['a', 'b'].some((side) => this.#isOf(side as SideName, packet.src.ip));
    if (fate === 'arrived') this.#reach(packet);
    else if (fate === 'sent' && to !== undefined && isServer)
      this.#begin(OTHER[to], packet, [MIDWAY, 1], at, 'server');
  }

  #isOf(side: SideName, ip: string): boolean {
    return this.#outer[side].has(ip) || this.#watched.world[side].isLocal(ip);
  }

  #reach(packet: Packet): void {
    const flight = this.#flights.find((one) => one.packet === packet);
    if (flight !== undefined) flight.fate = 'through';
  }

  #sideOf(node: string): SideName | null {
    const { a, b } = this.#watched.world.routers;
    if (node === a?.name) return 'a';
    return node === b?.name ? 'b' : null;
  }

  #begin(
    from: SideName,
    packet: Packet,
    way: Flight['way'],
    sentAt: number,
    kind: Mark['kind'] = kindOf(packet),
  ): Flight {
    const flight: Flight = { from, packet, kind, way, sentAt, fate: 'flying', landedAt: null };
    this.#flights.push(flight);
    if (this.#flights.length > MAX_FLIGHTS) this.#flights.shift();
    return flight;
  }

  /** Lost on the line, or not even let out. */
  #held(from: SideName, packet: Packet, reason: string, at: number): void {
    const known = this.#flights.find((one) => one.packet === packet);
    const flight = known ?? this.#begin(from, packet, [0, 0], at);
    flight.fate = 'dropped';
    this.#say(from, packet, known === undefined ? `kept in by ${this.#natOf(from)}` : reason);
  }

  #land(side: SideName, packet: Packet): void {
    const flight = this.#flights.find((one) => one.packet === packet);
    if (flight === undefined) return;
    flight.fate = 'through';
    this.#arrived = flight;
    if (flight.kind === 'server') return;
    this.#say(flight.from, packet, `let in by ${this.#natOf(side)}`);
  }

  /** A router tells of what it drops right after it arrived, as another object with the same ends. */
  #refused(side: SideName, packet: Packet, reason: string): void {
    const sent = this.#flights.find((one) => one.packet === packet);
    if (sent !== undefined) {
      sent.fate = 'dropped';
      return;
    }
    const flight = this.#arrived;
    if (flight === null || !isSame(flight.packet.src, packet.src) || !isSame(flight.packet.dst, packet.dst))
      return;
    flight.fate = 'dropped';
    if (flight.kind === 'server') return;
    this.#say(flight.from, packet, `dropped by ${this.#natOf(side)} (${reason})`);
  }

  #natOf(side: SideName): string {
    return `${this.#watched.names[side]}'s NAT`;
  }

  #say(from: SideName, packet: Packet, what: string): void {
    const ends = `${formatEndpoint(packet.src)} to ${formatEndpoint(packet.dst)}`;
    this.#caption = `${this.#watched.names[from]} ${wordOf(packet)} ${ends}: ${what}`;
  }
}

/** Of its router, and of the machine itself where addresses are not translated. */
function outerOf(world: LabWorld, side: SideName): ReadonlySet<string> {
  const router = world.routers[side];
  const isHidden = (ip: string) => familyOf(ip) === 4 && router?.nats[4]?.options.translates === true;
  const own = world[side].nics.flatMap(({ addresses }) => addresses.map(({ ip }) => ip));
  return new Set([...(router?.outerIps ?? []), ...own.filter((ip) => !isHidden(ip))]);
}

function isSame(a: Endpoint, b: Endpoint): boolean {
  return a.ip === b.ip && a.port === b.port;
}

function kindOf(packet: Packet): Mark['kind'] {
  if (packet.proto === 'udp') return 'udp';
  if (packet.flags.rst) return 'reset';
  return packet.flags.syn ? 'syn' : 'tcp';
}

function wordOf(packet: Packet): string {
  if (packet.proto === 'udp') return 'UDP';
  if (packet.flags.rst) return 'RST';
  if (packet.flags.syn) return packet.flags.ack ? 'SYN-ACK' : 'SYN';
  return packet.flags.fin ? 'FIN' : 'TCP';
}
