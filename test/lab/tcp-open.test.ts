import { expect, test } from 'vitest';
import { createLab, type Lab, type LabHost, LINEAR_SYN_DELAYS } from '../../src/lab/index.ts';
import type { ByteStream } from '../../src/net/io/io.ts';
import type { Endpoint } from '../../src/net/wire/endpoint.ts';
import { codeOf, collect, never, utf8 } from './stream-harness.ts';

/** Two machines on the public Internet, 40 ms apart and back. */
function pair(options: { loss?: number } = {}): { lab: Lab; a: LabHost; b: LabHost } {
  const lab = createLab({ seed: 1 });
  const net = lab.internet({ delay: 20, ...options });
  return { lab, a: lab.host({ name: 'a', on: net }), b: lab.host({ name: 'b', on: net }) };
}

async function listen(
  host: LabHost,
  port: number,
): Promise<{ streams: ByteStream[]; close(): Promise<void> }> {
  const streams: ByteStream[] = [];
  const listener = await host.io.listenTcp({ ip: '0.0.0.0', port }, (stream) => streams.push(stream));
  return { streams, close: () => listener.close() };
}

const dial = (from: LabHost, to: LabHost, port: number, localPort = 0) =>
  from.io.dialTcp({ ip: '0.0.0.0', port: localPort }, { ip: to.ip(), port }, never);

/** When it failed and how. */
const failure = (lab: Lab, work: Promise<unknown>) =>
  lab.run(
    work.then(
      () => 'opened',
      (error) => `${codeOf(error)} at ${lab.now()}`,
    ),
    { within: 200_000 },
  );

test('tcp: opening to a listener costs one round trip', async () => {
  const { lab, a, b } = pair();
  const { streams } = await listen(b, 80);
  const stream = await lab.run(dial(a, b, 80, 5000));
  expect(lab.now()).toBe(40);
  expect([stream.local, stream.remote]).toEqual([
    { ip: a.ip(), port: 5000 },
    { ip: b.ip(), port: 80 },
  ]);
  await lab.advance(20);
  expect(streams.map(({ local, remote }) => [local, remote])).toEqual([[stream.remote, stream.local]]);
});

test('tcp: a closed port refuses after one round trip', async () => {
  const { lab, a, b } = pair();
  expect(await failure(lab, dial(a, b, 80))).toBe('ECONNREFUSED at 40');
});

test('tcp: an address that nobody has, or no way to it', async () => {
  const { lab, a } = pair();
  const dialTo = (ip: string) => a.io.dialTcp(null, { ip, port: 80 }, never);
  expect(await failure(lab, dialTo('2001:db8::1'))).toBe('EHOSTUNREACH at 0');
  expect(await failure(lab, dialTo('203.0.113.99'))).toBe('ETIMEDOUT at 127000');
});

test('tcp: a dropped SYN is sent again after 1, 3, 7… s', async () => {
  const { lab, a, b } = pair();
  await listen(b, 80);
  const syns: number[] = [];
  lab.network.observe(({ at, fate, node }) => {
    if (fate === 'sent' && node === 'a') syns.push(at);
  });
  lab.plug(b.nic('eth0'), false);
  const stream = dial(a, b, 80);
  await lab.runUntil(2_000);
  lab.plug(b.nic('eth0'), true);
  await lab.run(stream);
  expect([lab.now(), syns]).toEqual([3_040, [0, 1_000, 3_000, 3_040]]);
});

test('tcp: SYNs of a newer Linux come every second at first', async () => {
  const lab = createLab({ seed: 1 });
  const net = lab.internet({ delay: 20 });
  const a = lab.host({ name: 'a', on: net, tcp: { synDelays: LINEAR_SYN_DELAYS } });
  const syns: number[] = [];
  lab.network.observe(({ at, fate }) => fate === 'sent' && syns.push(at / 1000));
  const dialled = a.io.dialTcp(null, { ip: '203.0.113.99', port: 1 }, never);
  expect(await failure(lab, dialled)).toBe('ETIMEDOUT at 131000');
  expect(syns).toEqual([0, 1, 2, 3, 4, 5, 7, 11, 19, 35, 67]);
});

test('tcp: every loss pattern of the handshake ends open on both sides', async () => {
  for (let seed = 0; seed < 60; seed++) {
    const lab = createLab({ seed });
    const net = lab.internet({ delay: 20, loss: 0.4 });
    const [a, b] = [lab.host({ name: 'a', on: net }), lab.host({ name: 'b', on: net })];
    const { streams } = await listen(b, 80);
    const stream = await lab.run(dial(a, b, 80));
    stream.write([utf8('hello')]);
    await lab.advance(60_000);
    expect(streams.length).toBe(1);
    const got = collect(streams[0] as ByteStream);
    await lab.advance(0);
    expect(got.text()).toBe('hello');
  }
});

test('tcp: two SYNs that cross open one connection after one round trip', async () => {
  for (const late of [0, 5, 19]) {
    const { lab, a, b } = pair();
    const one = dial(a, b, 6000, 5000).then((stream) => ({ stream, at: lab.now() }));
    await lab.advance(late);
    const two = dial(b, a, 5000, 6000).then((stream) => ({ stream, at: lab.now() }));
    const [x, y] = await lab.run(Promise.all([one, two]));
    expect([x.at, y.at]).toEqual([40, late + 40]);
    x.stream.write([utf8('from a')]);
    y.stream.write([utf8('from b')]);
    const [atA, atB] = [collect(x.stream), collect(y.stream)];
    await lab.advance(50);
    expect([atA.text(), atB.text()]).toEqual(['from b', 'from a']);
  }
});

test('tcp: an aborted dial leaves nothing behind and the four-tuple free', async () => {
  const { lab, a, b } = pair();
  const abort = new AbortController();
  const first = a.io.dialTcp({ ip: a.ip(), port: 5000 }, { ip: b.ip(), port: 80 }, abort.signal);
  lab.clock.at(10, () => abort.abort(new Error('changed my mind')));
  expect(await failure(lab, first)).toBe('changed my mind at 10');
  expect(a.tcp.sockets).toEqual([]);
  await listen(b, 80);
  await lab.run(dial(a, b, 80, 5000));
  abort.abort();
  const late = a.io.dialTcp(null, { ip: b.ip(), port: 80 }, abort.signal);
  expect(await failure(lab, late)).toContain('changed my mind');
});

test('tcp: an end that was destroyed while the SYNs crossed closes the other side and keeps the four-tuple', async () => {
  const { lab, a, b } = pair();
  const abort = new AbortController();
  const one = a.io.dialTcp({ ip: a.ip(), port: 5000 }, { ip: b.ip(), port: 6000 }, abort.signal);
  const two = dial(b, a, 5000, 6000);
  lab.clock.at(30, () => abort.abort(new Error('too slow')));
  expect(await failure(lab, one)).toBe('too slow at 30');
  expect(await failure(lab, dial(a, b, 6000, 5000))).toBe('EADDRNOTAVAIL at 30');
  const got = collect(await lab.run(two));
  await lab.run(got.ended);
  expect(got.events).toEqual(['ended']);
});

test('tcp: a connection from a port to itself opens and reads its own bytes', async () => {
  const { lab, a } = pair();
  const self: Endpoint = { ip: a.ip(), port: 5000 };
  const stream = await lab.run(a.io.dialTcp(self, self, never));
  stream.write([utf8('echo')]);
  const got = collect(stream);
  await lab.advance(10);
  expect([stream.local, stream.remote, got.text()]).toEqual([self, self, 'echo']);
});

test('tcp: one machine reaches itself by loopback and by its own address', async () => {
  const { lab, a } = pair();
  const { streams } = await listen(a, 80);
  for (const ip of ['127.0.0.1', a.ip()]) await lab.run(a.io.dialTcp(null, { ip, port: 80 }, never));
  await lab.advance(0);
  expect([lab.now(), streams.map(({ remote }) => remote.ip)]).toEqual([0, ['127.0.0.1', a.ip()]]);
});

test('tcp: a thousand connections open in far under 5 s of real time', async () => {
  const { lab, a, b } = pair({ loss: 0.01 });
  const { streams } = await listen(b, 80);
  const startedAt = performance.now();
  await lab.run(Promise.all(Array.from({ length: 1_000 }, () => dial(a, b, 80))));
  await lab.advance(60_000);
  expect(performance.now() - startedAt).toBeLessThan(5_000);
  expect(streams.length).toBe(1_000);
});
