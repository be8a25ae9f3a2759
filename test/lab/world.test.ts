import { expect, test } from 'vitest';
import { natPreset } from '../../src/lab/index.ts';
import { createWorld } from '../../src/lab/world.ts';
import { type LabNode, startWorldNodes } from '../helpers/lab-node.ts';

const never = new AbortController().signal;
const nobody = { message: () => undefined, closed: () => undefined };

test('world: both machines find every service by name, each as far away as it is told', async () => {
  const nat = natPreset('restrict port', 'equal');
  const { lab, a, b, servers, brokers, routers } = createWorld({
    seed: 1,
    ipv6: true,
    a: { nat },
    b: { delay: 50 },
  });
  expect(servers.mqtt).toEqual([1, 2, 3].map((n) => `mqtt://mqtt${n}.example:1883`));
  for (const { host } of [...servers.stun, ...servers.ntp])
    expect(await lab.run(a.io.lookup(host, 4, never))).toHaveLength(1);
  expect(await lab.run(b.io.lookup('stun1.example', 6, never))).toHaveLength(1);
  const timeOf = async (host: typeof a, url: string) => {
    const startedAt = lab.now();
    await lab.run(host.io.openBroker(url, nobody, never));
    return lab.now() - startedAt;
  };
  const [url = ''] = servers.mqtt;
  expect(await timeOf(a, url)).toBe(5 + 2 * 40);
  expect(await timeOf(b, url)).toBe(5 + 2 * 100);
  expect(brokers.map(({ clients }) => clients)).toEqual([2, 0, 0]);
  expect([routers.a?.outerIps.length, routers.b]).toEqual([2, null]);
});

test('world: a machine behind a NAT is not reached from outside, one without is', async () => {
  const { lab, a, b, routers } = createWorld({ seed: 1, a: { nat: natPreset('restrict port', 'equal') } });
  const accepted: string[] = [];
  for (const host of [a, b])
    await host.io.listenTcp({ ip: '0.0.0.0', port: 9000 }, ({ remote }) => accepted.push(remote.ip));
  const dial = (from: typeof a, ip: string) => from.io.dialTcp(null, { ip, port: 9000 }, never);
  await lab.run(dial(a, b.ip()));
  expect(lab.now()).toBe(80);
  await lab.advance(40);
  expect(accepted).toEqual(routers.a?.outerIps);
  await expect(lab.run(dial(b, routers.a?.outerIps[0] ?? ''), { within: 5_000 })).rejects.toThrow('pending');
});

test('world: nodes learn their outer addresses, their clocks and brokers, though a server of each kind fails', async () => {
  const world = createWorld({
    seed: 1,
    a: { nat: natPreset('restrict port', 'preserving'), clockOffset: 250 },
    b: { clockOffset: -120 },
  });
  const { brokers, routers, b } = world;
  const [[liar], [late]] = [world.stun, world.ntp];
  Object.assign(liar ?? {}, { behaviour: { lies: '192.0.2.66' } });
  Object.assign(late ?? {}, { behaviour: { offset: -5_000 } });
  brokers[2]?.set({ hang: true });
  const nodes = await startWorldNodes(world);
  const known = (node: LabNode) => node.of('world').at(-1);
  expect(known(nodes.a)?.outer.map(({ outer, transport }) => [outer, transport])).toEqual([
    [routers.a?.outerIps[0], 'udp'],
  ]);
  expect(known(nodes.b)?.outer.map(({ outer }) => outer)).toEqual([b.ip()]);
  expect(known(nodes.a)?.clock?.offset).toBeCloseTo(-250, 0);
  expect(known(nodes.b)?.clock?.offset).toBeCloseTo(120, 0);
  expect(known(nodes.a)?.brokers.map(({ state }) => state)).toEqual(['listening', 'listening', 'connecting']);
  expect([liar?.requests, late?.requests].every((count) => count !== undefined && count > 1)).toBe(true);
});
