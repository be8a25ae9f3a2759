/** UDP allocations in virtual time, with a small server of the tests: asked for, used, kept, refused, gone. */
import { expect, test } from 'vitest';
import { createLab } from '../../../src/lab/index.ts';
import type { Io } from '../../../src/net/io/io.ts';
import { type AllocateTask, allocate } from '../../../src/net/turn/client.ts';
import { encodeChannelData } from '../../../src/net/turn/frame.ts';
import type { UdpRelay } from '../../../src/net/turn/udp-relay.ts';
import type { Endpoint } from '../../../src/net/wire/endpoint.ts';
import { LabTurnServer, TURN_USER, type TurnServerOptions } from '../../lab/turn-server.ts';

const never = new AbortController().signal;
const text = (bytes: Uint8Array) => Buffer.from(bytes).toString();

/** Whatever is sent, junk comes back as from there. */
function haunted(io: Io, junk: readonly Uint8Array[], from: Endpoint): Io {
  const openUdp: Io['openUdp'] = async (local, reader) => {
    const socket = await io.openUdp(local, reader);
    const send: typeof socket.send = (data, remote) => {
      for (const bytes of junk) reader.datagram(bytes, from);
      socket.send(data, remote);
    };
    return { ...socket, send };
  };
  return new Proxy(io, {
    get(target, name) {
      const value: unknown = name === 'openUdp' ? openUdp : Reflect.get(target, name);
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });
}

async function place(options: Partial<TurnServerOptions> = {}) {
  const lab = createLab({ seed: 1 });
  const net = lab.internet({ delay: 10 });
  const [host, a, b] = ['relay', 'a', 'b'].map((name) => lab.host({ name, on: net }));
  if (!host || !a || !b) throw new Error('no hosts');
  const at = { ip: host.ip(), port: 3478 };
  const server = new LabTurnServer({ io: host.io, at, ...options });
  await lab.run(server.start());
  const lost: string[] = [];
  const open = (task: Partial<AllocateTask> = {}) =>
    allocate({
      io: a.io,
      server: at,
      transport: 'udp',
      host: at.ip,
      credentials: TURN_USER,
      known: null,
      family: 4,
      wants: ['udp'],
      peers: [],
      arrived: () => undefined,
      lost: (reason) => lost.push(reason),
      signal: never,
      ...task,
    });
  /** The same, its datagrams noted. */
  const openUdp = async (task: Partial<AllocateTask> = {}) => {
    const relay = (await lab.run(open(task))) as UdpRelay;
    const came: [string, Endpoint][] = [];
    relay.use({ datagram: (data, from) => came.push([text(data), from]) }, () => undefined);
    return { relay, came, relayed: relay.lease.relayed ?? { ip: '', port: 0 } };
  };
  const peer = async () => {
    const came: [string, Endpoint][] = [];
    const datagram = (data: Uint8Array, from: Endpoint) => came.push([text(data), from]);
    const socket = await lab.run(b.io.openUdp({ ip: b.ip(), port: 0 }, { datagram }));
    return { socket, came };
  };
  return { lab, host, at, a, b, server, lost, open, openUdp, peer };
}

for (const transport of ['udp', 'tcp'] as const)
  test(`UDP relay over ${transport}: indications first, then a channel, both ways; nothing from who is not permitted`, async () => {
    const { lab, b, openUdp, peer, server } = await place();
    const began = lab.now();
    const { relay, came, relayed } = await openUdp({ transport });
    // The challenge and the allocation: two round trips of 20 ms, and over TCP one more.
    expect(lab.now() - began).toBeLessThanOrEqual(transport === 'udp' ? 42 : 62);
    const { socket, came: theirs } = await peer();
    socket.send(Buffer.from('not yet'), relayed);
    await lab.advance(100);
    expect(came).toEqual([]);
    await lab.run(relay.lease.permit([b.ip()]));
    socket.send(Buffer.from('hello'), relayed);
    await lab.advance(100);
    expect(came).toEqual([['hello', { ip: b.ip(), port: socket.local.port }]]);
    relay.send(Buffer.from('answer'), { ip: b.ip(), port: socket.local.port });
    await lab.advance(100);
    expect(theirs).toEqual([['answer', relayed]]);
    await lab.run(relay.bind({ ip: b.ip(), port: socket.local.port }));
    relay.send(Buffer.from('by channel'), { ip: b.ip(), port: socket.local.port });
    socket.send(Buffer.from('back'), relayed);
    await lab.advance(100);
    expect([came.at(-1)?.[0], theirs.at(-1)?.[0]]).toEqual(['back', 'by channel']);
    expect(server.seen.slice(-3)).toEqual(['send', 'channel-bind', 'channel-data']);
  });

test('UDP relay: lives for hours, its permission and channel too, with nonces that get stale', async () => {
  const { lab, b, openUdp, peer, server, lost } = await place({ nonceLife: 900_000 });
  const { relay, came, relayed } = await openUdp();
  const { socket, came: theirs } = await peer();
  const to = { ip: b.ip(), port: socket.local.port };
  await lab.run(relay.lease.permit([b.ip()]));
  await lab.run(relay.bind(to));
  await lab.advance(4 * 3_600_000);
  relay.send(Buffer.from('late'), to);
  socket.send(Buffer.from('later'), relayed);
  await lab.advance(100);
  expect([came.at(-1)?.[0], theirs.at(-1)?.[0], lost, server.allocations]).toEqual(['later', 'late', [], 1]);
  relay.lease.close();
  await lab.advance(100);
  expect([server.allocations, lost]).toEqual([0, []]);
});

test('UDP relay: what gets lost is asked again after 100, 300, 700 ms; silence is told after 5 s', async () => {
  const times: number[] = [];
  let isDeaf = true;
  const { lab, open, server } = await place({
    loses: () => {
      times.push(lab.now());
      return isDeaf;
    },
  });
  await expect(lab.run(open())).rejects.toThrow('the relay does not answer');
  const [first = 0] = times;
  expect(times.map((at) => at - first)).toEqual([0, 100, 300, 700, 1_500, 3_100]);
  isDeaf = false;
  await lab.run(open());
  expect(server.allocations).toBe(1);
});

test('UDP relay: a server that relays no TCP is asked for UDP on the same connection, and nothing else is hidden', async () => {
  const { lab, open, server } = await place();
  const began = lab.now();
  const relay = await lab.run(open({ transport: 'tcp', wants: ['tcp', 'udp'] }));
  expect([relay.transport, server.allocations]).toEqual(['udp', 1]);
  // One round trip more than for UDP at once.
  expect(lab.now() - began).toBeLessThanOrEqual(82);
  await expect(lab.run(open({ transport: 'tcp', wants: ['tcp'] }))).rejects.toThrow(
    'it does not relay over this transport (442)',
  );
  const wrong = { ...TURN_USER, credential: 'guess' };
  for (const transport of ['udp', 'tcp'] as const)
    await expect(lab.run(open({ transport, credentials: wrong, wants: ['udp'] }))).rejects.toThrow(
      'does not accept our username or password (401)',
    );
});

test('UDP relay: quota, and the server that everybody is sent to, are told', async () => {
  const { lab, open } = await place({ refuses: ({ method }) => (method === 'allocate' ? 486 : null) });
  await expect(lab.run(open())).rejects.toThrow('the quota of this user is used up (486)');
  const other = { ip: '203.0.113.77', port: 3478 };
  const { lab: lab2, open: open2 } = await place({ alternate: other });
  await expect(lab2.run(open2())).rejects.toMatchObject({ code: 300, alternate: other });
});

test('UDP relay: where one address is forbidden the others are permitted; where all are it is told', async () => {
  const isPrivate = (ip: string) => ip.startsWith('192.168.');
  const { lab, b, openUdp, peer } = await place({
    refuses: (message) =>
      message.method === 'create-permission' && message.peerIps().some(isPrivate) ? 403 : null,
  });
  const { relay, came, relayed } = await openUdp();
  await lab.run(relay.lease.permit(['192.168.1.2', b.ip(), '192.168.1.3']));
  const { socket } = await peer();
  socket.send(Buffer.from('let in'), relayed);
  await lab.advance(100);
  expect(came.map(([word]) => word)).toEqual(['let in']);
  await expect(lab.run(relay.lease.permit(['192.168.1.4', '192.168.1.5']))).rejects.toThrow('403');
});

test('UDP relay: a server that has forgotten it is noticed at the next refresh', async () => {
  const { lab, openUdp, server, lost } = await place();
  await openUdp();
  server.forget();
  await lab.advance(600_000);
  expect(lost).toEqual(['the relay refused: it has lost the allocation, or has another one (437)']);
});

test('UDP relay: too large a datagram is dropped, and ends nothing', async () => {
  const { lab, b, openUdp, lost, peer } = await place();
  for (const transport of ['udp', 'tcp'] as const) {
    const { relay, came, relayed } = await openUdp({ transport });
    await lab.run(relay.lease.permit([b.ip()]));
    const { socket } = await peer();
    socket.send(new Uint8Array(9_000), relayed);
    socket.send(Buffer.from('fine'), relayed);
    await lab.advance(100);
    expect([came.map(([word]) => word), lost]).toEqual([['fine'], []]);
  }
});

test('UDP relay: junk in the name of the server, and what others send, change nothing', async () => {
  const { lab, a, b, at, openUdp, lost } = await place();
  const junk = [Uint8Array.of(0xff), Uint8Array.of(0x40, 1, 0, 9), new Uint8Array(30), new Uint8Array(0)];
  const channelData = encodeChannelData({ channel: 0x4000, data: Buffer.from('forged') }, false);
  for (const io of [haunted(a.io, junk, at), haunted(a.io, [channelData], { ip: b.ip(), port: 3478 })]) {
    const { relay, came } = await openUdp({ io });
    await lab.run(relay.bind({ ip: b.ip(), port: 5_000 }));
    relay.send(Buffer.from('.'), { ip: b.ip(), port: 5_000 });
    await lab.advance(100);
    expect([came, lost, relay.lease.over.aborted]).toEqual([[], [], false]);
  }
});
