/** TCP hole punching in virtual time: what it is given up for, and what nobody can make a node do. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
// Loaded beforehand: virtual time does not wait for modules.
import '../../../src/net/nat/probe.ts';
import { natPreset } from '../../../src/lab/index.ts';
import { createWorld } from '../../../src/lab/world.ts';
import { parseAddress } from '../../../src/net/address.ts';
import { planMethods } from '../../../src/net/connect/plan.ts';
import { planFlows } from '../../../src/net/punch/flows.ts';
import { matchesFor, PunchBudget } from '../../../src/net/punch/rules.ts';
import type { PunchCall, PunchOffer } from '../../../src/net/signal/punch-call.ts';
import { startWorldNodes } from '../../helpers/lab-node.ts';

test('flows: two sides that foresee their ports meet, though others got some in between', () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 7 }), fc.integer({ min: 0, max: 4 }), (callers, answerers) => {
      const ports = (first: number) => Array.from({ length: 24 }, (_, i) => first + i);
      const [a, b] = [ports(10_000), ports(20_000)];
      const caller = planFlows('caller', 'foreseen', { ip: 'b', ports: b });
      const answerer = planFlows('answerer', 'foreseen', { ip: 'a', ports: a });
      const meets = caller.some(({ remotes }, i) =>
        answerer.some(
          ({ remotes: back }, j) =>
            remotes[0]?.port === 20_000 + answerers + j && back[0]?.port === 10_000 + callers + i,
        ),
      );
      expect(meets).toBe(true);
    }),
  );
});

test('plan: what is expected to connect goes before, in the user’s order; the impossible is not tried', () => {
  const pairs = (a: 1 | 5 | 6, b: 1 | 5 | 6) => [
    {
      transport: 'tcp',
      a: { type: a, delta: a === 1 ? 1 : 6 },
      b: { type: b, delta: b === 1 ? 1 : 2 },
    } as const,
  ];
  const delays = (methods: Parameters<typeof planMethods>[0]['methods'], a: 1 | 5 | 6, b: 1 | 5 | 6) =>
    planMethods({ methods, pairs: pairs(a, b), last: null }).map(({ delay }) => delay);
  expect(delays(['direct', 'reverse', 'tcp-punch'], 5, 1)).toEqual([0, 300, 300]);
  expect(delays(['direct', 'reverse', 'tcp-punch'], 5, 5)).toEqual([0, 0, 0]);
  expect(delays(['tcp-punch', 'direct'], 5, 1)).toEqual([0, 300]);
  const [punch] = planMethods({ methods: ['tcp-punch'], pairs: pairs(6, 5), last: null });
  expect(punch?.impossible).toContain('random');
  const last = planMethods({ methods: ['direct', 'tcp-punch'], pairs: pairs(5, 1), last: 'tcp-punch' });
  expect(last.map(({ delay }) => delay)).toEqual([0, 0]);
});

async function pair(seed = 1) {
  const nat = natPreset('restrict port', 'equal');
  const world = createWorld({ seed, delay: 10, fullStun: true, stun: 2, a: { nat }, b: { nat } });
  const nodes = await startWorldNodes(world, { nat: true }, { nat: true });
  await world.lab.advance(4_000);
  return { ...world, ...nodes, hosts: { a: world.a, b: world.b } };
}

test('abort: a punch ends within 100 ms, and nothing goes on', async () => {
  const { lab, a, b } = await pair();
  for (const after of [0, 15, 30, 45]) {
    const stop = new AbortController();
    const started = a.node.connect(b.node.address, { methods: ['tcp-punch'], signal: stop.signal });
    const ended = started.then(
      () => 'open',
      (error: unknown) => String(error),
    );
    await lab.advance(after);
    const at = lab.now();
    stop.abort(new Error('enough'));
    expect(await lab.run(ended)).toContain('enough');
    expect(lab.now() - at).toBeLessThan(100);
    await lab.advance(7_000);
    expect(a.node.pipes).toEqual([]);
    const before = lab.trace();
    await lab.advance(5_000);
    expect(before.filter((line) => line.includes('SYN'))).toEqual([]);
  }
});

test('two hundred connects at once: each opens, or is told that it is too many', async () => {
  const { lab, a, b } = await pair();
  const connects = Array.from({ length: 200 }, () =>
    a.node.connect(b.node.address, { methods: ['tcp-punch'] }).then(
      () => 'open',
      (error: unknown) => String(error),
    ),
  );
  const outcomes = await lab.run(Promise.all(connects), { within: 60_000 });
  const opened = outcomes.filter((outcome) => outcome === 'open').length;
  expect(opened).toBeGreaterThan(0);
  expect(a.node.pipes).toHaveLength(opened);
  await lab.advance(10_000);
  expect(b.node.pipes).toHaveLength(opened);
  // And afterwards all is as before.
  await lab.advance(60_000);
  await lab.run(a.node.connect(b.node.address, { methods: ['tcp-punch'] }));
});

test('invitations: what comes to nothing leaves nothing behind', async () => {
  const { lab, a, b } = await pair();
  // Nothing may be dialled back behind this NAT's port filter, and nothing is punched.
  await lab.run(
    a.node.connect(b.node.address, { methods: ['reverse'], paths: ['local'] }).catch(() => undefined),
    { within: 20_000 },
  );
  await lab.advance(10_000);
  const asked = b.of('attempt').length;
  for (let i = 0; i < 12; i++)
    await lab.run(
      a.node.connect(b.node.address, { methods: ['reverse'], paths: ['local'] }).catch(() => undefined),
      { within: 20_000 },
    );
  expect(b.of('attempt').length).toBe(asked);
  await lab.advance(30_000);
  await lab.run(a.node.connect(b.node.address, { methods: ['tcp-punch'] }));
});

test('rules: a call makes nobody send to others, to services, or into a LAN without a reason', async () => {
  const { a, b, hosts } = await pair();
  const asker = parseAddress(a.node.address);
  const own = {
    interfaces: await hosts.b.io.interfaces(),
    outer: b.of('world').at(-1)?.outer ?? [],
    nats: [],
  };
  const choice = { paths: ['external', 'local'], families: [4, 6] } as const;
  const theirs = asker.interfaces[0]?.outer[0] ?? '';
  const question = { own, machineId: '000000000000bbbb', asker, choice, localBroker: false };
  const met = (offer: Partial<PunchOffer>) => {
    const whole: PunchOffer = { method: 'tcp-punch', path: 'external', ip: theirs, ports: [5_000], ...offer };
    const call: PunchCall = { round: 0, meetAt: 0, wish: 0, offers: [whole] };
    return matchesFor(question, call).length;
  };
  expect(met({})).toBe(1);
  expect(met({ ip: '203.0.113.200' })).toBe(0);
  expect(met({ ports: [80] })).toBe(0);
  expect(met({ path: 'local', ip: asker.interfaces[0]?.inner[0] ?? '' })).toBe(0);
  expect(met({ path: 'local', ip: own.interfaces[0]?.addresses[0]?.ip ?? '' })).toBe(0);
  expect(met({ ip: own.outer[0]?.outer ?? '' })).toBe(0);
  const budget = new PunchBudget();
  expect(Array.from({ length: 6 }, () => budget.enter('x')).filter(Boolean)).toHaveLength(4);
});
