/** Too much of everything against our broker: rates, queues of slow readers, connections. */
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import * as limits from '../../../src/net/limits.ts';
import {
  CONNACK_OK,
  connectBytes,
  PING_BYTES,
  publishBytes,
  subscribeBytes,
} from '../../helpers/mqtt-bytes.ts';
import { type BrokerLab, brokerInMemory, joined, serves, soon, topicOf } from './broker-lab.ts';

const EMPTY = { connections: 0, sessions: 0, addresses: 0, waiting: 0 };
const TOPIC = topicOf(1);
let lab: BrokerLab;

beforeEach(async () => {
  lab = await brokerInMemory();
});

afterEach(() => lab.broker.close());

describe('broker: too much', () => {
  test('broker: messages over the rate end the connection; at the rate they do not', async () => {
    const steady = await joined(lab, 'steady', '203.0.113.7');
    const flood = await joined(lab, 'flood');
    const send = (count: number) =>
      steady.send(...Array.from({ length: count }, () => publishBytes(TOPIC, 'x', { qos: 0 })));
    await serves(lab);
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
    await serves(lab);
  });

  test('broker: packets that are no messages have a rate too, and so have their bytes', async () => {
    const pings = await joined(lab, 'pings');
    pings.send(Buffer.concat(new Array<Buffer>(30_000).fill(PING_BYTES)));
    await soon(() => pings.isClosed).toBe(true);
    const large = await joined(lab, 'large');
    const packet = subscribeBytes([topicOf(1), 'x'.repeat(8_000)]);
    for (let i = 0; i < 200; i++) large.send(packet);
    await soon(() => large.isClosed).toBe(true);
    expect(lab.faults()).toContain('refused: too many packets');
    expect(pings.bytes).toBeLessThan(3_000);
    await serves(lab);
  });

  test('broker: who does not read is put out before more than 256 KiB wait, and nobody waits for it', async () => {
    const [slow, reader] = await Promise.all([joined(lab, 'slow'), joined(lab, 'reader')]);
    for (const client of [slow, reader]) client.send(subscribeBytes([TOPIC]));
    await soon(() => slow.received).toContain('9003000101');
    slow.stopReading();
    const sender = await joined(lab, 'sender', '203.0.113.3');
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

  test('broker: many who do not read share 64 MiB, and are put out when that is full', async () => {
    const slow = Array.from({ length: 320 }, (_, i) => lab.join(`slow-${i}`, `10.2.${i >> 5}.${i & 31}`));
    await soon(() => slow.every(({ received }) => received === CONNACK_OK)).toBe(true);
    for (const client of slow) client.send(subscribeBytes([TOPIC]));
    await soon(() => slow.every(({ received }) => received.endsWith('9003000101'))).toBe(true);
    for (const client of slow) client.stopReading();
    const sender = await joined(lab, 'sender', '203.0.113.3');
    let most = 0;
    for (let i = 1; i <= 50; i++) {
      sender.send(publishBytes(TOPIC, Buffer.alloc(4_000, i), { qos: 0 }));
      const before = lab.broker.stats().waiting;
      await soon(() => lab.broker.stats().waiting !== before || slow.every(({ isClosed }) => isClosed)).toBe(
        true,
      );
      most = Math.max(most, lab.broker.stats().waiting);
    }
    await soon(() => slow.some(({ isClosed }) => isClosed)).toBe(true);
    expect(most).toBeGreaterThan(limits.MQTT_MAX_QUEUES / 2);
    expect(most).toBeLessThanOrEqual(limits.MQTT_MAX_QUEUES + limits.MQTT_MAX_PACKET);
    await serves(lab);
    for (const client of slow) client.leave();
    await soon(() => lab.broker.stats().waiting).toBe(0);
  });

  test('broker: who reads late gets everything that waited', async () => {
    const [late, sender] = await Promise.all([joined(lab, 'late'), joined(lab, 'sender')]);
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
    await serves(lab);
  });
});
