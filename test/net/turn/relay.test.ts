/** Our TURN client with our server, in virtual time: allocated, used by a peer, kept, refused, gone. */
import { expect, test } from 'vitest';
import { createLab } from '../../../src/lab/index.ts';
import type { ByteStream } from '../../../src/net/io/io.ts';
import { TURN_LIMITS } from '../../../src/net/limits.ts';
import { startStunServer } from '../../../src/net/stun/server.ts';
import { allocate } from '../../../src/net/turn/client.ts';
import { type Credentials, limitedCredentials } from '../../../src/net/turn/credentials.ts';
import { isTurn } from '../../../src/net/turn/message.ts';
import type { Acquaintance } from '../../../src/net/turn/requests.ts';
import { TurnServer } from '../../../src/net/turn/server.ts';

const SECRET = new Uint8Array(32).fill(9);

async function place(seed = 1) {
  const lab = createLab({ seed });
  const net = lab.internet({ delay: 10 });
  const [host, a, b, c] = ['relay', 'a', 'b', 'c'].map((name) => lab.host({ name, on: net }));
  if (!host || !a || !b || !c) throw new Error('no hosts');
  const ipOf = async (of: typeof host) =>
    (await of.io.interfaces())[0]?.addresses.find((one) => one.family === 4)?.ip ?? '';
  const server = { ip: await lab.run(ipOf(host)), port: 3478 };
  const refused: string[] = [];
  const turn = new TurnServer({
    io: host.io,
    secret: SECRET,
    report: ({ what, detail = '' }) => what === 'refused' && refused.push(detail),
  });
  const others = { takes: isTurn, serve: turn.serve.bind(turn) };
  const stun = {
    io: host.io,
    udp: [server],
    alternatePort: null,
    tcp: true,
    report: () => undefined,
    others,
  };
  await lab.run(startStunServer(stun));
  const came: ByteStream[] = [];
  const lost: string[] = [];
  const credentials = limitedCredentials(SECRET, host.io.wallClock() / 1000 + 3_600_000, 'ab');
  const open = (with_: Credentials = credentials, io = a.io, known: Acquaintance | null = null) =>
    allocate({
      io,
      server,
      transport: 'tcp',
      host: server.ip,
      family: 4,
      wants: ['tcp'],
      peers: [],
      credentials: with_,
      known,
      arrived: (stream) => came.push(stream),
      lost: (reason) => lost.push(reason),
      signal: new AbortController().signal,
    });
  return { lab, turn, server, a, b, c, came, lost, refused, credentials, open, ipOf };
}

function reader(stream: ByteStream) {
  const state = { text: '', isOver: false };
  stream.setReader({
    data: (bytes) => {
      state.text += Buffer.from(bytes).toString();
    },
    ended: () => {
      state.isOver = true;
    },
    closed: () => {
      state.isOver = true;
    },
    drained: () => undefined,
  });
  return state;
}

test('relay: a permitted peer dials, both ways carry, the first bytes are not lost; others are turned away', async () => {
  const { lab, open, b, c, came, ipOf } = await place();
  const began = lab.now();
  const relay = await lab.run(open());
  // TCP, the challenge, the allocation: three round trips of 20 ms.
  expect(lab.now() - began).toBeLessThanOrEqual(62);
  const again = lab.now();
  await lab.run(open(undefined, undefined, relay.lease.known));
  expect(lab.now() - again).toBeLessThanOrEqual(42);
  await lab.run(relay.lease.permit([await lab.run(ipOf(b))]));
  const { relayed } = relay.lease;
  if (relayed === null) throw new Error('no relayed address');
  const never = new AbortController().signal;
  const stream = await lab.run(b.io.dialTcp(null, relayed, never));
  stream.write([Buffer.from('first ')]);
  const theirs = reader(stream);
  await lab.advance(200);
  const [bound] = came;
  if (bound === undefined) throw new Error('nobody came');
  const ours = reader(bound);
  stream.write([Buffer.from('second')]);
  bound.write([Buffer.from('answer')]);
  await lab.advance(200);
  expect([ours.text, theirs.text]).toEqual(['first second', 'answer']);
  const stranger = reader(await lab.run(c.io.dialTcp(null, relayed, never)));
  await lab.advance(200);
  expect([stranger.isOver, came.length]).toEqual([true, 1]);
  stream.end();
  await lab.advance(200);
  expect(ours.isOver).toBe(true);
});

test('relay: kept for hours, given back when it is closed, its streams with it', async () => {
  const { lab, open, turn, b, came, lost, ipOf } = await place(2);
  const relay = await lab.run(open());
  await lab.run(relay.lease.permit([await lab.run(ipOf(b))]));
  await lab.advance(4 * 3_600_000);
  expect([lost, turn.allocations]).toEqual([[], 1]);
  const relayed = relay.lease.relayed ?? { ip: '', port: 0 };
  const stream = reader(await lab.run(b.io.dialTcp(null, relayed, new AbortController().signal)));
  await lab.advance(200);
  expect(came).toHaveLength(1);
  relay.lease.close();
  await lab.advance(200);
  expect([turn.allocations, stream.isOver, lost]).toEqual([0, true, []]);
});

test('relay: a wrong password is told at once, an expired name too; quotas hold', async () => {
  const { lab, open, credentials, c, refused } = await place(3);
  const wrong = { ...credentials, credential: 'guess' };
  await expect(lab.run(open(wrong))).rejects.toThrow('does not accept our username or password (401)');
  const old = limitedCredentials(SECRET, 1, 'ab');
  await expect(lab.run(open(old))).rejects.toThrow('username or password');
  expect(refused).toContain('wrong credentials');
  for (let i = 0; i < TURN_LIMITS.allocationsPerUser; i++) await lab.run(open());
  await expect(lab.run(open())).rejects.toThrow('the quota of this user is used up (486)');
  await expect(lab.run(open(credentials, c.io))).rejects.toThrow('486');
});

test('relay: a server that ends is noticed', async () => {
  const { lab, open, turn, lost } = await place(4);
  await lab.run(open());
  await lab.run(turn.close());
  await lab.advance(200);
  expect(lost).toEqual(['the relay hung up']);
});
