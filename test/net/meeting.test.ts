import { expect, test } from 'vitest';
import { createLab, firewallPreset, type Lab, natPreset } from '../../src/lab/index.ts';
import { createWorld } from '../../src/lab/world.ts';
import { addressBytes, encodeAddress, parseAddress } from '../../src/net/address.ts';
import { P2pdError } from '../../src/net/errors.ts';
import type { NodeSetup } from '../../src/net/node-options.ts';
import { NO_SERVERS } from '../../src/net/servers.ts';
import { Signalling } from '../../src/net/signal/signalling.ts';
import { labIdentity, startLabNode, startWorldNodes } from '../helpers/lab-node.ts';

/** Three brokers 10 ms away from everybody; machines a and b, 20 ms from each other. */
function world(seed = 1, { brokers = 3 } = {}) {
  const lab = createLab({ seed });
  const net = lab.internet({ delay: 5, subnets: ['203.0.113.0/24', '2001:db8::/64'] });
  const all = Array.from({ length: brokers }, (_, i) =>
    lab.broker({ host: lab.host({ name: `m${i}`, on: net }), name: `m${i}.example` }),
  );
  const servers = { ...NO_SERVERS, mqtt: all.map((broker) => broker.url) };
  return { lab, net, brokers: all, servers };
}

/** Alice is public; nothing from outside gets in to Bob. */
async function meeting(seed = 1, setup: Partial<NodeSetup> = {}, aliceSetup: Partial<NodeSetup> = {}) {
  const { lab, net, brokers, servers } = world(seed);
  const home = lab.lan();
  lab.router({ wan: net, lans: [home], nat: natPreset('restrict port', 'equal') });
  const a = lab.host({ name: 'a', on: net });
  const b = lab.host({ name: 'b', on: home });
  const alice = await startLabNode(lab, a, { servers, ...aliceSetup });
  const bob = await startLabNode(lab, b, { servers, ...setup });
  return { lab, brokers, servers, a, b, alice, bob };
}

async function codeOf(lab: Lab, work: Promise<unknown>): Promise<string> {
  const error = await lab.run(work.then(() => 'no error').catch((reason: unknown) => reason));
  return error instanceof P2pdError ? `${error.code} ${error.exitCode}` : String(error);
}

test('meeting: a node behind a NAT dials back, and both sides have one pipe of one name', async () => {
  const { lab, alice, bob } = await meeting();
  const pipe = await lab.run(alice.node.connect(bob.node.address));
  await lab.advance(8_000);
  expect(alice.of('open')).toMatchObject([
    { method: 'reverse', path: 'external', initiator: true, pipe: pipe.id },
  ]);
  expect(bob.of('open')).toMatchObject([
    { method: 'reverse', initiator: false, pipe: pipe.id, peer: alice.node.nodeId },
  ]);
  expect(alice.node.pipes).toHaveLength(1);
  expect(bob.node.pipes).toHaveLength(1);
  expect(alice.of('signal').map(({ state }) => state)).toEqual(['asked', 'answered']);
});

test('meeting: the way back takes a signal and two and a half round trips', async () => {
  const { lab, alice, bob } = await meeting();
  await lab.run(alice.node.connect(bob.node.address));
  const [open] = alice.of('open');
  expect(open?.elapsed).toBeLessThanOrEqual(10 + 2.5 * 20 + 5);
});

test('meeting: messages go both ways over a pipe that was dialled back', async () => {
  const { lab, alice, bob } = await meeting();
  bob.node.addMessageHandler((message, _from, pipe) => pipe.send(`echo ${message}`));
  const heard: string[] = [];
  alice.node.addMessageHandler((message) => void heard.push(String(message)));
  const pipe = await lab.run(alice.node.connect(bob.node.address));
  await lab.run(pipe.send('hi'));
  await lab.advance(200);
  expect(heard).toEqual(['echo hi']);
});

test('meeting: where both connect to each other at once, one pipe opens, and both have it', async () => {
  const slow = createWorld({ seed: 1, delay: 20 });
  const { lab } = slow;
  const { a: alice, b: bob } = await startWorldNodes(slow);
  for (const later of [0, 0, 5, 21, 40, 70, 100]) {
    const connects = Promise.all([
      alice.node.connect(bob.node.address),
      lab.clock.sleepUntil(lab.now() + later).then(() => bob.node.connect(alice.node.address)),
    ]);
    const pipes = await lab.run(connects);
    await lab.advance(8_000);
    expect(new Set(pipes.map(({ id }) => id)).size, `${later} ms later`).toBe(1);
    for (const { node } of [alice, bob]) expect(node.pipes.map(({ id }) => id)).toEqual([pipes[0]?.id]);
    await lab.run(Promise.all([pipes[0]?.close(), pipes[1]?.close()]));
  }
});

test('meeting: a peer that does not run any more is told apart from one that answers and cannot be reached', async () => {
  const { lab, net, servers } = world();
  const a = lab.host({ name: 'a', on: net, firewall: firewallPreset() });
  const alice = await startLabNode(lab, a, { servers });
  const b = lab.host({ name: 'b', on: net, firewall: firewallPreset() });
  const bob = await startLabNode(lab, b, { servers });
  const methods = ['direct', 'reverse'] as const;
  expect(await codeOf(lab, alice.node.connect(bob.node.address, { methods }))).toBe('NO_PATH 10');
  const { address } = bob.node;
  await lab.run(bob.node.stop());
  expect(await codeOf(lab, alice.node.connect(address))).toBe('PEER_SILENT 11');
  expect(alice.of('signal').map(({ state }) => state)).toEqual(['asked', 'answered', 'asked', 'silent']);
});

test('meeting: when no broker of the peer can be reached, and nothing else was to be tried, it says so', async () => {
  const { lab, alice, bob, brokers } = await meeting();
  for (const broker of brokers) broker.die();
  await lab.advance(100);
  expect(await codeOf(lab, alice.node.connect(bob.node.address, { methods: ['reverse'] }))).toBe(
    'NO_SERVICE 13',
  );
  expect(await codeOf(lab, alice.node.connect(bob.node.address))).toBe('NO_PATH 10');
});

test('meeting: brokers that die, hang and go silent are replaced, and the next connect works', async () => {
  const { lab, net, brokers, servers } = world(7, { brokers: 6 });
  const a = lab.host({ name: 'a', on: net });
  const home = lab.lan();
  lab.router({ wan: net, lans: [home], nat: natPreset('restrict port', 'equal') });
  const bob = await startLabNode(lab, lab.host({ name: 'b', on: home }), { servers });
  const alice = await startLabNode(lab, a, { servers });
  const before = bob.node.address;
  brokers[0]?.die();
  brokers[1]?.silent();
  brokers[2]?.set({ deaf: true });
  await lab.advance(70_000);
  expect(parseAddress(bob.node.address).brokers).toEqual(servers.mqtt.slice(3));
  expect(bob.of('address').length).toBeGreaterThan(0);
  expect(parseAddress(bob.node.address).sequence).toBeGreaterThan(parseAddress(before).sequence);
  await lab.run(alice.node.connect(bob.node.address));
  expect(alice.of('open')).toMatchObject([{ method: 'reverse' }]);
});

test('meeting: a node that is reached by an old address sends its newest, which is then dialled', async () => {
  const { lab, net, servers } = world();
  const a = lab.host({ name: 'a', on: net });
  const b = lab.host({ name: 'b', on: net });
  const identity = labIdentity(77);
  const alice = await startLabNode(lab, a, { servers });
  const first = await startLabNode(lab, b, { servers, identity, port: 20_001 });
  const old = first.node.address;
  await lab.run(first.node.stop());
  await lab.advance(2_000);
  const second = await startLabNode(lab, b, { servers, identity, port: 20_002 });
  await lab.run(alice.node.connect(old, { methods: ['direct'] }));
  expect(alice.of('open')).toMatchObject([
    { method: 'direct', remote: `${second.node.locals[0]?.ip}:20002` },
  ]);
});

test('meeting: a peer that is not on the --allow list is refused, and nothing is dialled for it', async () => {
  const { lab, alice, bob } = await meeting(1, { allow: ['00000000000000000000000000000000'] });
  expect(await codeOf(lab, alice.node.connect(bob.node.address))).toBe('NOT_ALLOWED 14');
  expect(bob.of('attempt')).toEqual([]);
});

test('meeting: a request that carries somebody else’s address is dropped', async () => {
  const { lab, alice, bob, servers, a } = await meeting();
  // A node whose address text is another one's: signed by that one, sent by this one.
  const fields = parseAddress(alice.node.address);
  const victim = encodeAddress(labIdentity(901), { ...fields, sequence: 1 });
  const identity = labIdentity(902);
  const stop = new AbortController();
  const signalling = new Signalling({
    io: a.io,
    identity,
    urls: servers.mqtt,
    files: null,
    file: 'x',
    wall: () => a.io.wallClock(),
    receive: () => undefined,
    isWished: () => false,
    isShared: () => false,
    changed: () => undefined,
    signal: stop.signal,
  });
  await lab.run(signalling.start(lab.now() + 1_000));
  await lab.run(
    signalling.send(parseAddress(bob.node.address), {
      type: 'connect',
      pipeId: new Uint8Array(16),
      methods: ['reverse'],
      paths: ['external'],
      families: [4],
      knownSequence: 0,
      address: addressBytes(victim),
      punch: null,
    }),
  );
  await lab.advance(1_000);
  expect(bob.of('attempt')).toEqual([]);
  expect(bob.of('refused')).toMatchObject([{ reason: 'its request carries no address of its own' }]);
  stop.abort();
});

test('meeting: what brokers see contains neither addresses nor pipe ids in the clear', async () => {
  const { lab, alice, bob, brokers } = await meeting();
  await lab.run(alice.node.connect(bob.node.address));
  const seen = brokers.flatMap((broker) => broker.published.map(({ payload }) => Buffer.from(payload)));
  expect(seen.length).toBeGreaterThan(0);
  const machineId = Buffer.from('00000001aabbccdd', 'hex');
  for (const payload of seen) {
    expect(payload.includes(machineId)).toBe(false);
    expect(payload.includes('mqtt://')).toBe(false);
  }
});

test('meeting: clocks that are an hour apart cost a round trip, not the meeting', async () => {
  const { lab, net, servers } = world();
  const home = lab.lan();
  lab.router({ wan: net, lans: [home], nat: natPreset('restrict port', 'equal') });
  const alice = await startLabNode(lab, lab.host({ name: 'a', on: net, clockOffset: 3_600_000 }), {
    servers,
  });
  const bob = await startLabNode(lab, lab.host({ name: 'b', on: home, clockOffset: -60_000 }), { servers });
  await lab.run(alice.node.connect(bob.node.address));
  expect(alice.of('open')).toMatchObject([{ method: 'reverse' }]);
  await lab.advance(1_000);
  const [, answered] = alice.of('signal');
  expect(answered?.clock?.offset).toBeCloseTo(-3_660_000, -2);
});

test('meeting: a connect that was given up opens no pipe, although the peer still dials back', async () => {
  const { lab, alice, bob } = await meeting();
  const stop = new AbortController();
  const connecting = alice.node.connect(bob.node.address, { signal: stop.signal });
  lab.clock.at(lab.now() + 15, () => stop.abort(new P2pdError('INTERRUPTED', 'enough')));
  expect(await codeOf(lab, connecting)).toBe('INTERRUPTED 130');
  await lab.advance(15_000);
  expect([alice.node.pipes.length, bob.node.pipes.length]).toEqual([0, 0]);
  expect([...alice.of('open'), ...bob.of('open')]).toEqual([]);
});
