/**
 * The demo's world: two machines, Alice's and Bob's, behind the NATs that were asked for, and the
 * public services between them. Everything is simulated; nothing leaves this machine.
 */
import type { LabWorld } from '../../lab/index.ts';
import type { Io } from '../../net/index.ts';
import type { Config } from '../config.ts';
import type { Context } from '../journeys/context.ts';
import { simulatedContext } from '../journeys/simulated.ts';
import { sideName } from '../matrix-view.ts';
import type { NatSpec } from '../nat-spec.ts';
import type { Emit } from '../store.ts';
import { PacketWatch } from './packet-watch.ts';
import type { Scene, SceneSide, SideName } from './scene.ts';

export interface DemoOptions {
  readonly nats: Readonly<Record<SideName, NatSpec>>;
  /** ms there and back between the two. */
  readonly rtt: number;
  /** Virtual ms per real one, from when the one connects to the other. */
  readonly speed: number;
  /** Whether there is a relay. */
  readonly turn: boolean;
  /** Whether there is IPv6, with a firewall on each side. */
  readonly ipv6: boolean;
  /** The same one gives the same course. */
  readonly seed: string;
}

export interface DemoWorld {
  readonly world: LabWorld;
  readonly scene: Scene;
  /** What a journey on that side is given. */
  context(side: SideName, config: Config, emit: Emit, signal: AbortSignal): Context;
  /** How fast time passes from now on: virtual ms per real one. */
  setSpeed(factor: number): void;
  /** Lets virtual time pass with real time, until the signal aborts. @throws a fault of what is simulated */
  run(io: Io, signal: AbortSignal): Promise<void>;
}

export const DEMO_NAMES = { a: 'alice', b: 'bob' } as const;
const SERVICES = { brokers: 2, stun: 2, ntp: 2, fullStun: true } as const;

export async function openDemoWorld(options: DemoOptions): Promise<DemoWorld> {
  const lab = await import('../../lab/index.ts');
  const { nats, rtt, turn, ipv6, seed } = options;
  // Both lists are in the order of the numbers; deltas begin with 2, as 1 is none.
  const natOf = ({ type, delta }: NatSpec) =>
    lab.natPreset(lab.NAT_TYPE_NAMES[type - 1] ?? 'restrict port', {
      type: lab.DELTA_TYPES[(delta.type ?? 1) - 2] ?? 'equal',
      value: delta.value,
    });
  const world = lab.createWorld({
    ...SERVICES,
    seed,
    // Both lines, there and back.
    delay: rtt / 4,
    ipv6,
    turn,
    a: { nat: natOf(nats.a) },
    b: { nat: natOf(nats.b) },
  });
  // Nobody wants to wait for the start.
  let factor = Math.max(1, options.speed);
  const speed = () => factor;
  const watch = new PacketWatch({ world, delay: rtt / 2, names: DEMO_NAMES }, speed);
  const sides = { a: sceneSide(world, 'a', nats.a), b: sceneSide(world, 'b', nats.b) };
  return {
    world,
    scene: { sides, rtt, picture: watch.picture, subscribe: watch.subscribe },
    setSpeed(next) {
      factor = next;
    },
    context: (side, config, emit, signal) =>
      simulatedContext({ host: world[side], servers: world.servers, config, emit, signal }),
    run: (io, signal) =>
      lab.runInRealTime(world.lab.clock, { io, speed, signal, onStep: () => watch.draw(io.now()) }),
  };
}

function sceneSide(world: LabWorld, side: SideName, { type, delta }: NatSpec): SceneSide {
  const inner = world[side].ip();
  const router = world.routers[side];
  const outer = router?.nats[4]?.options.translates === true ? (router.outerIps[0] ?? inner) : inner;
  const nat = sideName({ type, delta: delta.type });
  return { name: DEMO_NAMES[side], inner, outer, nat };
}
