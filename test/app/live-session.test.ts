/** The session of the TUI on simulated machines, in virtual time. */
import { expect, test, vi } from 'vitest';
import { createLab } from '../../src/lab/index.ts';
import { NO_SERVERS } from '../../src/net/index.ts';
import { choose, connected, faults, type Side, sideOn, twoSides, until } from './session-lab.ts';

// os-utils watches the real processor for a real second.
vi.mock(import('../../src/net/io/load.ts'), () => ({
  sampleLoad: async () => ({ cpu: 0.25, memoryUsed: 0.5, load1: 1 }),
}));
// Which servers there are is another subject; here nobody is asked.
vi.mock(import('../../src/app/journeys/servers.ts'), () => ({ chooseServers: async () => NO_SERVERS }));

test('live session: starts a node step by step and is ready', async () => {
  const { alice } = await twoSides();
  expect(alice.state().steps.map(({ name, state }) => `${name} ${state}`)).toEqual([
    'interfaces ok',
    'identity ok',
    'listen ok',
  ]);
  expect(alice.address()).toMatch(/^p2pd1[a-z0-9]+$/);
});

test('live session: tells the machine load every few seconds until it is stopped', async () => {
  const lab = createLab({ seed: 1 });
  const alice = sideOn(lab.host({ name: 'alice', on: lab.lan() }));
  await lab.run(alice.session.start());
  const loads = () => alice.events.filter(({ event }) => event === 'load').length;
  await until(lab, () => loads() === 3);
  expect(alice.state().load).toEqual({ cpu: 0.25, memoryUsed: 0.5, load1: 1 });
  await lab.run(alice.session.stop());
  const heard = loads();
  await lab.advance(20_000);
  expect(loads()).toBe(heard);
});

test('live session: connects, talks both ways and closes with a reason', async () => {
  const { lab, alice, bob, pipe } = await connected();
  expect(alice.state().pipes).toMatchObject([{ id: pipe, initiator: true, target: bob.address() }]);
  expect(bob.state().pipes).toMatchObject([{ id: pipe, initiator: false, target: null }]);
  alice.session.say(pipe, 'hello');
  bob.session.say(pipe, 'hello yourself');
  const texts = (side: Side) =>
    side.state().pipes[0]?.messages.map(({ direction, text }) => `${direction} ${text}`);
  await until(lab, () => [alice, bob].every((side) => texts(side)?.length === 2));
  expect(texts(alice)?.sort()).toEqual(['in hello yourself', 'out hello']);
  expect(texts(bob)?.sort()).toEqual(['in hello', 'out hello yourself']);
  alice.session.close(pipe);
  await until(lab, () => [alice, bob].every((side) => side.state().pipes[0]?.state === 'closed'));
  expect(bob.state().pipes[0]?.reason).not.toBe('');
});

test('live session: several pipes between the same two are told apart', async () => {
  const { lab, alice, bob, pipe } = await connected();
  const second = alice.session.connect(choose(bob.address())) ?? '';
  await until(lab, () => bob.state().pipes.filter(({ state }) => state === 'open').length === 2);
  expect(second).not.toBe(pipe);
  alice.session.say(second, 'over the second');
  await until(lab, () => (bob.state().pipes[1]?.messages.length ?? 0) > 0);
  expect(bob.state().pipes.map(({ messages }) => messages.length)).toEqual([0, 1]);
});

test('live session: looks at NATs once however often it is asked, and again afterwards', async () => {
  const lab = createLab({ seed: 'nat' });
  const alice = sideOn(lab.host({ name: 'alice', on: lab.lan() }));
  await lab.run(Promise.all([alice.session.loadNat(), alice.session.loadNat()]));
  // The list of servers is empty here.
  expect(faults(alice)).toMatchObject([{ code: 'NO_SERVICE' }]);
  await lab.run(alice.session.loadNat());
  expect(faults(alice).length).toBe(2);
});

test('live session: saying something over a pipe that is gone is a fault of that pipe', async () => {
  const { lab, alice, pipe } = await connected();
  alice.session.close(pipe);
  await until(lab, () => alice.state().pipes[0]?.state === 'closed');
  alice.session.say(pipe, 'too late');
  await until(lab, () => faults(alice).length > 0);
  expect(faults(alice)).toMatchObject([{ code: 'PIPE_CLOSED', pipe }]);
  expect(alice.state().pipes[0]?.messages).toEqual([]);
});

test('live session: measures the round trip of the pipe that is watched, and of no other', async () => {
  const lab = createLab({ seed: 2 });
  const lan = lab.lan({ delay: 1 });
  const alice = sideOn(lab.host({ name: 'alice', on: lan }));
  const bob = sideOn(lab.host({ name: 'bob', on: lan }));
  await lab.run(Promise.all([alice.session.start(), bob.session.startNode()]));
  const pipe = alice.session.connect(choose(bob.address())) ?? '';
  await until(lab, () => alice.state().pipes[0]?.state === 'open');
  const trips = () => alice.events.filter(({ event }) => event === 'rtt').length;
  alice.session.watch(pipe);
  await until(lab, () => trips() >= 3);
  alice.session.watch(null);
  await lab.advance(1_000);
  const heard = trips();
  await lab.advance(10_000);
  expect(trips()).toBe(heard);
  await lab.run(alice.session.stop());
});

test('live session: a damaged address and its own address fail at once, before any pipe', async () => {
  const { alice } = await twoSides();
  expect(alice.session.connect(choose('p2pd1damaged'))).toBe(null);
  expect(alice.state().error?.message).toContain('address');
  expect(alice.session.connect(choose(alice.address()))).toBe(null);
  expect(alice.state().error).toMatchObject({ message: "that is this node's own address" });
  expect(alice.state().pipes).toEqual([]);
});

test('live session: connects to its own second node', async () => {
  const { lab, alice } = await twoSides();
  await lab.run(alice.session.startNode());
  expect(alice.state().nodes.map(({ slot }) => slot)).toEqual([0, 1]);
  const pipe = alice.session.connect(choose(alice.address(1)));
  await until(lab, () => alice.state().pipes.some(({ state }) => state === 'open'));
  expect(alice.state().pipes.map(({ id }) => id)).toContain(pipe);
});

test('live session: to its first node its second one dials', async () => {
  const { lab, alice } = await twoSides();
  await lab.run(alice.session.startNode());
  expect(alice.session.connect(choose(alice.address(0)))).not.toBe(null);
  await until(lab, () => alice.state().pipes.some(({ state }) => state === 'open'));
});

test('live session: a peer that is offline is one fault with a hint, and the reasons of the attempts', async () => {
  const { lab, alice, bob } = await twoSides();
  const address = bob.address();
  await lab.run(bob.session.stop());
  const pipe = alice.session.connect(choose(address)) ?? '';
  await until(lab, () => alice.state().pipes[0]?.state === 'failed');
  await lab.advance(1_000);
  const [failed] = alice.state().pipes;
  expect(failed?.attempts.length).toBeGreaterThan(0);
  expect(failed?.attempts.every(({ state, reason }) => state === 'failed' && reason !== null)).toBe(true);
  expect(failed?.reason).toMatch(/; .+/);
  expect(faults(alice)).toMatchObject([{ code: 'NO_PATH', pipe }]);
});

test('live session: a connect that is given up fails at once', async () => {
  const { lab, alice, bob } = await twoSides();
  const address = bob.address();
  await lab.run(bob.session.stop());
  const pipe = alice.session.connect(choose(address)) ?? '';
  alice.session.close(pipe);
  const before = lab.now();
  await until(lab, () => alice.state().pipes[0]?.state === 'failed');
  expect(lab.now() - before).toBeLessThan(100);
});

test('live session: stopping closes every pipe with a reason and gives the slots back', async () => {
  const { lab, alice, bob } = await connected();
  await lab.run(alice.session.startNode());
  await lab.run(alice.session.stop());
  expect(alice.state().nodes.map(({ running }) => running)).toEqual([false, false]);
  expect([...alice.released].sort()).toEqual([0, 1]);
  await until(lab, () => bob.state().pipes[0]?.state === 'closed');
  expect(bob.state().pipes[0]?.reason).toContain('the other side left');
});

test('live session: a state directory that cannot be used is a fault; nothing else is lost', async () => {
  const lab = createLab({ seed: 3 });
  const alice = sideOn(lab.host({ name: 'alice', on: lab.lan() }), async () => {
    throw new Error('no room');
  });
  await lab.run(alice.session.startNode());
  expect(alice.state().error?.message).toBe('no room');
  expect(alice.state().steps.at(-1)).toMatchObject({ name: 'identity', state: 'failed', detail: 'no room' });
  expect(alice.session.connect(choose('p2pd1x'))).toBe(null);
  expect(alice.state().error?.message).toBe('no node is running yet');
});
