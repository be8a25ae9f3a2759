/** TCP hole punching in virtual time: networks of every kind, signalling that fails, and what is asked of it. */
import { describe, expect, test } from 'vitest';
// Loaded beforehand: virtual time does not wait for modules.
import '../../../src/net/nat/probe.ts';
import { createLab, firewallPreset, type NatOptions, natPreset } from '../../../src/lab/index.ts';
import { createWorld, type LabWorld, type WorldOptions } from '../../../src/lab/world.ts';
import type { ConnectOptions } from '../../../src/net/node-options.ts';
import { topicOf } from '../../../src/net/signal/envelope.ts';
import { type LabNode, openLabNode, startWorldNodes } from '../../helpers/lab-node.ts';

const PUNCH: Partial<ConnectOptions> = { methods: ['tcp-punch'] };
const equal = natPreset('restrict port', 'equal');
/** Until both know their NATs. */
const KNOWN = 4_000;

interface Pair extends LabWorld {
  readonly alice: LabNode;
  readonly bob: LabNode;
}

async function pair(
  a: NatOptions | null,
  b: NatOptions | null,
  options: Partial<WorldOptions> = {},
): Promise<Pair> {
  const world = createWorld({
    seed: 1,
    delay: 10,
    fullStun: true,
    stun: 2,
    ...options,
    a: { nat: a },
    b: { nat: b },
  });
  const nodes = await startWorldNodes(world, { nat: true }, { nat: true });
  await world.lab.advance(KNOWN);
  return { ...world, alice: nodes.a, bob: nodes.b };
}

/** How it ended, and how long it took. */
async function outcomeOf({ lab, alice, bob }: Pick<Pair, 'lab' | 'alice' | 'bob'>, options = PUNCH) {
  const startedAt = lab.now();
  const connecting = alice.node.connect(bob.node.address, options);
  const result = await lab.run(
    connecting.then(
      (pipe) => ({ method: pipe.info.method, path: pipe.info.path, family: pipe.family, reason: '' }),
      (error: unknown) => ({ method: null, path: null, family: null, reason: String(error) }),
    ),
    { within: 30_000 },
  );
  return { ...result, elapsed: lab.now() - startedAt };
}

describe('tcp punch: networks', () => {
  test.each([
    ['one side is open', null, equal],
    ['the other side is open', equal, null],
    ['both are open', null, null],
    ['two firewalls', natPreset('udp firewall'), natPreset('udp firewall')],
  ])('%s', async (_name, a, b) => {
    const { method, path, elapsed } = await outcomeOf(await pair(a, b));
    expect({ method, path }).toEqual({ method: 'tcp-punch', path: 'external' });
    expect(elapsed).toBeLessThan(250);
  });

  test('IPv6 through two stateful firewalls', async () => {
    const world = await pair(equal, equal, { ipv6: true });
    expect(await outcomeOf(world, { ...PUNCH, families: [6] })).toMatchObject({
      method: 'tcp-punch',
      family: 6,
    });
  });

  test('one LAN, and one machine', async () => {
    const lab = createLab({ seed: 1 });
    const home = lab.lan();
    const broker = lab.broker({ host: lab.host({ name: 'broker', on: home }) });
    const servers = { stun: [], mqtt: [broker.url], ntp: [], turn: [], pnp: [] };
    const [one, two] = ['one', 'two'].map((name) => lab.host({ name, on: home, firewall: firewallPreset() }));
    if (one === undefined || two === undefined) throw new Error('no hosts');
    const open = (host: typeof one, slot: number, machineId: string) =>
      lab.run(() => openLabNode(host, { servers, slot, machineId }));
    const alice = await open(one, 0, '00000000000000aa');
    const bob = await open(two, 0, '00000000000000bb');
    const carol = await open(one, 1, '00000000000000aa');
    expect(await outcomeOf({ lab, alice, bob })).toMatchObject({ method: 'tcp-punch', path: 'local' });
    expect(await outcomeOf({ lab, alice, bob: carol })).toMatchObject({ method: 'tcp-punch', path: 'local' });
  });

  test('two interfaces: the one that leads there', async () => {
    const lab = createLab({ seed: 1 });
    const net = lab.internet({ delay: 10 });
    const broker = lab.broker({ host: lab.host({ name: 'broker', on: net }) });
    const stun = lab.stunServer({ host: lab.host({ name: 'stun', on: net }) });
    const servers = { stun: [{ ...stun, tcp: true }], mqtt: [broker.url], ntp: [], turn: [], pnp: [] };
    const lans = [lab.lan(), lab.lan(), lab.lan()];
    const [first, second, third] = lans;
    if (first === undefined || second === undefined || third === undefined) throw new Error('no LANs');
    lab.router({ wan: net, lans: [second], nat: equal });
    lab.router({ wan: net, lans: [third], nat: equal });
    const a = lab.host({ name: 'a', on: [first, second] });
    const b = lab.host({ name: 'b', on: [third] });
    const alice = await lab.run(() => openLabNode(a, { servers }));
    const bob = await lab.run(() => openLabNode(b, { servers }));
    expect(await outcomeOf({ lab, alice, bob })).toMatchObject({ method: 'tcp-punch', path: 'external' });
  });

  test('both behind one router: impossible outside, and nobody waits for it', async () => {
    const lab = createLab({ seed: 1 });
    const net = lab.internet({ delay: 10 });
    const broker = lab.broker({ host: lab.host({ name: 'broker', on: net }) });
    const stun = lab.stunServer({ host: lab.host({ name: 'stun', on: net }) });
    const servers = { stun: [{ ...stun, tcp: true }], mqtt: [broker.url], ntp: [], turn: [], pnp: [] };
    const home = lab.lan();
    lab.router({ wan: net, lans: [home], nat: equal });
    const [one, two] = ['one', 'two'].map((name) => lab.host({ name, on: home }));
    if (one === undefined || two === undefined) throw new Error('no hosts');
    const alice = await lab.run(() => openLabNode(one, { servers }));
    const bob = await lab.run(() => openLabNode(two, { servers }));
    const { reason, elapsed } = await outcomeOf({ lab, alice, bob }, { ...PUNCH, paths: ['external'] });
    expect(reason).toContain('no own address can meet one of the peer');
    expect(elapsed).toBeLessThan(100);
    expect(await outcomeOf({ lab, alice, bob })).toMatchObject({ method: 'tcp-punch', path: 'local' });
  });
});

describe('tcp punch: signalling', () => {
  test('one message is enough: both meet though no reply ever comes', async () => {
    const world = await pair(equal, equal);
    const { lab, alice, brokers } = world;
    const topic = topicOf(alice.node.nodeId);
    for (const broker of brokers) broker.set({ lost: topic });
    const { method, elapsed } = await outcomeOf(world);
    expect(method).toBe('tcp-punch');
    expect(elapsed).toBeLessThan(250);
    await lab.advance(1_000);
  });

  test('messages are doubled and overtake each other', async () => {
    for (let seed = 1; seed <= 20; seed++) {
      const world = await pair(natPreset('symmetric', 'independent'), natPreset('restrict port', 'random'), {
        seed,
      });
      for (const broker of world.brokers) broker.set({ delay: [0, 120], duplicate: 0.5 });
      const { method } = await outcomeOf(world);
      expect(method, `seed ${seed}`).toBe('tcp-punch');
      await world.lab.advance(8_000);
      expect(world.alice.node.pipes.length).toBe(1);
      expect(world.bob.node.pipes.length).toBe(1);
    }
  });

  test('brokers die during the punch', async () => {
    for (const at of [15, 25, 40, 60, 90]) {
      const world = await pair(equal, equal);
      const { lab, brokers } = world;
      lab.clock.at(lab.now() + at, () => {
        for (const broker of brokers.slice(0, 2)) broker.die();
      });
      expect((await outcomeOf(world)).method, `killed after ${at} ms`).toBe('tcp-punch');
    }
  });
});
