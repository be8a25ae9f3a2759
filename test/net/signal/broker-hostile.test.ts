/** Strangers against our broker: whatever they send, others are served and nothing grows. */
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import * as limits from '../../../src/net/timing.ts';
import {
  CONNACK_OK,
  connectBytes,
  hugeHeader,
  PING_BYTES,
  publishBytes,
  subscribeBytes,
} from '../../helpers/mqtt-bytes.ts';
import { type BrokerLab, brokerInMemory, type Client, topicOf } from './broker-lab.ts';

const EMPTY = { connections: 0, sessions: 0, addresses: 0, waiting: 0 };
const TOPIC = topicOf(1);
let lab: BrokerLab;

/** Waits for a condition, and not much longer. */
function soon<T>(condition: () => T, timeout = 5_000) {
  return expect.poll(condition, { interval: 2, timeout });
}

beforeEach(async () => {
  lab = await brokerInMemory();
});

afterEach(() => lab.broker.close());

async function joined(clientId: string, ip?: string): Promise<Client> {
  const client = lab.join(clientId, ip);
  await soon(() => client.received).toBe(CONNACK_OK);
  return client;
}

/** Two who keep the rules reach each other. */
async function serves(): Promise<void> {
  const [alice, bob] = await Promise.all([joined('alice', '203.0.113.1'), joined('bob', '203.0.113.2')]);
  alice.send(subscribeBytes([topicOf(99)]));
  await soon(() => alice.received).toContain('9003000101');
  bob.send(publishBytes(topicOf(99), 'well?'));
  await soon(() => alice.received).toContain(Buffer.from('well?').toString('hex'));
  for (const client of [alice, bob]) client.leave();
}

describe('broker: refusals', () => {
  test.each([
    ['a will', connectBytes('x', { will: { topic: TOPIC, payload: 'gone' } }), '20020005', 'refused: a will'],
    [
      'a client id of 65 letters',
      connectBytes('i'.repeat(65)),
      '20020002',
      'refused: a client id that is too long',
    ],
    [
      'MQTT 3.1',
      connectBytes('x', { protocol: 'MQIsdp', level: 3 }),
      '20020005',
      'refused: MQTT 3.1, which is too old',
    ],
    ['MQTT 5', connectBytes('x', { level: 5 }), '20020001', 'refused: another version of MQTT'],
  ])('broker: CONNECT with %s is answered with its reason, and the end', async (_, bytes, answer, fault) => {
    const client = lab.dial();
    client.send(bytes);
    await soon(() => client.isClosed).toBe(true);
    expect(client.received).toBe(answer);
    expect(lab.faults()).toEqual([fault]);
    await soon(() => lab.broker.stats()).toMatchObject(EMPTY);
  });

  test.each([
    ['to another topic', publishBytes('news', 'x'), 'a message to another topic than a node’s'],
    [
      'to a topic of a node in capitals',
      publishBytes(topicOf(0xab).toUpperCase(), 'x'),
      'a message to another topic than a node’s',
    ],
    ['to $SYS', publishBytes('$SYS/broker', 'x'), 'a message to another topic than a node’s'],
    ['that is to be kept', publishBytes(TOPIC, 'x', { retain: true }), 'a retained message'],
    ['with QoS 2', publishBytes(TOPIC, 'x', { qos: 2 }), 'a message with QoS 2'],
    ['of 4,097 bytes', publishBytes(TOPIC, new Uint8Array(4_097)), 'a message that is too long'],
  ])('broker: a message %s ends the connection and goes nowhere', async (_, bytes, fault) => {
    const witness = await joined('witness', '203.0.113.9');
    witness.send(subscribeBytes([TOPIC]));
    const client = await joined('stranger');
    client.send(bytes);
    await soon(() => client.isClosed).toBe(true);
    expect(lab.faults()).toEqual([`refused: ${fault}`]);
    expect(lab.broker.stats().messages).toBe(0);
    await serves();
    expect(witness.received).toBe(`${CONNACK_OK}9003000101`);
  });

  test('broker: subscriptions with wildcards, to other topics and with QoS 2 are not granted', async () => {
    const client = await joined('listener');
    const wrong = ['#', '+/+/+', 'p2pd-demo/1/#', 'p2pd-demo/1/+', '$SYS/#', 'news', `${TOPIC}/more`];
    client.send(subscribeBytes(wrong), subscribeBytes([TOPIC], 2, 2), subscribeBytes([TOPIC], 1, 3));
    const answers = `9009000180808080808080${'80'}`.slice(0, 8 + 2 * wrong.length);
    await soon(() => client.received).toBe(`${CONNACK_OK}${answers}9003000280${'9003000301'}`);
    expect(lab.faults()).toEqual(new Array<string>(wrong.length + 1).fill('refused: a subscription'));
    await serves();
    expect(client.received).not.toContain(Buffer.from('well?').toString('hex'));
  });

  test('broker: a client has eight subscriptions at once; who keeps asking for wrong ones is put out', async () => {
    const client = await joined('greedy');
    client.send(subscribeBytes(Array.from({ length: 9 }, (_, i) => topicOf(i))));
    await soon(() => client.received).toBe(`${CONNACK_OK}900b0001${'01'.repeat(8)}80`);
    const unsubscribe = Buffer.concat([Buffer.from('a2300002002c', 'hex'), Buffer.from(topicOf(0))]);
    client.send(unsubscribe);
    await soon(() => client.received).toMatch(/b0020002$/);
    client.send(subscribeBytes([topicOf(9)], 1, 3));
    await soon(() => client.received).toMatch(/9003000301$/);
    client.send(subscribeBytes(Array.from({ length: 1_300 }, (_, i) => `t${i}`)));
    await soon(() => client.isClosed).toBe(true);
    expect(lab.faults().length).toBeLessThan(2_000);
    await serves();
  });
});

describe('broker: junk', () => {
  test('broker: a packet that claims to be longer than 8 KiB ends the connection at its header', async () => {
    for (const size of [8_193, 100_000, 268_435_455]) {
      const client = await joined(`liar-${size}`);
      client.send(hugeHeader(size));
      await soon(() => client.isClosed).toBe(true);
    }
    const early = lab.dial();
    early.send(hugeHeader(9_000));
    await soon(() => early.isClosed).toBe(true);
    expect(new Set(lab.faults())).toEqual(new Set(['error: a packet that is too long']));
    await serves();
  });

  test('broker: who says nothing, or no CONNECT first, is not waited for', async () => {
    for (const bytes of [PING_BYTES, publishBytes(TOPIC, 'x'), Buffer.from('GET / HTTP/1.1\r\n\r\n')]) {
      const client = lab.dial();
      client.send(bytes);
      await soon(() => client.isClosed).toBe(true);
    }
    const silent = lab.dial();
    const slow = lab.dial();
    slow.send(connectBytes('slow').subarray(0, 9));
    await soon(() => silent.isClosed && slow.isClosed, 9_000).toBe(true);
    expect(lab.faults().slice(-2)).toEqual(new Array<string>(2).fill('error: no CONNECT in time'));
    expect(lab.broker.stats()).toMatchObject(EMPTY);
  });

  test('broker: any bytes, before and after CONNECT, hurt nobody', async () => {
    const bytes = fc.oneof(
      fc.uint8Array({ maxLength: 300 }),
      fc
        .tuple(
          fc.constantFrom(0x10, 0x20, 0x30, 0x32, 0x36, 0x50, 0x62, 0x70, 0x82, 0xa2, 0xf0),
          fc.uint8Array({ maxLength: 100 }),
        )
        .map(([first, body]) => Uint8Array.of(first, body.length, ...body)),
    );
    await fc.assert(
      fc.asyncProperty(
        fc.boolean(),
        fc.array(bytes, { minLength: 1, maxLength: 4 }),
        async (isJoined, pieces) => {
          const client = isJoined ? lab.join('fuzz') : lab.dial();
          client.send(...pieces);
          await soon(() => client.isClosed || client.received.startsWith(CONNACK_OK) || !isJoined).toBe(true);
          client.leave();
          await soon(() => lab.broker.stats()).toMatchObject(EMPTY);
        },
      ),
      { numRuns: 500 },
    );
    await serves();
  });
});

describe('broker: too much', () => {
  test('broker: messages over the rate end the connection; at the rate they do not', async () => {
    const steady = await joined('steady', '203.0.113.7');
    const flood = await joined('flood');
    const send = (count: number) =>
      steady.send(...Array.from({ length: count }, () => publishBytes(TOPIC, 'x', { qos: 0 })));
    await serves();
    send(limits.MQTT_PUBLISH_BURST);
    await soon(() => lab.broker.stats().messages).toBe(1 + limits.MQTT_PUBLISH_BURST);
    lab.advance(1_000);
    send(limits.MQTT_PUBLISH_RATE);
    await soon(() => lab.broker.stats().messages).toBe(301);
    flood.send(...Array.from({ length: 500 }, () => publishBytes(TOPIC, 'x', { qos: 0 })));
    await soon(() => flood.isClosed).toBe(true);
    expect(steady.isClosed).toBe(false);
    expect(lab.broker.stats().messages).toBeLessThanOrEqual(301 + limits.MQTT_PUBLISH_BURST);
    expect(lab.faults()).toEqual(['refused: too many messages']);
  });

  test('broker: who sends a flood together with its CONNECT is put out', async () => {
    const eager = lab.dial();
    const messages = Array.from({ length: 500 }, () => publishBytes(TOPIC, 'x', { qos: 0 }));
    eager.send(Buffer.concat([connectBytes('eager'), ...messages]));
    await soon(() => eager.isClosed).toBe(true);
    expect(lab.faults()).toEqual(['refused: too many packets before CONNACK']);
    await serves();
  });

  test('broker: packets that are no messages have a rate too, and so have their bytes', async () => {
    const pings = await joined('pings');
    pings.send(Buffer.concat(new Array<Buffer>(30_000).fill(PING_BYTES)));
    await soon(() => pings.isClosed).toBe(true);
    const large = await joined('large');
    const packet = subscribeBytes([topicOf(1), 'x'.repeat(8_000)]);
    for (let i = 0; i < 200; i++) large.send(packet);
    await soon(() => large.isClosed).toBe(true);
    expect(lab.faults()).toContain('refused: too many packets');
    expect(pings.bytes).toBeLessThan(3_000);
    await serves();
  });

  test('broker: who does not read is put out before more than 256 KiB wait, and nobody waits for it', async () => {
    const [slow, reader] = await Promise.all([joined('slow'), joined('reader')]);
    for (const client of [slow, reader]) client.send(subscribeBytes([TOPIC]));
    await soon(() => slow.received).toContain('9003000101');
    slow.stopReading();
    const sender = await joined('sender', '203.0.113.3');
    let most = 0;
    for (let i = 0; i < 100; i++) {
      lab.advance(10);
      sender.send(publishBytes(TOPIC, Buffer.alloc(4_000, i), { qos: 0 }));
      await soon(() => reader.bytes).toBeGreaterThan((i + 1) * 4_000);
      most = Math.max(most, lab.broker.stats().waiting);
    }
    await soon(() => slow.isClosed).toBe(true);
    expect(most).toBeGreaterThan(200_000);
    expect(most).toBeLessThanOrEqual(limits.MQTT_MAX_QUEUE);
    expect(reader.isClosed).toBe(false);
    expect(lab.faults()).toEqual(['refused: it does not read what it is sent']);
    await soon(() => lab.broker.stats().waiting).toBe(0);
  });

  test('broker: who reads late gets everything that waited', async () => {
    const [late, sender] = await Promise.all([joined('late'), joined('sender')]);
    late.send(subscribeBytes([TOPIC]));
    await soon(() => late.received).toContain('9003000101');
    late.stopReading();
    sender.send(...Array.from({ length: 20 }, () => publishBytes(TOPIC, Buffer.alloc(1_000, 7), { qos: 0 })));
    await soon(() => lab.broker.stats().waiting).toBeGreaterThan(15_000);
    late.readOn();
    await soon(() => lab.broker.stats().waiting).toBe(0);
    // The one that was under way lies in the kernel's buffer.
    await soon(() => late.bytes).toBeGreaterThan(18_000);
  });

  test('broker: 64 connections of one address, of an IPv6 /64, and 4,096 in all', async () => {
    const mine = Array.from({ length: 65 }, () => lab.dial('198.51.100.1'));
    const theirs = Array.from({ length: 65 }, (_, i) => lab.dial(`2001:db8::${i.toString(16)}`));
    for (const clients of [mine, theirs]) {
      expect(clients.map(({ isClosed }) => isClosed)).toEqual([...new Array<boolean>(64).fill(false), true]);
    }
    mine[0]?.leave();
    await soon(() => lab.broker.stats().connections).toBe(127);
    expect(lab.dial('198.51.100.1').isClosed).toBe(false);
    for (let i = 0; i < 5_000; i++) lab.dial(`10.0.${i >> 8}.${i & 255}`);
    expect(lab.broker.stats()).toMatchObject({ connections: 4_096 });
    expect(lab.dial('192.0.2.77').isClosed).toBe(true);
    expect(lab.faults().at(-1)).toBe('refused: too many connections');
  });

  test('broker: a thousand clients that come, talk and go leave nothing behind', async () => {
    const ips = (i: number) => `10.1.${i >> 6}.${i & 63}`;
    const clients = Array.from({ length: 1_000 }, (_, i) => lab.join(`client-${i}`, ips(i)));
    await soon(() => lab.broker.stats().sessions).toBe(1_000);
    for (const [i, client] of clients.entries()) client.send(subscribeBytes([topicOf(i)]));
    await soon(() => clients.every(({ received }) => received.endsWith('9003000101'))).toBe(true);
    for (const [i, client] of clients.entries())
      client.send(publishBytes(topicOf((i * 7) % 1_000), `from ${i}`));
    await soon(() => lab.broker.stats().messages).toBe(1_000);
    await soon(() => clients.every(({ bytes }) => bytes > 60)).toBe(true);
    expect(lab.broker.stats()).toMatchObject({ connections: 1_000, addresses: 1_000, waiting: 0 });
    for (const client of clients) client.leave();
    await soon(() => lab.broker.stats()).toMatchObject(EMPTY);
    expect(lab.faults()).toEqual([]);
    await serves();
  });
});
