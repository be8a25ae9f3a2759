import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createLab, type Lab, type LabHost, type LinkQuality } from '../../src/lab/index.ts';
import type { ByteStream } from '../../src/net/io/io.ts';
import { type Collected, collect, never, utf8 } from './stream-harness.ts';

interface Wire {
  readonly lab: Lab;
  readonly a: LabHost;
  readonly b: LabHost;
  readonly client: ByteStream;
  readonly server: ByteStream;
}

/**
 * A connection that is open on both sides; only then the link becomes as bad as asked for. (While it
 * opens, enough loss leaves a client with a server that has given up, which is TCP as it is.)
 */
async function wire(quality: LinkQuality = {}, seed: number | string = 1): Promise<Wire> {
  const lab = createLab({ seed });
  const net = lab.internet({ delay: 20 });
  const [a, b] = [lab.host({ name: 'a', on: net }), lab.host({ name: 'b', on: net })];
  let accepted: ByteStream | null = null;
  await b.io.listenTcp({ ip: b.ip(), port: 80 }, (stream) => {
    accepted = stream;
  });
  const client = await lab.run(a.io.dialTcp(null, { ip: b.ip(), port: 80 }, never));
  const until = async () => {
    while (accepted === null) await lab.clock.sleepUntil(lab.now() + 10);
    return accepted;
  };
  const server = await lab.run(until());
  net.quality = { delay: 20, ...quality };
  return { lab, a, b, client, server };
}

/** Writes as a well-behaved program does: waits for `drained` after a false. */
async function send(stream: ByteStream, reader: Collected, bytes: Uint8Array, chunk = 65_536): Promise<void> {
  for (let at = 0; at < bytes.length; at += chunk)
    if (!stream.write([bytes.subarray(at, at + chunk)])) await reader.drained();
  stream.end();
}

const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex');

test('tcp data: 5 MB arrive intact both ways with 3 % loss', async () => {
  const { lab, client, server } = await wire({ loss: 0.03 });
  const bytes = lab.random.bytes(5_000_000);
  const [atClient, atServer] = [collect(client), collect(server)];
  void send(client, atClient, bytes);
  void send(server, atServer, bytes);
  await lab.run(Promise.all([atClient.closed, atServer.closed]));
  expect([sha256(atClient.bytes()), sha256(atServer.bytes())]).toEqual([sha256(bytes), sha256(bytes)]);
  expect([atClient.events.at(-1), atServer.events.at(-1)]).toEqual(['closed', 'closed']);
  expect(lab.now()).toBeLessThan(60_000);
});

test('tcp data: any bytes in any pieces arrive in order, whatever is lost', async () => {
  const sizes = fc.array(fc.integer({ min: 0, max: 5_000 }), { maxLength: 20 });
  await fc.assert(
    fc.asyncProperty(
      sizes,
      fc.integer(),
      fc.double({ min: 0, max: 0.2, noNaN: true }),
      async (lengths, seed, loss) => {
        const { lab, client, server } = await wire({ loss, jitter: 10 }, seed);
        const chunks = lengths.map((length) => lab.random.bytes(length));
        const [atClient, atServer] = [collect(client), collect(server)];
        for (const chunk of chunks) {
          client.write([chunk.subarray(0, 7), chunk.subarray(7)]);
          await lab.advance(3);
        }
        client.end();
        server.end();
        await lab.run(Promise.all([atClient.closed, atServer.closed]), { within: 3_600_000 });
        expect(sha256(atServer.bytes())).toBe(sha256(new Uint8Array(Buffer.concat(chunks))));
        expect(atServer.events.slice(-2)).toEqual(['ended', 'closed']);
      },
    ),
    { numRuns: 60 },
  );
});

test('tcp data: after a half-close the other way stays open', async () => {
  const { lab, client, server } = await wire();
  const [atClient, atServer] = [collect(client), collect(server)];
  client.write([utf8('question')]);
  client.end();
  expect(client.write([utf8('too late')])).toBe(true);
  await lab.run(atServer.ended);
  expect([atServer.text(), atServer.events]).toEqual(['question', ['data 8', 'ended']]);
  await lab.advance(10_000);
  server.write([utf8('answer')]);
  await lab.advance(1_000);
  expect([atClient.text(), atClient.events]).toEqual(['answer', ['data 6']]);
  server.end();
  await lab.run(Promise.all([atClient.closed, atServer.closed]));
  expect([atClient.events.slice(1), atServer.events.slice(2)]).toEqual([['ended', 'closed'], ['closed']]);
});

test('tcp data: what came before a reader was set is not lost, nor the end, nor the close', async () => {
  const { lab, client, server } = await wire();
  client.write([utf8('early')]);
  client.end();
  server.end();
  await lab.advance(1_000);
  const late = collect(server);
  expect(late.events).toEqual([]);
  await lab.run(late.closed);
  expect([late.text(), late.events]).toEqual(['early', ['data 5', 'ended', 'closed']]);
});

test('tcp data: null pauses, and bytes given back come first', async () => {
  const { lab, client, server } = await wire();
  const seen: string[] = [];
  server.setReader({
    data(bytes) {
      seen.push(Buffer.from(bytes).toString());
      server.setReader(null);
      server.unread(utf8('-two'));
    },
    ended: () => seen.push('ended'),
    closed: () => seen.push('closed'),
    drained: () => undefined,
  });
  client.write([utf8('one-two')]);
  await lab.advance(100);
  client.write([utf8('-three')]);
  client.end();
  await lab.advance(100);
  expect(seen).toEqual(['one-two']);
  const rest = collect(server);
  await lab.run(rest.ended);
  expect(rest.text()).toBe('-two-three');
  expect(() => server.unread(utf8('x'))).toThrow('nobody reads');
});

test('tcp data: a reader that does not read stops the writer, and drained follows when it does', async () => {
  const { lab, client, server } = await wire();
  const atClient = collect(client);
  const chunk = new Uint8Array(65_536);
  let written = 0;
  for (let room = true; room && written < 10_000_000; written += chunk.length) {
    room = client.write([chunk]);
    await lab.advance(500);
  }
  expect(written).toBeLessThan(1_000_000);
  await lab.advance(120_000);
  expect(atClient.events).toEqual([]);
  const resumedAt = lab.now();
  const atServer = collect(server);
  await lab.run(atClient.drained());
  expect(lab.now() - resumedAt).toBeLessThanOrEqual(60);
  client.end();
  await lab.run(atServer.ended);
  expect([atServer.bytes().length, atClient.events]).toEqual([written, ['drained']]);
});

test('tcp data: one lost segment among many costs a round trip, the last of them a timeout', async () => {
  const elapsed = async (lostAt: number): Promise<number> => {
    const { lab, a, client, server } = await wire();
    const startedAt = lab.now();
    for (let i = 0; i < 20; i++) lab.clock.at(startedAt + i, () => client.write([Uint8Array.of(i)]));
    lab.clock.at(startedAt + lostAt - 0.5, () => lab.plug(a.nic('eth0'), false));
    lab.clock.at(startedAt + lostAt + 0.5, () => lab.plug(a.nic('eth0'), true));
    const got = collect(server);
    while (got.bytes().length < 20) await lab.advance(1);
    expect(got.bytes()).toEqual(Uint8Array.from({ length: 20 }, (_, i) => i));
    return lab.now() - startedAt;
  };
  // The last arrives at 39; the sixth is missed at 28 + 20 and sent again.
  expect([await elapsed(100), await elapsed(5)]).toEqual([39, 68]);
  expect(await elapsed(19)).toBeGreaterThan(19 + 200);
});

test('tcp data: a retransmission that arrives makes the next wait short again', async () => {
  const { lab, a, client, server } = await wire();
  const got = collect(server);
  for (const round of [1, 2, 3]) {
    lab.plug(a.nic('eth0'), false);
    client.write([Uint8Array.of(round)]);
    const startedAt = lab.now();
    await lab.advance(100);
    lab.plug(a.nic('eth0'), true);
    while (got.bytes().length < round) await lab.advance(1);
    expect(lab.now() - startedAt).toBe(40 + 200 + 20);
    await lab.advance(1_000);
  }
});

test('tcp data: a reset from outside the window is ignored', async () => {
  const { lab, a, b, client, server } = await wire();
  const got = collect(client);
  const flags = { syn: false, ack: false, fin: false, rst: true };
  const ends = { src: server.local, dst: server.remote, ttl: 64, data: new Uint8Array(0) };
  b.send({ ...ends, proto: 'tcp', flags, seq: -1_000_000, ack: 0, window: 0, sack: [] });
  await lab.advance(100);
  expect([got.events, a.tcp.sockets.map(({ state }) => state)]).toEqual([[], ['open']]);
});

test('tcp data: a write is copied at once', async () => {
  const { lab, client, server } = await wire();
  const atServer = collect(server);
  const bytes = utf8('before');
  client.write([bytes]);
  bytes.fill(0);
  await lab.advance(100);
  expect(atServer.text()).toBe('before');
});

test('tcp data: destroy with unread data resets the other side, without closes it cleanly', async () => {
  for (const unread of [true, false]) {
    const { lab, client, server } = await wire();
    const atClient = collect(client);
    if (unread) client.write([utf8('nobody reads this')]);
    await lab.advance(100);
    server.destroy();
    await lab.advance(100);
    expect(atClient.events).toEqual(unread ? ['closed ECONNRESET'] : ['ended']);
    const own = collect(server);
    await lab.advance(0);
    expect(own.events).toEqual(['closed']);
  }
});

test('tcp data: data for an end that was destroyed is answered by a reset', async () => {
  const { lab, client, server } = await wire();
  const atClient = collect(client);
  server.destroy();
  await lab.advance(100);
  client.write([utf8('are you there')]);
  await lab.run(atClient.closed);
  expect(atClient.events).toEqual(['ended', 'closed ECONNRESET']);
});

test('tcp data: nothing is called after closed, and closed once', async () => {
  const { lab, client, server } = await wire();
  const [atClient, atServer] = [collect(client), collect(server)];
  client.write([utf8('hello')]);
  client.destroy();
  client.destroy();
  await lab.run(Promise.all([atClient.closed, atServer.ended]));
  server.write([utf8('back')]);
  await lab.advance(10_000);
  expect(atClient.events).toEqual(['closed']);
  expect(atServer.events).toEqual(['data 5', 'ended', 'closed ECONNRESET']);
  expect(client.write([utf8('x')])).toBe(true);
});

test('tcp data: a peer that is unplugged is noticed when its time is up', async () => {
  const { lab, b, client } = await wire();
  const atClient = collect(client);
  lab.plug(b.nic('eth0'), false);
  client.write([utf8('hello')]);
  expect(await lab.run(atClient.closed, { within: 2_000_000 })).toBe('ETIMEDOUT');
  expect(lab.now()).toBeGreaterThan(600_000);
});

test('tcp data: no socket is left once both ends are closed and the time is over', async () => {
  const { lab, a, b, client, server } = await wire({ loss: 0.2 });
  const [atClient, atServer] = [collect(client), collect(server)];
  client.end();
  server.end();
  await lab.run(Promise.all([atClient.closed, atServer.closed]));
  await lab.advance(300_000);
  expect([a.tcp.sockets, b.tcp.sockets, lab.clock.pending]).toEqual([[], [], 0]);
});

test('lab: one seed gives one course of events, another seed another', async () => {
  const course = async (seed: number): Promise<string> => {
    const lab = createLab({ seed });
    const net = lab.internet({ delay: 20, jitter: 5, loss: 0.05 });
    const [a, b] = [lab.host({ name: 'a', on: net }), lab.host({ name: 'b', on: net })];
    const trace = lab.trace();
    await b.io.listenTcp({ ip: b.ip(), port: 80 }, (stream) => {
      const got = collect(stream);
      void got.ended.then(() => stream.end());
    });
    const stream = await lab.run(a.io.dialTcp(null, { ip: b.ip(), port: 80 }, never));
    const got = collect(stream);
    void send(stream, got, a.io.randomBytes(200_000));
    await lab.run(got.closed);
    return trace.join('\n');
  };
  const [first, again, other] = [await course(7), await course(7), await course(8)];
  expect(first.split('\n').length).toBeGreaterThan(400);
  expect(again).toBe(first);
  expect(other).not.toBe(first);
});
