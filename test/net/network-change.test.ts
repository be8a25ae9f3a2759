/** The machine's network changes while a node runs: noticed, the address made anew, pipes moved. */
import { expect, test } from 'vitest';
import '../../src/net/nat/probe.ts';
import { createLab, type LabHost } from '../../src/lab/index.ts';
import { createWorld } from '../../src/lab/world.ts';
import { parseAddress } from '../../src/net/address.ts';
import { differencesOf, sleptFor } from '../../src/net/network-watch.ts';
import { startLabNode } from '../helpers/lab-node.ts';

const watching = (host: LabHost) => ({ listInterfaces: () => host.io.interfaces() });
const innerOf = (address: string) => parseAddress(address).interfaces.flatMap(({ inner }) => inner);

test('network change: another interface comes, the one in use goes: told, listened at, published, pipes moved', async () => {
  const lab = createLab({ seed: 3 });
  const lans = [lab.lan({ delay: 20 }), lab.lan({ delay: 20 })];
  const [a, b] = [lab.host({ name: 'a', on: lans }), lab.host({ name: 'b', on: lans })];
  lab.plug(b.nic('eth1'), false);
  const alice = await startLabNode(lab, a, watching(a));
  const bob = await startLabNode(lab, b, watching(b));
  const got: string[] = [];
  bob.node.addMessageHandler((message) => void got.push(String(message)));
  const before = innerOf(bob.node.address);
  const pipe = await lab.run(alice.node.connect(bob.node.address));
  await lab.advance(500);
  lab.plug(b.nic('eth1'), true);
  lab.plug(b.nic('eth0'), false);
  void pipe.send('after the change');
  await lab.advance(5_000);
  expect(bob.of('network').map(({ detail }) => detail)).toMatchObject([/^eth0 lost .*; eth1 has /]);
  const after = innerOf(bob.node.address);
  expect(after.filter((ip) => before.includes(ip))).toEqual([]);
  expect(bob.node.locals.map(({ ip }) => ip.split('%')[0]).sort()).toEqual([...after].sort());
  expect(bob.of('address').at(-1)).toMatchObject({ address: bob.node.address });
  expect(got).toEqual(['after the change']);
  for (const { of } of [alice, bob]) expect(of('path')).toMatchObject([{ from: 'direct', to: 'direct' }]);
  expect([alice.of('closed'), bob.of('closed')]).toEqual([[], []]);
});

test('network change: services are asked anew, and until one answers', async () => {
  const world = createWorld({ seed: 4, fullStun: true, a: { nat: null }, b: { nat: null } });
  const { lab, a, servers } = world;
  const alice = await startLabNode(lab, a, { ...watching(a), servers, nat: true });
  await lab.advance(20_000);
  const known = parseAddress(alice.node.address).interfaces;
  expect(known).toMatchObject([{ outer: [expect.any(String)], udp: { type: 1 } }]);
  lab.plug(a.nic('eth0'), false);
  await lab.advance(30_000);
  expect(parseAddress(alice.node.address).interfaces).toEqual([]);
  lab.plug(a.nic('eth0'), true);
  await lab.advance(5_000);
  expect(parseAddress(alice.node.address)).toMatchObject({
    interfaces: known,
    brokers: [/mqtt/, /mqtt/, /mqtt/],
  });
  expect(alice.of('network')).toHaveLength(2);
});

test('network change: a machine that slept', () => {
  expect(sleptFor(2_010, 2_011)).toBe(0);
  expect(sleptFor(2_010, 3_602_000)).toBe(3_600_000);
  expect(sleptFor(62_000, 62_000)).toBe(60_000);
});

test('network change: what is different, in words', async () => {
  const lab = createLab({ seed: 1 });
  const host = lab.host({ name: 'a', on: [lab.lan({ subnets: ['10.1.0.0/24'], linkLocal: false })] });
  const nics = await host.io.interfaces();
  const [nic] = nics;
  if (nic === undefined) throw new Error('no interface');
  expect(differencesOf(nics, nics)).toEqual([]);
  expect(differencesOf(nics, [])).toEqual(['eth0 lost 10.1.0.2']);
  expect(differencesOf([], nics)).toEqual(['eth0 has 10.1.0.2']);
  const rerouted = { ...nic, defaultRoute: { 4: !nic.defaultRoute[4], 6: false } };
  expect(differencesOf(nics, [rerouted])).toEqual(['eth0 has another default route']);
});
