/** What a lab does to a hole punch between the nodes a and b of a world, on purpose. */

import type { NatOptions } from '../../src/lab/index.ts';
import { Nat } from '../../src/lab/nat.ts';
import type { Packet } from '../../src/lab/packet.ts';
import type { LabWorld } from '../../src/lab/world.ts';
import type { Io } from '../../src/net/io/io.ts';

export type Side = 'a' | 'b';

export const NO_BINARY = 'UDP pipes need udx-native, which has no binary for this machine';
/** ms. */
const CROWD_PACE = 5;

const outerOf = (world: LabWorld, side: Side) => world.routers[side]?.outerIps[0] ?? '';

/** Between the two routers, one way or both. */
export function censor(
  world: LabWorld,
  from: Side | null,
  what: (packet: Packet) => boolean = () => true,
): void {
  const [a, b] = [outerOf(world, 'a'), outerOf(world, 'b')];
  world.lab.network.censors.add((packet) => {
    const isOut = packet.src.ip === a && packet.dst.ip === b;
    const isIn = packet.src.ip === b && packet.dst.ip === a;
    return ((isOut && from !== 'b') || (isIn && from !== 'a')) && what(packet);
  });
}

/** Its router follows other rules from now on, as the other side meets it; services go on. */
export function become(world: LabWorld, side: Side, options: NatOptions): void {
  const router = world.routers[side];
  if (router === null) return;
  const other = outerOf(world, side === 'a' ? 'b' : 'a');
  const services = router.nat;
  const peers = new Nat(options, router.outerIps.slice(0, 1), 'other rules');
  router.nats[4] = Object.assign(Object.create(services) as Nat, {
    translateOut: (packet: Packet, now: number) =>
      (packet.dst.ip === other ? peers : services).translateOut(packet, now),
    translateIn: (packet: Packet, now: number) =>
      (packet.src.ip === other ? peers : services).translateIn(packet, now),
  });
}

/** Another machine behind that router opens so many mappings while packets leave for the other side. */
export function crowd(world: LabWorld, side: Side, proto: 'udp' | 'tcp', mappings: number): void {
  const router = world.routers[side];
  const other = outerOf(world, side === 'a' ? 'b' : 'a');
  let [port, last] = [2_000, 0];
  world.lab.network.observe(({ at, fate, node, packet }) => {
    if (fate !== 'sent' || node !== side || packet.dst.ip !== other || at < last + CROWD_PACE) return;
    last = at;
    for (let i = 0; i < mappings; i++) {
      const src = { ip: `192.168.${side === 'a' ? 1 : 2}.77`, port: ++port };
      const flags = { syn: true, ack: false, fin: false, rst: false };
      router?.nat.translateOut({ proto, src, dst: { ip: '203.0.113.250', port: 9 }, flags }, at);
    }
  });
}

const PROBE_SIZE = 52;
export const isNoProbe = ({ data }: Packet) => data.length !== PROBE_SIZE;
export const hasBytes = ({ data }: Packet) => data.length > 0;

/** Its machine goes dark when it has answered, and before what it sends then can arrive. */
export function unplug(world: LabWorld, side: Side): void {
  const [nic] = world[side].nics;
  let first = true;
  world.lab.network.observe(({ at, fate, node, packet }) => {
    if (fate !== 'sent' || node !== side || packet.dst.ip !== outerOf(world, side === 'a' ? 'b' : 'a'))
      return;
    if (first) world.lab.clock.at(at + 1, () => nic !== undefined && world.lab.plug(nic, false));
    first = false;
  });
  censor(world, side);
}

/** The Io of a machine without udx-native. */
export function without(io: Io): Io {
  return new Proxy(io, {
    get(target, name) {
      if (name === 'openStreamUdp') return () => Promise.reject(new Error(NO_BINARY));
      const value: unknown = Reflect.get(target, name);
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });
}
