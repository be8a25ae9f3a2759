import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  decodeMessage,
  encodeMessage,
  type Message,
  type SignalMessage,
} from '../../../src/net/signal/message.ts';
import { DecodeError } from '../../../src/net/wire/decode-error.ts';

const vectors = JSON.parse(readFileSync(join(import.meta.dirname, '../../vectors/signal.json'), 'utf8'));
const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex');
const id = (value: number) => new Uint8Array(16).fill(value);
const at = 1_795_000_000_123;

const samples: Record<string, SignalMessage> = {
  connect: {
    type: 'connect',
    pipeId: id(1),
    methods: ['reverse', 'direct'],
    paths: ['local', 'external'],
    families: [6, 4],
    knownSequence: 1_795_000_000,
    address: Uint8Array.of(1, 2, 3),
    punch: null,
  },
  answer: { type: 'answer', pipeId: id(1), result: 'unwilling', address: new Uint8Array(0), punch: null },
  called: {
    type: 'answer',
    pipeId: id(1),
    result: 'accepted',
    address: new Uint8Array(0),
    punch: {
      round: 2,
      meetAt: at,
      wish: 20_000,
      offers: [
        { method: 'tcp-punch', path: 'external', ip: '203.0.113.9', ports: [5_000] },
        { method: 'udp-punch', path: 'local', ip: 'fd00::1', ports: [7_000, 7_002] },
      ],
    },
  },
  outcome: { type: 'outcome', pipeId: id(1), reasons: ['refused', 'kein Weg: öäü'] },
  ack: { type: 'ack', of: id(2), receivedAt: at },
  challenge: { type: 'challenge', of: id(2), nonce: id(3), now: at },
  ping: { type: 'ping' },
};

const bytes16 = fc.uint8Array({ minLength: 16, maxLength: 16 });
const time = fc.integer({ min: 0, max: 2 ** 48 - 1 });
const choice = <T>(...all: T[]) => fc.shuffledSubarray(all, { minLength: 1 });
const address = (minLength: number) => fc.uint8Array({ minLength, maxLength: 480 });
const port = fc.integer({ min: 1, max: 65_535 });
const call = fc.option(
  fc.record({
    round: fc.integer({ min: 0, max: 255 }),
    meetAt: time,
    wish: fc.integer({ min: 0, max: 65_535 }),
    offers: fc.array(
      fc.record({
        method: fc.constantFrom('tcp-punch', 'udp-punch'),
        path: fc.constantFrom('external', 'local'),
        ip: fc.constantFrom('203.0.113.7', '192.168.1.2', '2001:db8::7'),
        ports: fc.array(port, { maxLength: 24 }),
      }),
      { maxLength: 6 },
    ),
  }),
);
const arbitrary: fc.Arbitrary<SignalMessage> = fc.oneof(
  fc.record({
    type: fc.constant('connect'),
    pipeId: bytes16,
    methods: choice('direct', 'reverse', 'tcp-punch', 'udp-punch', 'relay'),
    paths: choice('external', 'local'),
    families: choice(4, 6),
    knownSequence: fc.nat({ max: 2 ** 32 - 1 }),
    address: address(1),
    punch: call,
  }),
  fc.record({
    type: fc.constant('answer'),
    pipeId: bytes16,
    result: fc.constantFrom('accepted', 'not-allowed', 'busy', 'unwilling'),
    address: address(0),
    punch: call,
  }),
  fc.record({
    type: fc.constant('outcome'),
    pipeId: bytes16,
    reasons: fc
      .array(fc.string({ unit: 'grapheme', maxLength: 12, size: 'max' }), { maxLength: 8 })
      .filter((all) => all.every((reason) => Buffer.byteLength(reason) <= 80)),
  }),
  fc.record({ type: fc.constant('ack'), of: bytes16, receivedAt: time }),
  fc.record({ type: fc.constant('challenge'), of: bytes16, nonce: bytes16, now: time }),
  fc.constant({ type: 'ping' }),
) as fc.Arbitrary<SignalMessage>;

test.each(Object.entries(samples))(
  'signal message: %s is written and read as documented',
  (name, message) => {
    expect(hex(encodeMessage(message))).toBe(vectors.messages[name]);
    expect(decodeMessage(new Uint8Array(Buffer.from(vectors.messages[name], 'hex')))).toEqual(message);
  },
);

test('signal message: any message comes back whole', () => {
  fc.assert(
    fc.property(arbitrary, (message) => {
      expect(decodeMessage(encodeMessage(message))).toEqual(message);
    }),
    { numRuns: 500 },
  );
});

test('signal message: cut off at any byte, or longer by one, is refused', () => {
  for (const message of Object.values(samples)) {
    const bytes = encodeMessage(message);
    for (let length = 0; length < bytes.length; length++)
      expect(() => decodeMessage(bytes.subarray(0, length)), `${message.type} ${length}`).toThrow(
        DecodeError,
      );
    const fault = message.type === 'connect' ? 'relayed addresses: 0 of them' : '1 bytes too many';
    expect(() => decodeMessage(Uint8Array.of(...bytes, 0)), message.type).toThrow(fault);
  }
});

test('signal message: of a newer version it is unknown, whatever follows', () => {
  const expected: Message = { type: 'unknown', code: 16 };
  expect(decodeMessage(Uint8Array.of(16))).toEqual(expected);
  expect(decodeMessage(Uint8Array.of(16, 1, 2, 3))).toEqual(expected);
  expect(() => decodeMessage(Uint8Array.of(0))).toThrow('type: 0 does not exist');
});

test('signal message: what is wrong is named', () => {
  const connect = encodeMessage(samples.connect as SignalMessage);
  const changed = (offset: number, value: number) => Uint8Array.from(connect).fill(value, offset, offset + 1);
  expect(() => decodeMessage(changed(17, 0))).toThrow('methods: 0 of them, 1 to 5 are possible');
  expect(() => decodeMessage(changed(17, 6))).toThrow('methods: 6 of them');
  expect(() => decodeMessage(changed(18, 9))).toThrow('methods: 9 is not known');
  expect(() => decodeMessage(changed(18, 1))).toThrow('methods: the same one twice');
  expect(() => decodeMessage(changed(24, 5))).toThrow('families: 5 is not known');
  expect(() => decodeMessage(changed(31, 0))).toThrow('address: 0 bytes, 1 to 480 are possible');
  expect(() => decodeMessage(changed(30, 2))).toThrow('address: 515 bytes');
  const outcome = encodeMessage(samples.outcome as SignalMessage);
  outcome[17] = 9;
  expect(() => decodeMessage(outcome)).toThrow('reasons: 9 of them');
  outcome.set([1, 1, 0xff], 17);
  expect(() => decodeMessage(outcome.subarray(0, 20))).toThrow('reason 1: is no UTF-8');
  outcome[18] = 81;
  expect(() => decodeMessage(outcome)).toThrow('reason 1: 81 bytes');
});

test('signal message: reasons are cut at a character, and eight are enough', () => {
  const reasons = Array.from({ length: 9 }, () => 'ö'.repeat(41));
  const decoded = decodeMessage(encodeMessage({ type: 'outcome', pipeId: id(1), reasons }));
  expect(decoded).toEqual({
    type: 'outcome',
    pipeId: id(1),
    reasons: reasons.slice(1).map(() => 'ö'.repeat(40)),
  });
});

test('signal message: nothing out of bounds is written', () => {
  const connect = samples.connect as Extract<SignalMessage, { type: 'connect' }>;
  for (const wrong of [
    { ...connect, methods: [] },
    { ...connect, paths: ['local', 'local'] as const },
    { ...connect, pipeId: new Uint8Array(15) },
    { ...connect, address: new Uint8Array(0) },
    { ...connect, address: new Uint8Array(481) },
    { ...connect, knownSequence: -1 },
    { type: 'ack', of: id(1), receivedAt: 2 ** 48 } as const,
    { type: 'ack', of: id(1), receivedAt: 1.5 } as const,
  ])
    expect(() => encodeMessage(wrong)).toThrow(RangeError);
});
