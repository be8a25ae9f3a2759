/**
 * A router: forwards between its interfaces, and translates and filters what crosses the outer
 * one, per family. It has no services of its own.
 */
import type { Family } from '../net/wire/endpoint.ts';
import { familyOf } from '../net/wire/ip.ts';
import type { Nat } from './nat.ts';
import type { Network, Nic, Node } from './network.ts';
import { type Packet, resetFor } from './packet.ts';
import { RouteTable, type StaticRoute } from './routes.ts';

export class Router implements Node {
  readonly name: string;
  readonly nics: Nic[] = [];
  /** The interface that leads outside; null for a router between LANs. */
  wan: Nic | null = null;
  /** What crosses `wan`, per family; absent = forwarded as it is. */
  readonly nats: Partial<Record<Family, Nat>> = {};
  readonly #network: Network;
  readonly #routes: RouteTable;

  constructor(network: Network, name: string, statics: readonly StaticRoute[]) {
    this.#network = network;
    this.name = name;
    this.#routes = new RouteTable(this.nics, statics, () => network.topology);
  }

  /** The NAT of IPv4. @throws TypeError when the router has none */
  get nat(): Nat {
    const nat = this.nats[4];
    if (nat === undefined) throw new TypeError(`router ${this.name} has no NAT`);
    return nat;
  }

  /** The outer addresses, IPv4 first. */
  get outerIps(): readonly string[] {
    return this.wan?.addresses.map(({ ip }) => ip) ?? [];
  }

  receive(packet: Packet, nic: Nic): void {
    const aged = { ...packet, ttl: packet.ttl - 1 };
    if (aged.ttl <= 0) this.#drop(packet, 'too many hops');
    else if (nic === this.wan) this.#fromOutside(aged);
    else this.#fromInside(aged);
  }

  #fromOutside(packet: Packet): void {
    const nat = this.nats[familyOf(packet.dst.ip)];
    if (nat === undefined) {
      this.#forward(packet);
      return;
    }
    const verdict = nat.translateIn(packet, this.#network.clock.now());
    if (verdict.kind === 'pass') this.#forward({ ...packet, src: verdict.src, dst: verdict.dst });
    else this.#refuse(packet, verdict);
  }

  #fromInside(packet: Packet): void {
    const nat = this.nats[familyOf(packet.dst.ip)];
    const hop = this.#routes.find(packet.dst.ip);
    const isOurs = nat?.external.includes(packet.dst.ip) === true;
    if (nat === undefined || (hop?.nic !== this.wan && !isOurs)) {
      this.#forward(packet);
      return;
    }
    const verdict = nat.translateOut(packet, this.#network.clock.now());
    if (verdict.kind === 'pass' || verdict.kind === 'hairpin')
      this.#forward({ ...packet, src: verdict.src, dst: verdict.dst });
    else this.#refuse(packet, verdict);
  }

  #forward(packet: Packet): void {
    const hop = this.#routes.find(packet.dst.ip);
    const isOurs = this.nics.some((nic) => nic.addresses.some(({ ip }) => ip === packet.dst.ip));
    if (isOurs) this.#drop(packet, 'the router has no services');
    else if (hop === null) this.#drop(packet, 'no route');
    else this.#network.transmit(hop.nic, packet, hop.nextHop);
  }

  #refuse(packet: Packet, verdict: { kind: string; reason?: string }): void {
    this.#drop(packet, verdict.reason ?? verdict.kind);
    const reset = verdict.kind === 'reset' && packet.proto === 'tcp' ? resetFor(packet) : null;
    const hop = reset === null ? null : this.#routes.find(packet.src.ip);
    if (reset !== null && hop !== null) this.#network.transmit(hop.nic, reset, hop.nextHop);
  }

  #drop(packet: Packet, reason: string): void {
    this.#network.note('dropped', this, packet, reason);
  }
}
