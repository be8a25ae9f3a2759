/**
 * A NAT or firewall by RFC 4787 (UDP) and RFC 5382 (TCP): mapping × filtering × port allocation ×
 * timeouts. It knows endpoints and TCP flags only and returns endpoints, so the same rules can
 * rewrite real packets. Pure: no clock of its own, randomness by seed. Sequence numbers, checksums,
 * ICMP and fragments are the caller's.
 */
import { type Endpoint, formatEndpoint } from '../net/wire/endpoint.ts';
import { type DeltaType, PortAllocator, type PortHabits, type PortRule } from './nat-ports.ts';
import { createRandom } from './random.ts';

export type Protocol = 'udp' | 'tcp';

/** RFC 4787 §4.1 and §5. */
export type Dependence = 'endpoint-independent' | 'address-dependent' | 'address-and-port-dependent';

/** `open`: whatever has a mapping (or needs none) may come in, whether or not it was asked for. */
export type Filtering = Dependence | 'open';

export interface NatFlags {
  readonly syn: boolean;
  readonly ack: boolean;
  readonly fin: boolean;
  readonly rst: boolean;
}

/** What the NAT looks at; a real packet or a simulated one. */
export interface NatPacket {
  readonly proto: Protocol;
  readonly src: Endpoint;
  readonly dst: Endpoint;
  /** Of a TCP segment. */
  readonly flags?: NatFlags;
}

/** What becomes of a packet. */
export type Verdict =
  | { readonly kind: 'pass'; readonly src: Endpoint; readonly dst: Endpoint }
  /** From inside to an external address of ours: back inside with these endpoints. */
  | { readonly kind: 'hairpin'; readonly src: Endpoint; readonly dst: Endpoint }
  | { readonly kind: 'drop'; readonly reason: string }
  /** The caller answers with RST, from the packet's destination to its source. */
  | { readonly kind: 'reset'; readonly reason: string };

export interface NatTimeouts {
  /** RFC 4787 REQ-5: at least 2 minutes. */
  readonly udp: number;
  /** Until the handshake is done and after FIN or RST; RFC 5382 REQ-5: at least 4 minutes. */
  readonly tcpTransitory: number;
  /** RFC 5382 REQ-5: at least 2 h 4 min. */
  readonly tcpEstablished: number;
}

export interface NatOptions {
  /** False: a firewall, which filters and leaves the addresses alone. */
  readonly translates: boolean;
  readonly mapping: Dependence;
  readonly filtering: Filtering;
  readonly delta: { readonly type: DeltaType; readonly value: number };
  /** Lowest and highest external port. */
  readonly range: readonly [number, number];
  readonly habits?: PortHabits;
  /** Where TCP fares otherwise than UDP. */
  readonly tcp?: Omit<Partial<NatOptions>, 'tcp'>;
  /** What a SYN gets that nobody inside asked for. */
  readonly unsolicited: 'drop' | 'reset';
  /** Whether an RST, either way, ends the mapping at once (else: transitory timeout). */
  readonly resetCloses: boolean;
  readonly hairpin: boolean;
  /** Whether packets from outside keep a UDP mapping alive too (RFC 4787 REQ-6 wants outbound only). */
  readonly inboundRefresh: boolean;
  /** With two external addresses (RFC 4787 §4.1): one a host for all its mappings, or any. */
  readonly pooling: 'paired' | 'arbitrary';
  readonly timeouts: NatTimeouts;
  /** Protocols of which nothing passes, either way. */
  readonly blocked: readonly Protocol[];
}

/** One remote endpoint that a mapping has talked to. */
interface Session {
  readonly remote: Endpoint;
  expiresAt: number;
  established: boolean;
  closing: boolean;
}

interface Mapping {
  readonly key: string;
  readonly proto: Protocol;
  readonly internal: Endpoint;
  readonly external: Endpoint;
  /** By remote endpoint's text. */
  readonly sessions: Map<string, Session>;
}

/** A mapping as a test looks at it. */
export interface MappingView {
  readonly proto: Protocol;
  readonly internal: Endpoint;
  readonly external: Endpoint;
}

export class Nat {
  readonly options: NatOptions;
  readonly external: readonly string[];
  readonly #ports: PortAllocator;
  readonly #byKey = new Map<string, Mapping>();
  /** By protocol and external endpoint. */
  readonly #byExternal = new Map<string, Mapping>();
  /** The mapping that a session uses, by protocol, internal and remote endpoint. */
  readonly #bySession = new Map<string, Mapping>();
  readonly #paired = new Map<string, string>();
  readonly #pick: (count: number) => number;
  /** TCP's own rules. */
  readonly #tcp: Nat | null;

  /** @param external addresses; for a firewall none */
  constructor(options: NatOptions, external: readonly string[] = [], seed: number | string = 1) {
    if (options.translates && external.length === 0)
      throw new RangeError('a NAT needs at least one external address');
    const random = createRandom(`${seed}/nat`);
    const { delta, range, habits, tcp, ...others } = options;
    const rule: PortRule = { delta, range, ...(habits && { habits }) };
    this.#tcp = tcp ? new Nat({ ...others, ...rule, ...tcp }, external, `${seed}/tcp`) : null;
    this.options = options;
    this.external = external;
    this.#ports = new PortAllocator(rule, random.fork('ports'));
    this.#pick = (count) => random.integer(0, count - 1);
  }

  /** A packet from inside to outside, or from inside to one of our external addresses. */
  translateOut(packet: NatPacket, now: number): Verdict {
    if (packet.proto === 'tcp' && this.#tcp !== null) return this.#tcp.translateOut(packet, now);
    if (this.options.blocked.includes(packet.proto)) return drop(`${packet.proto} is blocked`);
    const mapping = this.#mappingOut(packet, now);
    if (mapping === null) return drop('no external port is free');
    this.#note(mapping, packet.dst, packet, 'out', now);
    if (!this.external.includes(packet.dst.ip))
      return { kind: 'pass', src: mapping.external, dst: packet.dst };
    if (!this.options.hairpin) return drop('no hairpinning');
    const back = this.translateIn({ ...packet, src: mapping.external }, now);
    return back.kind === 'pass' ? { kind: 'hairpin', src: mapping.external, dst: back.dst } : back;
  }

  /** A packet from outside. */
  translateIn(packet: NatPacket, now: number): Verdict {
    if (packet.proto === 'tcp' && this.#tcp !== null) return this.#tcp.translateIn(packet, now);
    if (this.options.blocked.includes(packet.proto)) return drop(`${packet.proto} is blocked`);
    const mapping = this.#alive(this.#byExternal.get(externalKey(packet.proto, packet.dst)), now);
    if (mapping === null) {
      const isOpen = !this.options.translates && this.options.filtering === 'open';
      return isOpen ? { kind: 'pass', src: packet.src, dst: packet.dst } : this.#refuse(packet, 'no mapping');
    }
    if (!this.#admits(mapping, packet.src, now)) return this.#refuse(packet, 'filtered');
    this.#note(mapping, packet.src, packet, 'in', now);
    return { kind: 'pass', src: packet.src, dst: mapping.internal };
  }

  /** The live mappings, oldest first. */
  mappings(now: number): readonly MappingView[] {
    return [...this.#byKey.values()].filter((mapping) => this.#alive(mapping, now) !== null);
  }

  /** Forgets everything, as a router does that restarts; the port counters go on. */
  reset(): void {
    for (const mapping of [...this.#byKey.values()]) this.#remove(mapping);
    this.#tcp?.reset();
  }

  #mappingOut(packet: NatPacket, now: number): Mapping | null {
    const session = this.#alive(this.#bySession.get(sessionKey(packet.proto, packet.src, packet.dst)), now);
    if (session?.sessions.has(formatEndpoint(packet.dst))) return session;
    const key = this.#mappingKey(packet);
    return this.#alive(this.#byKey.get(key), now) ?? this.#create(key, packet, now);
  }

  #mappingKey({ proto, src, dst }: NatPacket): string {
    const inside = `${proto} ${formatEndpoint(src)}`;
    if (!this.options.translates || this.options.mapping === 'endpoint-independent') return inside;
    return this.options.mapping === 'address-dependent'
      ? `${inside} ${dst.ip}`
      : `${inside} ${formatEndpoint(dst)}`;
  }

  #create(key: string, { proto, src }: NatPacket, now: number): Mapping | null {
    const external = this.options.translates ? this.#allocate(proto, src, now) : src;
    if (external === null) return null;
    const mapping: Mapping = { key, proto, internal: src, external, sessions: new Map() };
    this.#byKey.set(key, mapping);
    this.#byExternal.set(externalKey(proto, external), mapping);
    return mapping;
  }

  #allocate(proto: Protocol, src: Endpoint, now: number): Endpoint | null {
    const ip = this.#externalIp(src.ip);
    const isFree = (port: number) =>
      this.#alive(this.#byExternal.get(externalKey(proto, { ip, port })), now) === null;
    const port = this.#ports.next(proto, src, isFree);
    return port === null ? null : { ip, port };
  }

  #externalIp(host: string): string {
    const any = () => this.external[this.#pick(this.external.length)] ?? '';
    if (this.options.pooling === 'arbitrary') return any();
    const known = this.#paired.get(host) ?? this.external[this.#paired.size % this.external.length] ?? '';
    this.#paired.set(host, known);
    return known;
  }

  /** RFC 4787 §5. */
  #admits(mapping: Mapping, remote: Endpoint, now: number): boolean {
    switch (this.options.filtering) {
      case 'open':
      case 'endpoint-independent':
        return true;
      case 'address-dependent':
        for (const session of mapping.sessions.values())
          if (session.remote.ip === remote.ip && session.expiresAt > now) return true;
        return false;
      case 'address-and-port-dependent':
        return (mapping.sessions.get(formatEndpoint(remote))?.expiresAt ?? 0) > now;
    }
  }

  #refuse(packet: NatPacket, reason: string): Verdict {
    const isSyn = packet.flags?.syn === true && !packet.flags.ack;
    return isSyn && this.options.unsolicited === 'reset' ? { kind: 'reset', reason } : drop(reason);
  }

  /** Notes that a packet passed: the session lives on, and TCP may have gone a step further. */
  #note(mapping: Mapping, remote: Endpoint, packet: NatPacket, way: 'in' | 'out', now: number): void {
    const text = formatEndpoint(remote);
    let session = mapping.sessions.get(text);
    if (session === undefined || session.expiresAt <= now) {
      session = { remote, expiresAt: 0, established: false, closing: false };
      mapping.sessions.set(text, session);
      this.#bySession.set(sessionKey(mapping.proto, mapping.internal, remote), mapping);
    }
    if (packet.flags === undefined) {
      if (way === 'out' || this.options.inboundRefresh) session.expiresAt = now + this.options.timeouts.udp;
      else if (session.expiresAt === 0) session.expiresAt = lastExpiry(mapping);
    } else if (packet.flags.rst && this.options.resetCloses) {
      this.#end(mapping, text, session);
    } else {
      step(session, packet.flags, way);
      const { tcpEstablished, tcpTransitory } = this.options.timeouts;
      session.expiresAt = now + (session.established && !session.closing ? tcpEstablished : tcpTransitory);
    }
  }

  #end(mapping: Mapping, text: string, session: Session): void {
    mapping.sessions.delete(text);
    this.#bySession.delete(sessionKey(mapping.proto, mapping.internal, session.remote));
    if (mapping.sessions.size === 0) this.#remove(mapping);
  }

  /** The mapping, unless all its sessions have expired, in which case it goes. */
  #alive(mapping: Mapping | undefined, now: number): Mapping | null {
    if (mapping === undefined || this.#byKey.get(mapping.key) !== mapping) return null;
    for (const session of mapping.sessions.values()) if (session.expiresAt > now) return mapping;
    this.#remove(mapping);
    return null;
  }

  #remove(mapping: Mapping): void {
    this.#byKey.delete(mapping.key);
    this.#byExternal.delete(externalKey(mapping.proto, mapping.external));
    for (const { remote } of mapping.sessions.values())
      this.#bySession.delete(sessionKey(mapping.proto, mapping.internal, remote));
  }
}

/** How far a TCP connection is, as far as the timeouts care. */
function step(session: Session, flags: NatFlags, way: 'in' | 'out'): void {
  if (flags.syn) {
    session.established &&= !session.closing;
    session.closing = false;
  } else if (flags.fin || flags.rst) session.closing = true;
  else if (way === 'out' && flags.ack) session.established = true;
}

/** A stranger whom the filter lets in does not make the mapping live longer. */
function lastExpiry(mapping: Mapping): number {
  let last = 0;
  for (const { expiresAt } of mapping.sessions.values()) last = Math.max(last, expiresAt);
  return last;
}

function drop(reason: string): Verdict {
  return { kind: 'drop', reason };
}

function externalKey(proto: Protocol, external: Endpoint): string {
  return `${proto} ${formatEndpoint(external)}`;
}

function sessionKey(proto: Protocol, internal: Endpoint, remote: Endpoint): string {
  return `${proto} ${formatEndpoint(internal)} ${formatEndpoint(remote)}`;
}
