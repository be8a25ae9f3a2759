/** The rules for local ports as measured with Node 20 on Linux. */
import { beforeEach, expect, test } from 'vitest';
import { createLab, type Lab, type LabHost } from '../../src/lab/index.ts';
import { codeOf, collect, never, utf8 } from './stream-harness.ts';

const P = 5000;
let lab: Lab;
let a: LabHost;
let b: LabHost;

beforeEach(() => {
  lab = createLab({ seed: 1 });
  const net = lab.internet({ delay: 20, subnets: ['203.0.113.0/24', '2001:db8::/64'] });
  a = lab.host({ name: 'a', on: net });
  b = lab.host({ name: 'b', on: net });
});

const listen = (host: LabHost, port: number, ip = '0.0.0.0') =>
  host.io.listenTcp({ ip, port }, () => undefined);
const dial = (port: number, local = { ip: '0.0.0.0', port: P }) =>
  a.io.dialTcp(local, { ip: b.ip(), port }, never);
const outcome = (work: Promise<unknown>) => lab.run(work.then(() => 'ok', codeOf));

test('ports: several connections leave one local port for different destinations', async () => {
  await Promise.all([81, 82, 83].map((port) => listen(b, port)));
  expect(await outcome(Promise.all([81, 82, 83].map((port) => dial(port))))).toBe('ok');
});

test('ports: one four-tuple is used once', async () => {
  await listen(b, 80);
  expect(await outcome(dial(80))).toBe('ok');
  expect(await outcome(dial(80))).toBe('EADDRNOTAVAIL');
});

test('ports: nobody connects from a port that somebody listens on', async () => {
  await listen(b, 80);
  const listener = await listen(a, P);
  for (const ip of ['0.0.0.0', a.ip()]) expect(await outcome(dial(80, { ip, port: P }))).toBe('EADDRINUSE');
  await listener.close();
  expect(await outcome(dial(80))).toBe('ok');
});

test('ports: a listener comes to a port that connections use, and they go on', async () => {
  const served: string[] = [];
  await b.io.listenTcp({ ip: '0.0.0.0', port: 80 }, (stream) => {
    stream.setReader({
      data: (bytes) => served.push(Buffer.from(bytes).toString()),
      ended: () => undefined,
      closed: () => undefined,
      drained: () => undefined,
    });
  });
  const pending = dial(81).then(() => 'ok', codeOf);
  const open = await lab.run(dial(80));
  const strangers: number[] = [];
  await a.io.listenTcp({ ip: '0.0.0.0', port: P }, (stream) => strangers.push(stream.remote.port));
  open.write([utf8('still here')]);
  await lab.run(b.io.dialTcp({ ip: b.ip(), port: 7777 }, { ip: a.ip(), port: P }, never));
  await lab.advance(20);
  expect([served, strangers]).toEqual([['still here'], [7777]]);
  expect(await outcome(dial(82))).toBe('EADDRINUSE');
  expect(await lab.run(pending)).toBe('ECONNREFUSED');
});

test('ports: two listeners share a port only on different addresses or families', async () => {
  expect(await outcome(listen(a, P, a.ip()))).toBe('ok');
  expect(await outcome(listen(a, P, a.ip()))).toBe('EADDRINUSE');
  expect(await outcome(listen(a, P, '0.0.0.0'))).toBe('EADDRINUSE');
  expect(await outcome(listen(a, P, '127.0.0.1'))).toBe('ok');
  expect(await outcome(listen(a, P, '::'))).toBe('ok');
});

test('ports: an address of another machine cannot be bound', async () => {
  expect(await outcome(listen(a, P, b.ip()))).toBe('EADDRNOTAVAIL');
  expect(await outcome(dial(80, { ip: b.ip(), port: P }))).toBe('EADDRNOTAVAIL');
  expect(await outcome(dial(80, { ip: '::', port: P }))).toBe('EINVAL');
});

test('ports: TIME-WAIT, a reset and an aborted dial do not keep a four-tuple', async () => {
  await b.io.listenTcp({ ip: '0.0.0.0', port: 80 }, (stream) => {
    const got = collect(stream);
    void got.ended.then(() => stream.end());
  });
  const first = await lab.run(dial(80));
  first.end();
  await lab.run(collect(first).closed);
  await lab.advance(200);
  expect(a.tcp.sockets.map(({ state }) => state)).toEqual(['time-wait']);
  const second = await lab.run(dial(80));
  second.destroy();
  await lab.advance(60_000);
  const abort = new AbortController();
  const third = a.io.dialTcp({ ip: '0.0.0.0', port: P }, { ip: b.ip(), port: 80 }, abort.signal);
  abort.abort(new Error('aborted'));
  expect(await outcome(third)).toBe('aborted');
  expect(await outcome(dial(80))).toBe('ok');
});

test('ports: port 0 gives each its own port, listener and connection', async () => {
  await listen(b, 80);
  const listeners = await Promise.all([listen(a, 0), listen(a, 0)]);
  const streams = await lab.run(Promise.all([1, 2, 3].map(() => dial(80, { ip: a.ip(), port: 0 }))));
  const ports = [...listeners, ...streams].map(({ local }) => local.port);
  expect(new Set(ports).size).toBe(5);
  expect(ports.every((port) => port >= 32_768 && port <= 60_999)).toBe(true);
});

test('ports: a closed listener takes nobody, not even those half open', async () => {
  const listener = await listen(b, 80);
  const stream = dial(80);
  await lab.advance(30);
  await listener.close();
  const opened = await lab.run(stream);
  expect(await lab.run(collect(opened).closed)).toBe('ECONNRESET');
  expect(await outcome(dial(80, { ip: '0.0.0.0', port: P + 1 }))).toBe('ECONNREFUSED');
});
