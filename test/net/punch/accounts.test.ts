/** What both sides of a punch tell: on one clock, in a sentence, and to nobody else. In virtual time. */
import { expect, test } from 'vitest';
// Loaded beforehand: virtual time does not wait for modules.
import '../../../src/net/nat/probe.ts';
import { type NatOptions, natPreset } from '../../../src/lab/index.ts';
import { createWorld } from '../../../src/lab/world.ts';
import type { Method, TraceEvent } from '../../../src/net/events.ts';
import type { Io } from '../../../src/net/io/io.ts';
import type { NodeSetup } from '../../../src/net/node-options.ts';
import { type LabNode, startWorldNodes } from '../../helpers/lab-node.ts';

const equal = natPreset('restrict port', 'equal');
const random = natPreset('symmetric', 'random');
const NO_BINARY = 'UDP pipes need udx-native, which has no binary for this machine';

interface Scene {
  readonly a: NatOptions;
  readonly b: NatOptions;
  readonly methods: readonly Method[];
  /** How far b's clock is ahead, ms; nobody corrects it. */
  readonly clockOffset?: number;
  /** ms between start and connect: reports of NATs take a few seconds. */
  readonly wait?: number;
  /** a has nothing to make streams over UDP with. */
  readonly bare?: boolean;
}

async function play({ a, b, methods, clockOffset = 0, wait = 4_000, bare = false }: Scene) {
  const world = createWorld({
    seed: 1,
    delay: 10,
    fullStun: true,
    stun: 2,
    a: { nat: a },
    b: { nat: b, clockOffset },
  });
  const { lab } = world;
  const setup: Partial<NodeSetup> = bare ? { nat: true, io: without(world.a.io) } : { nat: true };
  const nodes = await startWorldNodes(world, setup, { nat: true, servers: { ...world.servers, ntp: [] } });
  await lab.advance(wait);
  const connecting = nodes.a.node.connect(nodes.b.node.address, { methods });
  const result = await lab.run(
    connecting.then(
      (pipe) => pipe.info.method,
      (error: unknown) => String(error),
    ),
    { within: 30_000 },
  );
  // What is told afterwards arrives.
  await lab.advance(3_000);
  return { ...nodes, result };
}

function without(io: Io): Io {
  return new Proxy(io, {
    get(target, name) {
      if (name === 'openStreamUdp') return () => Promise.reject(new Error(NO_BINARY));
      const value: unknown = Reflect.get(target, name);
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });
}

function first({ of }: LabNode, side: TraceEvent['side'], kind: TraceEvent['kind']): TraceEvent {
  const found = of('trace').find((event) => event.side === side && event.kind === kind);
  if (found === undefined) throw new Error(`${side} told of nothing ${kind}`);
  return found;
}

test('each side has the other’s account, on its own clock within the error that it tells', async () => {
  const { a, b, result } = await play({ a: equal, b: equal, methods: ['udp-punch'], clockOffset: 400 });
  expect(result).toBe('udp-punch');
  for (const [here, there] of [
    [a, b],
    [b, a],
  ] as const) {
    const ahead = here === a ? 400 : -400;
    for (const kind of ['sent', 'received'] as const) {
      const told = first(here, 'peer', kind);
      const seen = first(there, 'own', kind);
      expect(told.error).toBeLessThan(100);
      expect(Math.abs(told.time + ahead - seen.time)).toBeLessThanOrEqual(told.error + 2);
    }
    expect(here.of('explanation')).toMatchObject([{ method: 'udp-punch', confidence: 'certain' }]);
  }
});

test('over both transports a tie goes to TCP', async () => {
  const { result } = await play({ a: equal, b: equal, methods: ['tcp-punch', 'udp-punch'] });
  expect(result).toBe('tcp-punch');
});

test('where there is nothing to carry pipes over UDP, it is said; TCP goes on', async () => {
  const alone = await play({ a: equal, b: equal, methods: ['udp-punch'], bare: true });
  expect(alone.result).toContain(NO_BINARY);
  expect(alone.a.of('explanation')).toMatchObject([{ confidence: 'certain' }]);
  const both = await play({ a: equal, b: equal, methods: ['tcp-punch', 'udp-punch'], bare: true });
  expect(both.result).toBe('tcp-punch');
});

test('birthday: also where the other side’s address does not tell yet that its ports are random', async () => {
  for (const [a, b] of [
    [equal, random],
    [random, equal],
  ] as const) {
    const { result } = await play({ a, b, methods: ['udp-punch'], wait: 0 });
    expect(result).toBe('udp-punch');
  }
});

test('what is hopeless is explained on the side that asks, whenever that becomes known', async () => {
  for (const wait of [0, 4_000]) {
    const { a, result } = await play({ a: random, b: random, methods: ['udp-punch'], wait });
    expect(result).toContain('not tried: random ports');
    expect(a.of('explanation')).toMatchObject([{ method: 'udp-punch', confidence: 'likely' }]);
  }
});

test('what a punch shows of a router goes into the report of that transport, also before there is one', async () => {
  for (const wait of [0, 4_000]) {
    const { a, b, result } = await play({ a: equal, b: equal, methods: ['tcp-punch'], wait });
    expect(result).toBe('tcp-punch');
    for (const { of } of [a, b]) {
      const learnt = of('nat').at(-1)?.report;
      expect(learnt?.tcp.evidence.map(({ test: name }) => name)).toContain('hole punch');
      expect(learnt?.udp.evidence.map(({ test: name }) => name)).not.toContain('hole punch');
    }
  }
});
