/** Pipes that outlive their path: found again another way, by the same way later, or given up with a reason. */
import { expect, test } from 'vitest';
import { createLab } from '../../src/lab/index.ts';
import { labIdentity, startLabNode } from '../helpers/lab-node.ts';

/** Two nodes on one LAN of 20 ms each way. */
async function neighbours(seed = 1, quality: object = { delay: 20 }) {
  const lab = createLab({ seed });
  const lan = lab.lan({ subnets: ['192.168.1.0/24', '2001:db8:1::/64'], ...quality });
  const [a, b] = [lab.host({ name: 'a', on: lan }), lab.host({ name: 'b', on: lan })];
  return { lab, lan, a, b, alice: await startLabNode(lab, a), bob: await startLabNode(lab, b) };
}

test('survival: a peer that vanishes is noticed by keep-alive within a minute, looked for, and given up after three more', async () => {
  const { lab, b, alice, bob } = await neighbours();
  await lab.run(alice.node.connect(bob.node.address));
  lab.plug(b.nic('eth0'), false);
  await lab.advance(60_000);
  expect(alice.of('stranded')).toMatchObject([
    { reason: 'the peer has been silent for 50 s', limit: 180_000 },
  ]);
  await lab.advance(150_000);
  expect(alice.of('closed')).toEqual([]);
  await lab.advance(40_000);
  expect(alice.of('closed').map(({ reason }) => reason)).toEqual([
    'the peer has been silent for 50 s, and no other path was found in time',
  ]);
});

test('survival: a pipe whose path dies goes on by another interface, in order, nothing lost or twice', async () => {
  const lab = createLab({ seed: 5 });
  const lans = [lab.lan({ delay: 20 }), lab.lan({ delay: 20 })];
  const [a, b] = [lab.host({ name: 'a', on: lans }), lab.host({ name: 'b', on: lans })];
  const [alice, bob] = [await startLabNode(lab, a), await startLabNode(lab, b)];
  const got: string[] = [];
  bob.node.addMessageHandler((message) => void got.push(String(message)));
  const pipe = await lab.run(alice.node.connect(bob.node.address));
  const sent = Array.from({ length: 200 }, (_, i) => `message ${i}`);
  for (const text of sent.slice(0, 100)) void pipe.send(text);
  await lab.advance(500);
  lab.plug(b.nic('eth0'), false);
  for (const text of sent.slice(100)) void pipe.send(text);
  await lab.advance(2_000);
  expect(got).toEqual(sent);
  for (const { of } of [alice, bob]) expect(of('path')).toMatchObject([{ from: 'direct', to: 'direct' }]);
  expect([alice.of('closed'), bob.of('closed')]).toEqual([[], []]);
});

test('survival: 60 s without any network, and the pipe goes on', async () => {
  const { lab, b, alice, bob } = await neighbours();
  const got: string[] = [];
  bob.node.addMessageHandler((message) => void got.push(String(message)));
  const pipe = await lab.run(alice.node.connect(bob.node.address));
  await lab.advance(500);
  lab.plug(b.nic('eth0'), false);
  void pipe.send('into the dark');
  await lab.advance(60_000);
  expect(alice.of('stranded')).toHaveLength(1);
  lab.plug(b.nic('eth0'), true);
  await lab.advance(15_000);
  expect(got).toEqual(['into the dark']);
  expect(alice.node.pipes).toHaveLength(1);
});

test('survival: a peer that has begun anew is known by that it has no such pipe', async () => {
  const { lab, b, alice } = await neighbours();
  const identity = labIdentity(90);
  const bob = await startLabNode(lab, b, { identity, port: 12_000 });
  await lab.run(alice.node.connect(bob.node.address));
  await lab.advance(500);
  lab.plug(b.nic('eth0'), false);
  await lab.advance(60_000);
  await lab.run(bob.node.stop());
  lab.plug(b.nic('eth0'), true);
  await startLabNode(lab, b, { identity, port: 12_000 });
  await lab.advance(15_000);
  expect(alice.of('closed').map(({ reason }) => reason)).toEqual(['the peer no longer has this pipe']);
});
