import { expect, test } from 'vitest';
import { createLab, EPOCH, firewallPreset, type Lab, type LabHost, natPreset } from '../../src/lab/index.ts';
import type { ByteStream } from '../../src/net/io/io.ts';
import { codeOf, collect, never, utf8 } from './stream-harness.ts';

/** Who the listener sees calling, after so many ms; or why nobody got there. */
async function call(
  lab: Lab,
  from: LabHost,
  to: LabHost,
  ip: string,
  local: string | null = null,
): Promise<string> {
  const startedAt = lab.now();
  const accepted: ByteStream[] = [];
  const wildcard = ip.includes(':') ? '::' : '0.0.0.0';
  const listener = await to.io.listenTcp({ ip: wildcard, port: 8080 }, (stream) => accepted.push(stream));
  const dialled = from.io.dialTcp(local === null ? null : { ip: local, port: 0 }, { ip, port: 8080 }, never);
  const outcome = await lab.run(
    dialled.then(() => `in ${lab.now() - startedAt}`, codeOf),
    { within: 200_000 },
  );
  await lab.advance(1_000);
  await listener.close();
  return accepted[0] === undefined ? outcome : `${accepted[0].remote.ip} ${outcome}`;
}

test('network: two machines of one LAN reach each other, IPv4, IPv6 and link-local', async () => {
  const lab = createLab({ seed: 1 });
  const lan = lab.lan({ delay: 0.5, subnets: ['10.0.0.0/24', 'fd00:1::/64'] });
  const [a, b] = [lab.host({ name: 'a', on: lan }), lab.host({ name: 'b', on: lan })];
  expect(await call(lab, a, b, b.ip(4))).toBe('10.0.0.2 in 1');
  expect(await call(lab, a, b, b.ip(6))).toBe('fd00:1::2 in 1');
  const linkLocal = b.nic('eth0').addresses.at(-1)?.ip ?? '';
  expect(await call(lab, a, b, `${linkLocal}%eth0`)).toBe('fe80::1%eth0 in 1');
  expect(await call(lab, a, b, linkLocal)).toBe('EHOSTUNREACH');
});

test('network: an isolated LAN has no way out', async () => {
  const lab = createLab({ seed: 1 });
  const a = lab.host({ name: 'a', on: lab.lan() });
  const b = lab.host({ name: 'b', on: lab.internet() });
  expect(await call(lab, a, b, b.ip())).toBe('EHOSTUNREACH');
  const [nic] = await a.io.interfaces();
  expect([nic?.gateways, nic?.defaultRoute]).toEqual([
    { 4: null, 6: null },
    { 4: false, 6: false },
  ]);
});

test('network: two LANs that a router joins reach each other without translation', async () => {
  const lab = createLab({ seed: 1 });
  const [one, two] = [lab.lan({ delay: 1 }), lab.lan({ delay: 2 })];
  lab.router({ lans: [one, two] });
  const [a, b] = [lab.host({ name: 'a', on: one }), lab.host({ name: 'b', on: two })];
  expect(await call(lab, a, b, b.ip())).toBe('192.168.1.2 in 6');
});

test('network: two routed LANs on the Internet reach each other without translation', async () => {
  const lab = createLab({ seed: 1 });
  const net = lab.internet({ delay: 20 });
  const [one, two] = [lab.lan(), lab.lan()];
  lab.router({ wan: net, lans: [one] });
  lab.router({ wan: net, lans: [two] });
  const [a, b] = [lab.host({ name: 'a', on: one }), lab.host({ name: 'b', on: two })];
  expect(await call(lab, a, b, b.ip())).toBe('192.168.1.2 in 40');
});

test('network: behind a NAT one gets out with its address, and nobody gets in', async () => {
  const lab = createLab({ seed: 1 });
  const net = lab.internet({ delay: 20 });
  const home = lab.lan({ delay: 1 });
  const router = lab.router({ wan: net, lans: [home], nat: natPreset('restrict port') });
  const [a, b] = [lab.host({ name: 'a', on: home }), lab.host({ name: 'b', on: net })];
  expect(await call(lab, a, b, b.ip())).toBe(`${router.outerIps[0]} in 42`);
  expect(await call(lab, b, a, router.outerIps[0] ?? '')).toBe('ETIMEDOUT');
  expect(router.nat.mappings(lab.now()).length).toBe(1);
});

test('network: hairpinning lets neighbours meet at their outer address, where the router can', async () => {
  for (const hairpin of [true, false]) {
    const lab = createLab({ seed: 1 });
    const home = lab.lan({ delay: 1 });
    const nat = natPreset('full cone', 'equal', { hairpin });
    const router = lab.router({ wan: lab.internet(), lans: [home], nat });
    const [a, b] = [lab.host({ name: 'a', on: home }), lab.host({ name: 'b', on: home })];
    const outer = router.outerIps[0] ?? '';
    const opener = b.io.dialTcp({ ip: '0.0.0.0', port: 8080 }, { ip: '203.0.113.99', port: 1 }, never);
    void opener.catch(() => undefined);
    await lab.advance(10);
    expect(await call(lab, a, b, outer)).toBe(hairpin ? `${outer} in 4` : 'ETIMEDOUT');
  }
});

test('network: two NATs in a row translate twice', async () => {
  const lab = createLab({ seed: 1 });
  const net = lab.internet({ delay: 20 });
  const [carrier, home] = [lab.lan({ subnets: ['100.64.0.0/24'], delay: 3 }), lab.lan()];
  const outer = lab.router({ wan: net, lans: [carrier], nat: natPreset('symmetric', 'random') });
  const inner = lab.router({ wan: carrier, lans: [home], nat: natPreset('restrict port') });
  const [a, b] = [lab.host({ name: 'a', on: home }), lab.host({ name: 'b', on: net })];
  expect(await call(lab, a, b, b.ip())).toBe(`${outer.outerIps[0]} in 46`);
  expect(inner.outerIps).toEqual(['100.64.0.2']);
});

test('network: IPv6 behind a home router keeps its address and is filtered, IPv4 is translated', async () => {
  const lab = createLab({ seed: 1 });
  const net = lab.internet({ delay: 20, subnets: ['203.0.113.0/24', '2001:db8:ff::/64'] });
  const home = lab.lan({ subnets: ['192.168.1.0/24', '2001:db8:1::/64'] });
  const router = lab.router({ wan: net, lans: [home], nat: natPreset('restrict port') });
  const [a, b] = [lab.host({ name: 'a', on: home }), lab.host({ name: 'b', on: net })];
  expect(await call(lab, a, b, b.ip(4))).toBe(`${router.outerIps[0]} in 40`);
  expect(await call(lab, a, b, b.ip(6))).toBe('2001:db8:1::2 in 40');
  expect(await call(lab, b, a, a.ip(6))).toBe('ETIMEDOUT');
  const [nic] = await a.io.interfaces();
  expect(nic).toEqual({
    id: 'eth0',
    name: 'eth0',
    kind: 'ethernet',
    gateways: { 4: '192.168.1.1', 6: '2001:db8:1::1' },
    defaultRoute: { 4: true, 6: true },
    addresses: [
      { family: 4, ip: '192.168.1.2', prefix: 24, reach: 'private' },
      { family: 6, ip: '2001:db8:1::2', prefix: 64, reach: 'global' },
      { family: 6, ip: 'fe80::2', prefix: 64, reach: 'link-local' },
    ],
  });
});

test('network: without an IPv6 firewall strangers get in', async () => {
  const lab = createLab({ seed: 1 });
  const net = lab.internet({ delay: 20, subnets: ['2001:db8:ff::/64'] });
  const home = lab.lan({ subnets: ['2001:db8:1::/64'] });
  lab.router({ wan: net, lans: [home], firewall6: null });
  const [a, b] = [lab.host({ name: 'a', on: home }), lab.host({ name: 'b', on: net })];
  expect(await call(lab, b, a, a.ip(6))).toBe('2001:db8:ff::3 in 40');
});

test('network: with two interfaces the bound address chooses the way, else the first', async () => {
  const lab = createLab({ seed: 1 });
  const net = lab.internet({ delay: 20 });
  const [dsl, lte] = [lab.lan(), lab.lan({ delay: 10 })];
  const routers = [dsl, lte].map((lan) =>
    lab.router({ wan: net, lans: [lan], nat: natPreset('restrict port') }),
  );
  const a = lab.host({ name: 'a', on: [dsl, { segment: lte, id: 'wwan0', kind: 'cellular' }] });
  const b = lab.host({ name: 'b', on: net });
  const outer = routers.map((router) => router.outerIps[0]);
  const inner = a.nics.map((nic) => nic.addresses[0]?.ip ?? '');
  expect(await call(lab, a, b, b.ip())).toBe(`${outer[0]} in 40`);
  expect(await call(lab, a, b, b.ip(), inner[0])).toBe(`${outer[0]} in 40`);
  expect(await call(lab, a, b, b.ip(), inner[1])).toBe(`${outer[1]} in 60`);
  expect((await a.io.interfaces()).map(({ id, kind }) => [id, kind])).toEqual([
    ['eth0', 'ethernet'],
    ['wwan0', 'cellular'],
  ]);
});

test('network: a reset NAT and a machine with a firewall answer strangers each in its way', async () => {
  const lab = createLab({ seed: 1 });
  const net = lab.internet({ delay: 20 });
  const home = lab.lan();
  const nat = natPreset('restrict port', 'equal', { unsolicited: 'reset' });
  const router = lab.router({ wan: net, lans: [home], nat });
  const inside = lab.host({ name: 'inside', on: home });
  const walled = lab.host({ name: 'walled', on: net, firewall: firewallPreset() });
  const caller = lab.host({ name: 'caller', on: net });
  expect(await call(lab, caller, inside, router.outerIps[0] ?? '')).toBe('ECONNREFUSED');
  expect(await call(lab, caller, walled, walled.ip())).toBe('ETIMEDOUT');
  expect(await call(lab, walled, caller, caller.ip())).toBe(`${walled.ip()} in 40`);
});

test('network: up and down differ in delay and loss, and jitter keeps the order', async () => {
  const lab = createLab({ seed: 1 });
  const net = lab.internet();
  const up = { delay: 30, jitter: 20 };
  const a = lab.host({ name: 'a', on: [{ segment: net, up, down: { delay: 5 } }] });
  const b = lab.host({ name: 'b', on: net });
  const seen: [number, number][] = [];
  const server = await b.io.openUdp(
    { ip: b.ip(), port: 53 },
    {
      datagram(data, from) {
        seen.push([data[0] ?? 0, lab.now()]);
        server.send(data, from);
      },
    },
  );
  const back: number[] = [];
  const client = await a.io.openUdp({ ip: '0.0.0.0', port: 0 }, { datagram: () => back.push(lab.now()) });
  for (let i = 0; i < 100; i++) lab.clock.at(i, () => client.send(Uint8Array.of(i), server.local));
  await lab.advance(1_000);
  expect(seen.map(([n]) => n)).toEqual(Array.from({ length: 100 }, (_, i) => i));
  expect(seen.every(([n, at]) => at - n >= 30 && at - n <= 50)).toBe(true);
  expect(new Set(seen.map(([n, at]) => at - n)).size).toBeGreaterThan(20);
  expect(back).toEqual(seen.map(([, at]) => at + 5));
});

test('network: about as many datagrams are lost as the link says', async () => {
  const lab = createLab({ seed: 1 });
  const net = lab.internet({ loss: 0.1 });
  const [a, b] = [lab.host({ name: 'a', on: net }), lab.host({ name: 'b', on: net })];
  let count = 0;
  const server = await b.io.openUdp({ ip: '0.0.0.0', port: 53 }, { datagram: () => count++ });
  const client = await a.io.openUdp({ ip: a.ip(), port: 5353 }, { datagram: () => undefined });
  for (let i = 0; i < 2_000; i++) client.send(utf8('x'), { ip: b.ip(), port: server.local.port });
  await lab.advance(1);
  expect(count).toBeGreaterThan(1_700);
  expect(count).toBeLessThan(1_880);
  await expect(a.io.openUdp({ ip: '0.0.0.0', port: 5353 }, { datagram: () => undefined })).rejects.toThrow(
    'EADDRINUSE',
  );
  client.close();
  await a.io.openUdp({ ip: '0.0.0.0', port: 5353 }, { datagram: () => undefined });
});

test('network: packets do not go round in circles', async () => {
  const lab = createLab({ seed: 1 });
  const transit = lab.lan({ subnets: ['10.9.0.0/24'] });
  const home = lab.lan();
  lab.router({ name: 'r1', lans: [transit, home], routes: [{ to: '0.0.0.0/0', via: '10.9.0.2' }] });
  lab.router({ name: 'r2', lans: [transit], routes: [{ to: '0.0.0.0/0', via: '10.9.0.1' }] });
  const a = lab.host({ name: 'a', on: home, tcp: { synDelays: [1_000] } });
  const reasons = new Set<string | undefined>();
  lab.network.observe(({ fate, reason }) => fate === 'dropped' && reasons.add(reason));
  const outcome = a.io.dialTcp(null, { ip: '203.0.113.9', port: 80 }, never).catch(codeOf);
  expect([await lab.run(outcome), [...reasons]]).toEqual(['ETIMEDOUT', ['too many hops']]);
});

test('network: an unplugged machine is not among its interfaces, and packets to it are lost', async () => {
  const lab = createLab({ seed: 1 });
  const net = lab.internet({ delay: 20 });
  const [a, b] = [lab.host({ name: 'a', on: net }), lab.host({ name: 'b', on: net })];
  const stream = a.io.dialTcp(null, { ip: b.ip(), port: 80 }, never).catch(codeOf);
  lab.clock.at(10, () => lab.plug(b.nic('eth0'), false));
  lab.clock.at(900, () => lab.plug(b.nic('eth0'), true));
  await lab.runUntil(500);
  expect(await b.io.interfaces()).toEqual([]);
  expect([await lab.run(stream), lab.now()]).toEqual(['ECONNREFUSED', 1_040]);
});

test('network: wall clocks differ by what the test says, monotonic ones by nothing', async () => {
  const lab = createLab({ seed: 1 });
  const net = lab.internet();
  const [a, b] = [lab.host({ name: 'a', on: net }), lab.host({ name: 'b', on: net, clockOffset: -2_500 })];
  await lab.advance(1_000);
  expect([a.io.wallClock(), b.io.wallClock()]).toEqual([EPOCH + 1_000, EPOCH - 1_500]);
  expect([a.io.now(), b.io.now()]).toEqual([1_000, 1_000]);
});

test('network: an exception of the program under test fails the run', async () => {
  const lab = createLab({ seed: 1 });
  const net = lab.internet();
  const [a, b] = [lab.host({ name: 'a', on: net }), lab.host({ name: 'b', on: net })];
  await b.io.listenTcp({ ip: b.ip(), port: 80 }, (stream) => {
    const reader = collect(stream);
    stream.setReader({
      data: () => {
        throw new Error(`thrown by a reader, ${reader.events.length}`);
      },
      ended: () => undefined,
      closed: () => undefined,
      drained: () => undefined,
    });
  });
  const stream = await lab.run(a.io.dialTcp(null, { ip: b.ip(), port: 80 }, never));
  stream.write([utf8('x')]);
  await expect(lab.advance(100)).rejects.toThrow('thrown by a reader');
});

test('network: machines on the Internet are no neighbours: their prefix is a single address', async () => {
  const lab = createLab({ seed: 1 });
  const net = lab.internet({ subnets: ['203.0.113.0/24', '2001:db8:ff::/64'] });
  const own = lab.host({ name: 'a', on: [{ segment: net, addresses: ['203.0.113.77'] }] });
  const given = lab.host({ name: 'b', on: net });
  const prefixes = async (host: LabHost) =>
    (await host.io.interfaces()).flatMap(({ addresses }) => addresses.map(({ prefix }) => prefix));
  expect([await prefixes(own), await prefixes(given)]).toEqual([[32], [32, 128]]);
  const [nic] = await given.io.interfaces();
  expect([nic?.gateways, nic?.defaultRoute]).toEqual([
    { 4: null, 6: null },
    { 4: true, 6: true },
  ]);
});

test('network: the source address reaches as far as the destination (RFC 6724)', async () => {
  const lab = createLab({ seed: 1 });
  const net = lab.internet({ delay: 20, subnets: ['2001:db8:ff::/64'] });
  const home = lab.lan({ subnets: ['fd00:1::/64', '2001:db8:1::/64'] });
  lab.router({ wan: net, lans: [home] });
  const [a, b] = [lab.host({ name: 'a', on: home }), lab.host({ name: 'b', on: net })];
  const neighbour = lab.host({ name: 'c', on: home });
  expect(await call(lab, a, b, b.ip(6))).toBe('2001:db8:1::2 in 40');
  expect(await call(lab, a, neighbour, 'fd00:1::3')).toBe('fd00:1::2 in 0');
});
