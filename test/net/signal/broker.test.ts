import { connectAsync, type IClientOptions } from 'mqtt';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { BrokerReader } from '../../../src/net/io/io.ts';
import { createNodeIo } from '../../../src/net/io/node-io.ts';
import type { ServerUse } from '../../../src/net/server-use.ts';
import { type RunningBroker, startBroker } from '../../../src/net/signal/broker.ts';
import { admitConnect } from '../../../src/net/signal/broker-rules.ts';
import { topicOf } from './broker-lab.ts';

const io = createNodeIo();
const TOPIC = topicOf(1);
let broker: RunningBroker;
let uses: ServerUse[];

beforeEach(async () => {
  uses = [];
  const locals = [
    { ip: '127.0.0.1', port: 0 },
    { ip: '::1', port: 0 },
  ];
  broker = await startBroker({ io, locals, report: (use) => uses.push(use) });
});

afterEach(() => broker.close());

function urlOf(index: number): string {
  const local = broker.locals[index];
  return index === 0 ? `mqtt://127.0.0.1:${local?.port}` : `mqtt://[::1]:${local?.port}`;
}

/** mqtt.js as it is. */
function join(options: IClientOptions = {}, index = 0) {
  return connectAsync(urlOf(index), { reconnectPeriod: 0, ...options }, false);
}

describe('broker', () => {
  test('broker: a message to a node’s topic comes to who listens there, at QoS 0 and 1, over IPv4 and IPv6', async () => {
    const [alice, bob] = await Promise.all([join(), join({}, 1)]);
    const heard: Buffer[] = [];
    alice.on('message', (topic, payload) => {
      expect(topic).toBe(TOPIC);
      heard.push(payload);
    });
    await alice.subscribeAsync(TOPIC, { qos: 1 });
    const bytes = Buffer.from([0, 255, 128, 13, 10]);
    await bob.publishAsync(TOPIC, bytes, { qos: 1 });
    await bob.publishAsync(TOPIC, Buffer.alloc(4_096, 7), { qos: 0 });
    await bob.publishAsync(topicOf(2), 'nobody listens here', { qos: 1 });
    await expect.poll(() => heard.length).toBe(2);
    expect(heard).toEqual([bytes, Buffer.alloc(4_096, 7)]);
    await expect.poll(() => broker.stats()).toMatchObject({ connections: 2, sessions: 2, messages: 3 });
    await Promise.all([alice.endAsync(), bob.endAsync()]);
    await expect
      .poll(() => broker.stats())
      .toMatchObject({ connections: 0, sessions: 0, addresses: 0, waiting: 0 });
    expect(uses.map(({ what }) => what).sort()).toEqual(
      ['connected', 'connected', 'left', 'left', 'request', 'request', 'request'].sort(),
    );
    expect(new Set(uses.map(({ client }) => client))).toEqual(new Set(['127.0.0.1', '::1']));
  });

  test('broker: Io’s own broker sessions work through it, a message to oneself too', async () => {
    const heard: string[] = [];
    const reader: BrokerReader = {
      message: (topic, payload) => heard.push(`${topic} ${Buffer.from(payload)}`),
      closed: (reason) => heard.push(reason),
    };
    const session = await io.openBroker(urlOf(0), reader, AbortSignal.timeout(5_000));
    await session.subscribe(TOPIC);
    await session.publish(TOPIC, Buffer.from('hello'));
    await expect.poll(() => heard).toEqual([`${TOPIC} hello`]);
    await expect(session.subscribe('p2pd-demo/1/+')).rejects.toThrow();
    session.close();
  });

  test('broker: what was sent while a client was away is not kept, whatever session it asked for', async () => {
    const options = { clientId: 'returning', clean: false };
    const before = await join(options);
    await before.subscribeAsync(TOPIC, { qos: 1 });
    await before.endAsync();
    const other = await join();
    await other.publishAsync(TOPIC, 'while away', { qos: 1 });
    const after = await connectAsync(urlOf(0), { ...options, reconnectPeriod: 0, resubscribe: false }, false);
    const heard: string[] = [];
    after.on('message', (_, payload) => heard.push(String(payload)));
    await after.subscribeAsync(topicOf(3), { qos: 1 });
    await other.publishAsync(TOPIC, 'to nobody', { qos: 1 });
    await other.publishAsync(topicOf(3), 'now', { qos: 1 });
    await expect.poll(() => heard).toEqual(['now']);
    await Promise.all([after.endAsync(), other.endAsync()]);
  });

  test('broker: user names and passwords are taken and stand nowhere', async () => {
    const client = await join({ username: 'user-secret', password: 'pass-secret' });
    await client.publishAsync(TOPIC, 'text-secret', { qos: 1 });
    await expect.poll(() => broker.stats().messages).toBe(1);
    await client.endAsync();
    expect(JSON.stringify([uses, broker.stats()])).not.toMatch(/secret|p2pd-demo\/1/);
  });

  test('broker: a second client of the same id puts the first one out, and is served', async () => {
    const first = await join({ clientId: 'same' });
    const gone = new Promise<void>((resolve) => first.once('close', () => resolve()));
    const second = await join({ clientId: 'same' });
    await gone;
    await second.publishAsync(TOPIC, 'still here', { qos: 1 });
    expect(broker.stats().sessions).toBe(1);
    await second.endAsync();
  });

  test('broker: a taken port is the system’s error, and what was open is closed', async () => {
    const taken = broker.locals[0] ?? { ip: '127.0.0.1', port: 0 };
    const free = { ip: '::1', port: 0 };
    const starting = startBroker({ io, locals: [free, taken], report: () => undefined });
    await expect(starting).rejects.toMatchObject({ code: 'EADDRINUSE' });
  });

  test('broker: closing it ends every session', async () => {
    const client = await join();
    const gone = new Promise<void>((resolve) => client.once('close', () => resolve()));
    await broker.close();
    await gone;
    await expect(join()).rejects.toThrow(/ECONNREFUSED/);
  });
});

test.each([
  [0, 120],
  [65_535, 120],
  [121, 120],
  [15, 15],
])('broker: a keep-alive of %i s counts as %i s, and every session is a clean one', (asked, granted) => {
  const packet = { protocolVersion: 4, clientId: 'x', clean: false, keepalive: asked };
  expect(admitConnect(packet)).toBe(null);
  expect(packet).toMatchObject({ keepalive: granted, clean: true });
});
