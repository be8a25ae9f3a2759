import { expect, test } from 'vitest';
import { createLab, type Lab, natPreset } from '../../src/lab/index.ts';
import { parseAddress } from '../../src/net/address.ts';
import { P2pdError } from '../../src/net/errors.ts';
import { ATTEMPT_DELAY, ATTEMPT_TIMEOUT } from '../../src/net/timing.ts';
import { startLabNode } from '../helpers/lab-node.ts';

/** Two nodes on one LAN of 20 ms each way. */
async function neighbours(seed = 1, quality: object = { delay: 20 }) {
  const lab = createLab({ seed });
  const lan = lab.lan({ subnets: ['192.168.1.0/24', '2001:db8:1::/64'], ...quality });
  const [a, b] = [lab.host({ name: 'a', on: lan }), lab.host({ name: 'b', on: lan })];
  return { lab, lan, a, b, alice: await startLabNode(lab, a), bob: await startLabNode(lab, b) };
}

/** The code of the error that a promise ends in. */
async function codeOf(lab: Lab, work: Promise<unknown>): Promise<string> {
  const error = await lab.run(work.then(() => 'no error').catch((reason: unknown) => reason));
  return error instanceof P2pdError ? error.code : String(error);
}

test('node: connects in three round trips, and both sides know who the other is', async () => {
  const { lab, alice, bob } = await neighbours();
  const pipe = await lab.run(alice.node.connect(bob.node.address));
  await lab.advance(100);
  const [open] = alice.of('open');
  expect(open).toMatchObject({
    peer: bob.node.nodeId,
    initiator: true,
    path: 'local',
    family: 4,
    method: 'direct',
  });
  expect(open?.elapsed).toBeLessThanOrEqual(3 * 40 + 3);
  expect(open?.rtt).toBeGreaterThanOrEqual(40);
  expect(bob.of('open')).toMatchObject([{ pipe: pipe.id, peer: alice.node.nodeId, initiator: false }]);
});

test('node: messages go both ways, and a handler may answer', async () => {
  const { lab, alice, bob } = await neighbours();
  const answers: string[] = [];
  bob.node.addMessageHandler((message, _from, pipe) => {
    if (String(message) === 'PING') return pipe.send('PONG');
    return undefined;
  });
  alice.node.addMessageHandler((message) => void answers.push(String(message)));
  const pipe = await lab.run(alice.node.connect(bob.node.address));
  await lab.run(pipe.send('PING'));
  await lab.advance(200);
  expect(answers).toEqual(['PONG']);
  expect(bob.of('message').map(({ direction, text }) => `${direction} ${text}`)).toEqual([
    'in PING',
    'out PONG',
  ]);
});

test("node: one handler's exception hurts neither the pipe nor the next handler", async () => {
  const { lab, a, b } = await neighbours();
  const faults: unknown[] = [];
  const bob = await startLabNode(lab, b, { onHandlerError: (error) => faults.push(error) });
  const alice = await startLabNode(lab, a);
  const heard: string[] = [];
  const faulty = () => {
    throw new Error('oops');
  };
  bob.node.addMessageHandler(faulty);
  bob.node.addMessageHandler((message) => void heard.push(String(message)));
  const pipe = await lab.run(alice.node.connect(bob.node.address));
  await lab.run(pipe.send('one'));
  await lab.advance(100);
  bob.node.removeMessageHandler(faulty);
  await lab.run(pipe.send('two'));
  await lab.advance(100);
  expect(heard).toEqual(['one', 'two']);
  expect(faults.map(String)).toEqual(['Error: oops']);
  expect(alice.node.pipes).toHaveLength(1);
});

test('node: a listener of events that throws hurts no connect', async () => {
  const { lab, a, bob } = await neighbours();
  const emit = () => {
    throw new Error('oops');
  };
  const alice = await startLabNode(lab, a, { emit, onHandlerError: () => undefined });
  expect((await lab.run(alice.node.connect(bob.node.address))).peer).toBe(bob.node.nodeId);
});

test('node: a slow handler slows the sender down', async () => {
  const { lab, alice, bob } = await neighbours(1, { delay: 1 });
  const waiting: (() => void)[] = [];
  bob.node.addMessageHandler(() => new Promise<void>((resolve) => waiting.push(resolve)));
  const pipe = await lab.run(alice.node.connect(bob.node.address));
  let sent = 0;
  for (let i = 0; i < 100; i++) void pipe.send(new Uint8Array(200_000)).then(() => sent++);
  await lab.advance(2_000);
  expect(sent).toBeLessThan(60);
  for (const resolve of waiting.splice(0)) resolve();
  await lab.advance(2_000);
  expect(sent).toBeGreaterThan(60);
});

test('node: the best path wins, the loser is closed, and the peer never sees a second pipe', async () => {
  for (let seed = 1; seed <= 200; seed++) {
    const { lab, alice, bob } = await neighbours(seed, { delay: 60, jitter: 50, loss: 0.1 });
    const pipe = await lab.run(alice.node.connect(bob.node.address).catch(() => null));
    await lab.advance(30_000);
    expect(bob.of('open').length, `seed ${seed}`).toBeLessThanOrEqual(1);
    if (pipe === null) continue;
    expect(bob.of('open').map((open) => open.pipe)).toEqual([pipe.id]);
    expect(bob.node.pipes).toHaveLength(1);
  }
});

test('node: an address that leads nowhere costs the stagger, not a timeout', async () => {
  const lab = createLab({ seed: 3 });
  const [dead, alive] = [lab.lan({ delay: 5 }), lab.lan({ delay: 5 })];
  const a = lab.host({ name: 'a', on: [dead, alive] });
  const b = lab.host({ name: 'b', on: [dead, alive] });
  const [alice, bob] = [await startLabNode(lab, a), await startLabNode(lab, b)];
  lab.plug(b.nic('eth0'), false);
  const startedAt = lab.now();
  const pipe = await lab.run(alice.node.connect(bob.node.address));
  expect(lab.now() - startedAt).toBeLessThan(ATTEMPT_DELAY * 3 + 60);
  const eth1 = (await b.io.interfaces()).find((nic) => nic.id === 'eth1');
  expect(eth1?.addresses.map((address) => address.ip)).toContain(pipe.remote.ip);
  await lab.advance(ATTEMPT_TIMEOUT);
  const [lost] = alice.of('attempt').filter((attempt) => attempt.state === 'failed');
  expect(lost?.reason).toBe('another path was faster');
});

test('node: two routed private networks without NAT meet by the local pathway', async () => {
  const lab = createLab({ seed: 4 });
  const lans = [lab.lan({ subnets: ['10.1.0.0/16'] }), lab.lan({ subnets: ['10.2.0.0/16'] })] as const;
  lab.router({ lans });
  const alice = await startLabNode(lab, lab.host({ name: 'a', on: lans[0] }));
  const bob = await startLabNode(lab, lab.host({ name: 'b', on: lans[1] }));
  expect((await lab.run(alice.node.connect(bob.node.address))).info.path).toBe('local');
});

test('node: from behind a NAT a public node is reached by the external pathway', async () => {
  const lab = createLab({ seed: 5 });
  const net = lab.internet({ delay: 20 });
  const home = lab.lan();
  lab.router({ wan: net, lans: [home], nat: natPreset('symmetric', 'random') });
  const alice = await startLabNode(lab, lab.host({ name: 'a', on: home }));
  const bob = await startLabNode(lab, lab.host({ name: 'b', on: net }));
  expect((await lab.run(alice.node.connect(bob.node.address))).info.path).toBe('external');
});

test('node: two nodes of one machine meet, on ports of their own', async () => {
  const { lab, a, alice } = await neighbours();
  const second = await startLabNode(lab, a, { slot: 1 });
  expect(second.node.port).toBe(alice.node.port + 1);
  const pipe = await lab.run(alice.node.connect(second.node.address));
  expect(pipe.peer).toBe(second.node.nodeId);
});

test('node: a derived port that is taken makes room, a named one is an error', async () => {
  const { lab, a, alice } = await neighbours();
  const again = await startLabNode(lab, a);
  expect(again.node.port).toBe(alice.node.port + 1);
  await expect(startLabNode(lab, a, { port: alice.node.port })).rejects.toMatchObject({ code: 'PORT_TAKEN' });
});

test('node: a peer that is off is told in one line with what was seen', async () => {
  const { lab, b, alice, bob } = await neighbours();
  await lab.run(bob.node.stop());
  const error = await lab.run(alice.node.connect(bob.node.address).catch((reason: unknown) => reason));
  expect(error).toMatchObject({ code: 'NO_PATH' });
  expect(String(error)).toMatch(/no path to the peer: \d × refused: nothing listens there/);
  lab.plug(b.nic('eth0'), false);
  const silent = await lab.run(alice.node.connect(bob.node.address).catch((reason: unknown) => reason));
  expect(String(silent)).toContain('no answer within 6 s');
});

test('node: another node on the port is told apart from the peer', async () => {
  const { lab, b, alice, bob } = await neighbours();
  await lab.run(bob.node.stop());
  const other = await startLabNode(lab, b, { port: parseAddress(bob.node.address).interfaces[0]?.port ?? 0 });
  expect(await codeOf(lab, alice.node.connect(bob.node.address))).toBe('NO_PATH');
  expect(other.of('open')).toEqual([]);
});

test('node: who is not allowed is refused, and told so', async () => {
  const { lab, a, b, alice } = await neighbours();
  const strict = await startLabNode(lab, b, { allow: [alice.node.nodeId] });
  const stranger = await startLabNode(lab, a);
  expect(await codeOf(lab, stranger.node.connect(strict.node.address))).toBe('NOT_ALLOWED');
  expect(await codeOf(lab, alice.node.connect(strict.node.address))).toBe('no error');
});

test("node: one's own address, a damaged one and no way in common are refused before anything is sent", async () => {
  const { lab, alice, bob } = await neighbours();
  expect(await codeOf(lab, alice.node.connect(alice.node.address))).toBe('OWN_ADDRESS');
  expect(await codeOf(lab, alice.node.connect(bob.node.address.slice(0, -3)))).toBe('ADDRESS_DAMAGED');
  expect(await codeOf(lab, alice.node.connect(bob.node.address, { methods: ['relay'] }))).toBe('NO_SERVICE');
  expect(await codeOf(lab, alice.node.connect(bob.node.address, { methods: [] }))).toBe('NO_PATH');
  expect(await codeOf(lab, alice.node.connect(bob.node.address, { methods: ['reverse'] }))).toBe(
    'NO_SERVICE',
  );
  expect(alice.of('attempt')).toEqual([]);
});

test('node: a connect can be given up', async () => {
  const { lab, b, alice, bob } = await neighbours();
  lab.plug(b.nic('eth0'), false);
  const stop = new AbortController();
  const connecting = alice.node.connect(bob.node.address, { signal: stop.signal });
  lab.clock.at(lab.now() + 500, () => stop.abort(new P2pdError('INTERRUPTED', 'enough')));
  expect(await codeOf(lab, connecting)).toBe('INTERRUPTED');
  expect(
    alice
      .of('attempt')
      .filter(({ state }) => state === 'failed')
      .every(({ reason }) => reason === 'enough'),
  ).toBe(true);
});

test('node: stopping tells the reason to every peer and leaves nothing behind', async () => {
  const { lab, alice, bob } = await neighbours();
  await lab.run(alice.node.connect(bob.node.address));
  await lab.advance(100);
  await lab.run(alice.node.stop('good night'));
  await lab.advance(100);
  expect(bob.of('closed').map(({ reason }) => reason)).toEqual(['closed by the peer: good night']);
  expect([alice.node.pipes, bob.node.pipes]).toEqual([[], []]);
});

test('node: an idle pipe stays open for hours', async () => {
  const { lab, alice, bob } = await neighbours();
  await lab.run(alice.node.connect(bob.node.address));
  await lab.advance(4 * 3_600_000);
  expect(alice.node.pipes).toHaveLength(1);
  expect(bob.node.pipes).toHaveLength(1);
});

test('node: 16 MiB and 5 MB of small messages arrive whole over a line that loses 3 %', async () => {
  const { lab, alice, bob } = await neighbours(7, { delay: 5, loss: 0.03 });
  let bytes = 0;
  bob.node.addMessageHandler((message) => {
    bytes += message.length;
  });
  const pipe = await lab.run(alice.node.connect(bob.node.address));
  await lab.run(pipe.send(new Uint8Array(16 * 1024 * 1024)), { within: 600_000, steps: 10_000_000 });
  for (let i = 0; i < 5_000; i++) void pipe.send(new Uint8Array(1_000));
  await lab.run(pipe.end(), { within: 600_000, steps: 10_000_000 });
  expect(bytes).toBe(16 * 1024 * 1024 + 5_000_000);
}, 60_000);

test('node: the same seed plays the same events', async () => {
  const play = async (seed: number) => {
    const { lab, alice, bob } = await neighbours(seed, { delay: 30, jitter: 20, loss: 0.05 });
    await lab.run(alice.node.connect(bob.node.address).catch(() => null));
    await lab.advance(10_000);
    return alice.events.map((event) =>
      'elapsed' in event ? `${event.event} ${event.elapsed}` : event.event,
    );
  };
  const [first, again, other] = [await play(11), await play(11), await play(12)];
  expect(again).toEqual(first);
  expect(other).not.toEqual(first);
});
