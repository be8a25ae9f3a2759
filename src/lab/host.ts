/**
 * A simulated machine: interfaces, routes, a firewall if it has one, TCP and UDP. Inside, an IPv6
 * link-local address carries its scope (`fe80::1%eth0`, RFC 4007); on the wire it has none.
 */
import type { InterfaceKind } from '../net/io/io.ts';
import type { Endpoint } from '../net/wire/endpoint.ts';
import { familyOf, reachOf, withoutScope } from '../net/wire/ip.ts';
import type { Nat, Verdict } from './nat.ts';
import type { Network, Nic, Node } from './network.ts';
import { DEFAULT_TTL, type Packet, resetFor } from './packet.ts';
import type { Random } from './random.ts';
import { RouteTable, type StaticRoute } from './routes.ts';
import { type SystemError, systemError } from './system-error.ts';
import { isWildcard, TcpStack } from './tcp.ts';
import type { TcpOptions } from './tcp-types.ts';

export interface HostSettings {
  readonly name: string;
  readonly tcp: TcpOptions;
  readonly routes: readonly StaticRoute[];
  /** How far the wall clock is off, ms. */
  readonly clockOffset: number;
  readonly firewall: Nat | null;
}

export type DatagramHandler = (data: Uint8Array, from: Endpoint) => void;

interface UdpBinding {
  readonly local: Endpoint;
  readonly handler: DatagramHandler;
}

export class Host implements Node {
  readonly name: string;
  readonly network: Network;
  readonly nics: Nic[] = [];
  readonly kinds = new Map<Nic, InterfaceKind>();
  readonly clockOffset: number;
  readonly random: Random;
  readonly tcp: TcpStack;
  readonly #routes: RouteTable;
  readonly #firewall: Nat | null;
  readonly #udp = new Set<UdpBinding>();

  constructor(network: Network, settings: HostSettings) {
    this.network = network;
    this.name = settings.name;
    this.clockOffset = settings.clockOffset;
    this.random = network.random.fork(`host ${settings.name}`);
    this.#firewall = settings.firewall;
    this.#routes = new RouteTable(this.nics, settings.routes, () => network.topology);
    this.tcp = new TcpStack({
      clock: network.clock,
      random: this.random.fork('tcp'),
      options: settings.tcp,
      isLocal: (ip) => this.isLocal(ip),
      sourceFor: (dst) => this.sourceFor(dst),
      send: (packet) => this.send(packet),
    });
  }

  /** Its first address of a family, link-local last. @throws TypeError when it has none */
  ip(family: 4 | 6 = 4): string {
    const own = this.nics.flatMap((nic) => nic.addresses).filter(({ ip }) => familyOf(ip) === family);
    const best = own.find(({ ip }) => reachOf(ip) !== 'link-local') ?? own[0];
    if (best === undefined) throw new TypeError(`${this.name} has no IPv${family} address`);
    return best.ip;
  }

  nic(id: string): Nic {
    const nic = this.nics.find((candidate) => candidate.id === id);
    if (nic === undefined) throw new TypeError(`${this.name} has no interface ${id}`);
    return nic;
  }

  /** Whether an address, link-local ones with scope, is this machine's. */
  isLocal(ip: string): boolean {
    return reachOf(ip) === 'loopback' || this.#owns(ip);
  }

  /** The source address towards a destination; null when there is no route. */
  sourceFor(dst: string): string | null {
    if (this.isLocal(dst)) return dst;
    const scope = scopeOf(dst);
    if (scope !== '') return this.#linkLocalOf(scope);
    if (reachOf(dst) === 'loopback' || reachOf(dst) === 'link-local') return null;
    const hop = this.#routes.find(dst);
    const family = familyOf(dst);
    const own = hop?.nic.addresses.filter(({ ip }) => familyOf(ip) === family) ?? [];
    const best = own.find(({ ip }) => reachOf(ip) === reachOf(dst)) ?? own.find(({ ip }) => !scoped(ip));
    return best?.ip ?? null;
  }

  send(packet: Packet): void {
    if (this.isLocal(packet.dst.ip)) {
      this.network.clock.after(0, () => this.#deliver(packet));
      return;
    }
    const bare = { ...packet, src: unscoped(packet.src), dst: unscoped(packet.dst) };
    const verdict = this.#firewall?.translateOut(bare, this.network.clock.now());
    const scope = scopeOf(packet.dst.ip);
    const hop =
      scope === ''
        ? this.#routes.find(bare.dst.ip, bare.src.ip)
        : { nic: this.nic(scope), nextHop: bare.dst.ip };
    if (verdict !== undefined && verdict.kind !== 'pass')
      this.network.note('dropped', this, bare, 'firewall');
    else if (hop === null) this.network.note('dropped', this, bare, 'no route');
    else this.network.transmit(hop.nic, bare, hop.nextHop);
  }

  receive(packet: Packet, nic: Nic): void {
    const [src, dst] = [packet.src, packet.dst].map((end) => withScope(end, nic.id)) as [Endpoint, Endpoint];
    if (!this.#owns(dst.ip)) {
      this.network.note('dropped', this, packet, 'not for this machine');
      return;
    }
    const verdict = this.#firewall?.translateIn(packet, this.network.clock.now());
    if (verdict === undefined || verdict.kind === 'pass') this.#deliver({ ...packet, src, dst });
    else this.#refuse(packet, verdict, nic);
  }

  /** @throws SystemError EADDRNOTAVAIL, EADDRINUSE */
  bindUdp(local: Endpoint, handler: DatagramHandler): { readonly local: Endpoint; close(): void } {
    if (!isWildcard(local.ip) && !this.isLocal(local.ip)) throw systemError('EADDRNOTAVAIL', 'bind', local);
    const isTaken = (port: number) =>
      [...this.#udp].some((other) => overlaps(other.local, { ...local, port }));
    let { port } = local;
    while (port === 0 || (local.port === 0 && isTaken(port))) port = this.random.integer(32_768, 60_999);
    if (isTaken(port)) throw systemError('EADDRINUSE', 'bind', local);
    const binding = { local: { ip: local.ip, port }, handler };
    this.#udp.add(binding);
    return { local: binding.local, close: () => this.#udp.delete(binding) };
  }

  /** @returns what the system says against it: EINVAL, ENETUNREACH or EHOSTUNREACH */
  sendUdp(local: Endpoint, remote: Endpoint, data: Uint8Array, ttl = DEFAULT_TTL): SystemError | null {
    const refuse = (code: string) => systemError(code, 'send', remote);
    if (familyOf(local.ip) !== familyOf(remote.ip) || remote.port === 0) return refuse('EINVAL');
    const route = this.sourceFor(remote.ip);
    if (route === null) return refuse(reachOf(remote.ip) === 'link-local' ? 'EHOSTUNREACH' : 'ENETUNREACH');
    const src = { ip: isWildcard(local.ip) ? route : local.ip, port: local.port };
    this.send({ proto: 'udp', src, dst: remote, ttl, data: new Uint8Array(data) });
    return null;
  }

  #deliver(packet: Packet): void {
    if (packet.proto === 'tcp') {
      this.tcp.receive(packet);
      return;
    }
    const bound = [...this.#udp].filter(({ local }) => overlaps(local, packet.dst));
    const best = bound.find(({ local }) => local.ip === packet.dst.ip) ?? bound[0];
    best?.handler(packet.data, packet.src);
  }

  #refuse(packet: Packet, verdict: Verdict, nic: Nic): void {
    this.network.note('dropped', this, packet, 'firewall');
    const reset = verdict.kind === 'reset' && packet.proto === 'tcp' ? resetFor(packet) : null;
    if (reset === null) return;
    const hop = this.#routes.find(reset.dst.ip, reset.src.ip);
    this.network.transmit(nic, reset, hop?.nic === nic ? hop.nextHop : reset.dst.ip);
  }

  #owns(ip: string): boolean {
    const scope = scopeOf(ip);
    const bare = withoutScope(ip);
    return this.nics.some(
      (nic) =>
        nic.addresses.some((address) => address.ip === bare) &&
        (scoped(bare) ? scope === nic.id : scope === ''),
    );
  }

  #linkLocalOf(scope: string): string | null {
    const nic = this.nics.find(({ id }) => id === scope);
    const own = nic?.addresses.find(({ ip }) => scoped(ip));
    return own === undefined ? null : `${own.ip}%${scope}`;
  }
}

/** Whether an address means something only together with an interface. */
function scoped(ip: string): boolean {
  return familyOf(ip) === 6 && reachOf(ip) === 'link-local';
}

function scopeOf(ip: string): string {
  return ip.slice(withoutScope(ip).length + 1);
}

function unscoped(endpoint: Endpoint): Endpoint {
  return { ip: withoutScope(endpoint.ip), port: endpoint.port };
}

function withScope(endpoint: Endpoint, scope: string): Endpoint {
  return scoped(endpoint.ip) ? { ip: `${endpoint.ip}%${scope}`, port: endpoint.port } : endpoint;
}

function overlaps(a: Endpoint, b: Endpoint): boolean {
  const sameFamily = familyOf(a.ip) === familyOf(b.ip);
  return a.port === b.port && (a.ip === b.ip || (sameFamily && (isWildcard(a.ip) || isWildcard(b.ip))));
}
