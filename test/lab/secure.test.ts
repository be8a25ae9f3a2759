import { expect, test } from 'vitest';
import { createLab, type Lab, type LabHost } from '../../src/lab/index.ts';
import type { ByteStream, SecureStream } from '../../src/net/io/io.ts';
import { AlertError, encodeAlert } from '../../src/net/wire/alert.ts';
import { codeOf, collect, never, utf8 } from './stream-harness.ts';

const PSK = new Uint8Array(32).fill(7);
const OTHER = new Uint8Array(32).fill(8);

interface Wire {
  readonly lab: Lab;
  readonly a: LabHost;
  readonly b: LabHost;
  readonly client: ByteStream;
  readonly server: ByteStream;
}

/** A connection that is open on both sides at time 60, RTT 40. */
async function wire(): Promise<Wire> {
  const lab = createLab({ seed: 1 });
  const net = lab.internet({ delay: 20 });
  const [a, b] = [lab.host({ name: 'a', on: net }), lab.host({ name: 'b', on: net })];
  const accepted: ByteStream[] = [];
  await b.io.listenTcp({ ip: b.ip(), port: 80 }, (stream) => accepted.push(stream));
  const client = await lab.run(a.io.dialTcp(null, { ip: b.ip(), port: 80 }, never));
  await lab.runUntil(60);
  const [server] = accepted;
  if (server === undefined) throw new Error('nobody was accepted');
  return { lab, a, b, client, server };
}

async function secured(w: Wire): Promise<[SecureStream, SecureStream]> {
  return w.lab.run(
    Promise.all([
      w.a.io.secure(w.client, 'client', PSK, never),
      w.b.io.secure(w.server, 'server', PSK, never),
    ]),
  );
}

/** What becomes of both sides. */
const outcomes = (lab: Lab, ...sides: Promise<unknown>[]) =>
  lab.run(Promise.all(sides.map((side) => side.then(() => 'secured', codeOf))));

test('secure: the client is done after one round trip, the server half a one later', async () => {
  const { lab, a, b, client, server } = await wire();
  const at = (name: string) => () => `${name} ${lab.now() - 60}`;
  const sides = [
    a.io.secure(client, 'client', PSK, never).then(at('client')),
    b.io.secure(server, 'server', PSK, never).then(at('server')),
  ];
  expect(await lab.run(Promise.all(sides))).toEqual(['client 40', 'server 60']);
});

test('secure: data that the client sends right after the server flight arrives with its finished', async () => {
  const { lab, a, b, client, server } = await wire();
  const atServer = b.io.secure(server, 'server', PSK, never).then(collect);
  const stream = await lab.run(a.io.secure(client, 'client', PSK, never));
  stream.write([utf8('first '), utf8('flight')]);
  const got = await lab.run(atServer);
  await lab.advance(0);
  expect([got.text(), lab.now() - 60]).toEqual(['first flight', 60]);
});

test('secure: data in one piece with the last of the handshake is not lost', async () => {
  const { lab, a, b, client, server } = await wire();
  const merged: ByteStream = {
    transport: 'tcp',
    local: server.local,
    remote: server.remote,
    unread: (bytes) => server.unread(bytes),
    write: (chunks) => server.write(chunks),
    end: () => server.end(),
    destroy: () => server.destroy(),
    setReader(reader) {
      const held: Uint8Array[] = [];
      const flush = () => reader?.data(new Uint8Array(Buffer.concat(held.splice(0))));
      const data = (bytes: Uint8Array) => {
        if (held.push(bytes) === 1) lab.clock.after(5, flush);
      };
      server.setReader(reader && { ...reader, data });
    },
  };
  const atServer = b.io.secure(merged, 'server', PSK, never).then(collect);
  const stream = await lab.run(a.io.secure(client, 'client', PSK, never));
  stream.write([utf8('one ')]);
  stream.write([utf8('two')]);
  const got = await lab.run(atServer);
  await lab.advance(0);
  expect(got.text()).toBe('one two');
});

test('secure: both ends share an exporter that no other connection has', async () => {
  const [first, second] = [await secured(await wire()), await wire()];
  expect(first[0].exporter).toEqual(first[1].exporter);
  expect(first[0].exporter.length).toBe(32);
  await second.lab.advance(1);
  second.a.io.randomBytes(1);
  const [client, server] = await secured(second);
  expect(client.exporter).toEqual(server.exporter);
  expect(client.exporter).not.toEqual(first[0].exporter);
});

test('secure: another key fails on both sides, and both streams are gone', async () => {
  const { lab, a, b, client, server } = await wire();
  const sides = [a.io.secure(client, 'client', OTHER, never), b.io.secure(server, 'server', PSK, never)];
  expect(await outcomes(lab, ...sides)).toEqual([
    'the peer refused (TLS alert 51)',
    'binder does not verify',
  ]);
  await lab.advance(1_000);
  expect([a.tcp.sockets, b.tcp.sockets].flat().filter(({ state }) => state === 'open')).toEqual([]);
});

test('secure: garbage, a hang-up and an abort fail, and destroy the stream', async () => {
  const garbage = await wire();
  garbage.client.write([utf8('GET / HTTP/1.1')]);
  const refused = garbage.b.io.secure(garbage.server, 'server', PSK, never);
  expect(await outcomes(garbage.lab, refused)).toEqual(['wrong version number: this is no TLS record']);
  expect(await garbage.lab.run(collect(garbage.server).closed)).toBe(null);

  const hungUp = await wire();
  hungUp.client.end();
  const left = hungUp.b.io.secure(hungUp.server, 'server', PSK, never);
  expect(await outcomes(hungUp.lab, left)).toEqual(['closed during the TLS handshake']);

  const aborted = await wire();
  const abort = new AbortController();
  const stopped = aborted.b.io.secure(aborted.server, 'server', PSK, abort.signal);
  aborted.lab.clock.at(100, () => abort.abort(new Error('too slow')));
  expect([await outcomes(aborted.lab, stopped), aborted.lab.now()]).toEqual([['too slow'], 100]);
  expect(
    await outcomes(aborted.lab, aborted.a.io.secure(aborted.client, 'client', PSK, abort.signal)),
  ).toEqual(['too slow']);
});

test('secure: an alert in the clear reaches the client as what it says', async () => {
  const { lab, a, client, server } = await wire();
  const error = a.io.secure(client, 'client', PSK, never).catch((reason: unknown) => reason);
  server.write([encodeAlert('not-allowed')]);
  server.end();
  const reason = await lab.run(error);
  expect(reason).toBeInstanceOf(AlertError);
  expect((reason as AlertError).alert).toBe('not-allowed');
});

test('secure: two clients, or a server that gets a data record, do not get along', async () => {
  const { lab, a, b, client, server } = await wire();
  const sides = [a.io.secure(client, 'client', PSK, never), b.io.secure(server, 'client', PSK, never)];
  expect(await outcomes(lab, ...sides)).toEqual(['unexpected message', 'unexpected message']);
  const second = await wire();
  second.client.write([Uint8Array.of(23, 3, 3, 0, 1, 0)]);
  expect(await outcomes(second.lab, second.b.io.secure(second.server, 'server', PSK, never))).toEqual([
    'unexpected message',
  ]);
});

test('secure: takes up what was read from the stream and given back', async () => {
  const { lab, a, b, client, server } = await wire();
  client.write([utf8('PRE')]);
  const inside = a.io.secure(client, 'client', PSK, never);
  const outside = new Promise<SecureStream>((resolve, reject) => {
    server.setReader({
      data(bytes) {
        server.setReader(null);
        server.unread(bytes.subarray(3));
        b.io.secure(server, 'server', PSK, never).then(resolve, reject);
      },
      ended: () => undefined,
      closed: () => undefined,
      drained: () => undefined,
    });
  });
  const [one, two] = await lab.run(Promise.all([inside, outside]));
  expect(one.exporter).toEqual(two.exporter);
});

test('secure: a megabyte each way, half-close and close are as on the bare stream', async () => {
  const w = await wire();
  const [client, server] = await secured(w);
  const bytes = w.lab.random.bytes(1_000_000);
  const [atClient, atServer] = [collect(client), collect(server)];
  const send = async (stream: SecureStream, drained: () => Promise<void>) => {
    for (let at = 0; at < bytes.length; at += 50_000)
      if (!stream.write([bytes.subarray(at, at + 50_000)])) await drained();
    stream.end();
  };
  void send(client, atClient.drained);
  await w.lab.run(atServer.ended);
  expect(Buffer.compare(atServer.bytes(), bytes)).toBe(0);
  expect(atClient.events.filter((event) => event !== 'drained')).toEqual([]);
  void send(server, atServer.drained);
  await w.lab.run(Promise.all([atClient.closed, atServer.closed]));
  expect(Buffer.compare(atClient.bytes(), bytes)).toBe(0);
  expect([atClient.events.slice(-2), atServer.events.at(-1)]).toEqual([['ended', 'closed'], 'closed']);
});

test('secure: a flipped bit ends the connection on both sides', async () => {
  const w = await wire();
  const [client, server] = await secured(w);
  const [atClient, atServer] = [collect(client), collect(server)];
  client.write([utf8('fine')]);
  w.client.write([Uint8Array.of(23, 3, 3, 0, 20, ...new Uint8Array(20))]);
  expect(await w.lab.run(atServer.closed)).toBe('decryption failed or bad record mac');
  expect(await w.lab.run(atClient.closed)).toBe('the peer refused (TLS alert 20)');
  expect(atServer.text()).toBe('fine');
});

test('secure: a record that is sent once more ends the connection', async () => {
  const w = await wire();
  const [client, server] = await secured(w);
  const atServer = collect(server);
  let record: Uint8Array | null = null;
  w.lab.network.observe(({ node, fate, packet }) => {
    if (node === 'a' && fate === 'sent' && packet.data.length > 0) record ??= packet.data;
  });
  client.write([utf8('pay 5')]);
  if (record === null) throw new Error('nothing was sent');
  w.client.write([record]);
  expect(await w.lab.run(atServer.closed)).toBe('decryption failed or bad record mac');
  expect(atServer.text()).toBe('pay 5');
});

test('secure: a paused reader loses nothing and may give bytes back', async () => {
  const w = await wire();
  const [client, server] = await secured(w);
  client.write([utf8('early')]);
  client.end();
  await w.lab.advance(1_000);
  server.unread(utf8('very '));
  const got = collect(server);
  await w.lab.run(got.ended);
  expect(got.text()).toBe('very early');
});
