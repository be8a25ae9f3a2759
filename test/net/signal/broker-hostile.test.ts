/** Strangers against our broker: whatever they send, others are served and nothing grows. */
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import {
  CONNACK_OK,
  connectBytes,
  hugeHeader,
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
    const witness = await joined(lab, 'witness', '203.0.113.9');
    witness.send(subscribeBytes([TOPIC]));
    const client = await joined(lab, 'stranger');
    client.send(bytes);
    await soon(() => client.isClosed).toBe(true);
    expect(lab.faults()).toEqual([`refused: ${fault}`]);
    expect(lab.broker.stats().messages).toBe(0);
    await serves(lab);
    expect(witness.received).toBe(`${CONNACK_OK}9003000101`);
  });

  test('broker: subscriptions with wildcards, to other topics and with QoS 2 are not granted', async () => {
    const client = await joined(lab, 'listener');
    const wrong = ['#', '+/+/+', 'p2pd-demo/1/#', 'p2pd-demo/1/+', '$SYS/#', 'news', `${TOPIC}/more`];
    client.send(subscribeBytes(wrong), subscribeBytes([TOPIC], 2, 2), subscribeBytes([TOPIC], 1, 3));
    const answers = `9009000180808080808080${'80'}`.slice(0, 8 + 2 * wrong.length);
    await soon(() => client.received).toBe(`${CONNACK_OK}${answers}9003000280${'9003000301'}`);
    expect(lab.faults()).toEqual(new Array<string>(wrong.length + 1).fill('refused: a subscription'));
    await serves(lab);
    expect(client.received).not.toContain(Buffer.from('well?').toString('hex'));
  });

  test('broker: a client has eight subscriptions at once; who keeps asking for wrong ones is put out', async () => {
    const client = await joined(lab, 'greedy');
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
    await serves(lab);
  });
});

describe('broker: junk', () => {
  test('broker: a packet that claims to be longer than 8 KiB ends the connection at its header', async () => {
    for (const size of [8_193, 100_000, 268_435_455]) {
      const client = await joined(lab, `liar-${size}`);
      client.send(hugeHeader(size));
      await soon(() => client.isClosed).toBe(true);
    }
    const early = lab.dial();
    early.send(hugeHeader(9_000));
    await soon(() => early.isClosed).toBe(true);
    expect(new Set(lab.faults())).toEqual(new Set(['error: a packet that is too long']));
    await serves(lab);
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
    await serves(lab);
  });
});
