import { expect, test } from 'vitest';
import { type BrokerFaults, createLab, type LabHost, natPreset } from '../../src/lab/index.ts';
import type { BrokerConnection } from '../../src/net/io/io.ts';

const never = new AbortController().signal;

/** A broker on the Internet, 20 ms from everybody. */
function world(faults: Partial<BrokerFaults> = {}, seed = 1) {
  const lab = createLab({ seed });
  const net = lab.internet({ delay: 20 });
  const host = lab.host({ name: 'broker', on: net });
  const broker = lab.broker({ host, name: 'broker.example', ...faults });
  return { lab, net, host, broker, a: lab.host({ name: 'a', on: net }), b: lab.host({ name: 'b', on: net }) };
}

interface Listener {
  readonly connection: BrokerConnection;
  readonly heard: string[];
  readonly closed: string[];
}

async function listen(host: LabHost, url: string, topic: string): Promise<Listener> {
  const [heard, closed]: [string[], string[]] = [[], []];
  const connection = await host.io.openBroker(
    url,
    {
      message: (to, payload) => heard.push(`${to} ${Buffer.from(payload)}`),
      closed: (reason) => closed.push(reason),
    },
    never,
  );
  await connection.subscribe(topic);
  return { connection, heard, closed };
}

const utf8 = (text: string) => new TextEncoder().encode(text);

test('broker: it takes a name and three round trips to listen, and one way twice to be heard', async () => {
  const { lab, broker, a, b } = world();
  const listener = await lab.run(listen(a, broker.url, 'to a'));
  expect(lab.now()).toBe(5 + 3 * 40);
  const sender = await lab.run(listen(b, broker.url, 'to b'));
  const startedAt = lab.now();
  await lab.run(sender.connection.publish('to a', utf8('hello')));
  await lab.advance(0);
  expect(lab.now() - startedAt).toBe(40);
  expect(listener.heard).toEqual(['to a hello']);
  expect(broker.delivered.map(({ at, client }) => [at - startedAt, client])).toEqual([[20, a.ip()]]);
});

test('broker: who listens hears what it sends itself', async () => {
  const { lab, broker, a } = world();
  const listener = await lab.run(listen(a, broker.url, 'to a'));
  await lab.run(listener.connection.publish('to a', utf8('me')));
  await lab.advance(40);
  expect(listener.heard).toEqual(['to a me']);
});

test('broker: a message to nobody is acknowledged and dropped, and topics match exactly', async () => {
  const { lab, broker, a, b } = world();
  const sender = await lab.run(listen(b, broker.url, 'to b'));
  await lab.run(sender.connection.publish('to a', utf8('early')));
  const listener = await lab.run(listen(a, broker.url, 'to a'));
  const wild = await lab.run(listen(a, broker.url, '#'));
  await lab.run(sender.connection.publish('to a/', utf8('near')));
  await lab.run(sender.connection.publish('to a', utf8('late')));
  await lab.advance(1_000);
  expect([listener.heard, wild.heard]).toEqual([['to a late'], []]);
  expect(broker.published.map(({ payload }) => String(Buffer.from(payload)))).toEqual([
    'early',
    'near',
    'late',
  ]);
});

test('broker: delays let messages overtake each other, by the seed', async () => {
  const order = async (seed: number) => {
    const { lab, broker, a, b } = world({ delay: [0, 200] }, seed);
    const listener = await lab.run(listen(a, broker.url, 'to a'));
    const { connection } = await lab.run(listen(b, broker.url, 'to b'));
    for (let i = 0; i < 20; i++) void connection.publish('to a', Uint8Array.of(65 + i));
    await lab.advance(1_000);
    return listener.heard.map((text) => text.at(-1)).join('');
  };
  const once = await order(1);
  expect([...once].sort().join('')).toBe('ABCDEFGHIJKLMNOPQRST');
  expect(once).not.toBe('ABCDEFGHIJKLMNOPQRST');
  expect(await order(1)).toBe(once);
  expect(await order(2)).not.toBe(once);
});

test('broker: it loses and doubles about as many messages as it is told to', async () => {
  const { lab, broker, a, b } = world({ loss: 0.2, duplicate: 0.1 });
  const listener = await lab.run(listen(a, broker.url, 'to a'));
  const { connection } = await lab.run(listen(b, broker.url, 'to b'));
  const sent = Array.from({ length: 1_000 }, (_, i) => connection.publish('to a', utf8(`${i}`)));
  await lab.run(Promise.all(sent));
  await lab.advance(1_000);
  const different = new Set(listener.heard).size;
  expect(different).toBeGreaterThan(750);
  expect(different).toBeLessThan(850);
  expect(listener.heard.length - different).toBeGreaterThan(50);
  expect(listener.heard.length - different).toBeLessThan(110);
});

test('broker: it refuses, hangs, or is deaf when told to', async () => {
  const { lab, broker, a } = world({ refuse: true });
  await expect(lab.run(listen(a, broker.url, 'to a'))).rejects.toThrow('Connection refused');
  broker.set({ refuse: false, hang: true });
  const given = new AbortController();
  lab.clock.after(5_000, () => given.abort(new Error('too slow')));
  const hung = a.io.openBroker(
    broker.url,
    { message: () => undefined, closed: () => undefined },
    given.signal,
  );
  await expect(lab.run(hung)).rejects.toThrow('too slow');
  broker.set({ hang: false, deaf: true });
  const listener = await lab.run(listen(a, broker.url, 'to a'));
  await lab.run(listener.connection.publish('to a', utf8('me')));
  await lab.advance(1_000);
  expect(listener.heard).toEqual([]);
  broker.set({ deaf: false });
  await lab.run(listener.connection.publish('to a', utf8('me again')));
  await lab.advance(1_000);
  expect(listener.heard).toEqual(['to a me again']);
});

test('broker: a dead one resets its clients and refuses new ones until it lives again', async () => {
  const { lab, broker, a } = world();
  const listener = await lab.run(listen(a, broker.url, 'to a'));
  const pending = listener.connection.publish('to a', utf8('last'));
  broker.die();
  await expect(lab.run(pending)).rejects.toThrow('ECONNRESET');
  expect(listener.closed).toEqual(['read ECONNRESET']);
  expect(broker.clients).toBe(0);
  await expect(lab.run(listener.connection.publish('to a', utf8('x')))).rejects.toThrow('gone');
  await expect(lab.run(listen(a, broker.url, 'to a'))).rejects.toThrow('ECONNREFUSED');
  broker.revive();
  await lab.run(listen(a, broker.url, 'to a'));
  expect(broker.clients).toBe(1);
});

test('broker: a silent one is noticed by its unanswered pings', async () => {
  const { lab, broker, a } = world();
  const listener = await lab.run(listen(a, broker.url, 'to a'));
  await lab.advance(60_000);
  expect(listener.closed).toEqual([]);
  broker.silent();
  const pending = listener.connection.publish('to a', utf8('x'));
  await expect(lab.run(pending, { within: 22_500 })).rejects.toThrow('Keepalive timeout');
  expect(listener.closed).toEqual(['Keepalive timeout']);
});

test('broker: whoever leaves is told nothing more, and leaves nothing behind', async () => {
  const { lab, broker, a } = world();
  const listener = await lab.run(listen(a, broker.url, 'to a'));
  const pending = listener.connection.publish('to a', utf8('x'));
  listener.connection.close();
  await expect(pending).rejects.toThrow('closed');
  await lab.advance(200_000);
  expect([listener.heard, listener.closed, broker.clients]).toEqual([[], [], 0]);
  expect(a.tcp.sockets).toEqual([]);
  expect(lab.clock.pending).toBe(0);
});

test('broker: clients behind a NAT reach it, those without a route do not', async () => {
  const { lab, net, broker } = world();
  const home = lab.lan();
  lab.router({ wan: net, lans: [home], nat: natPreset('symmetric', 'random') });
  const listener = await lab.run(listen(lab.host({ name: 'c', on: home }), broker.url, 'to c'));
  await lab.run(listener.connection.publish('to c', utf8('x')));
  await lab.advance(100);
  expect(listener.heard).toEqual(['to c x']);
  const island = lab.host({ name: 'd', on: lab.lan() });
  await expect(lab.run(listen(island, broker.url, 'to d'))).rejects.toThrow('queryA ECONNREFUSED');
});
