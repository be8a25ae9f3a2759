import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  decodeNtpAnswer,
  decodeNtpRequest,
  encodeNtpAnswer,
  encodeNtpRequest,
} from '../../../src/net/ntp/packet.ts';
import { DecodeError } from '../../../src/net/wire/decode-error.ts';

const COOKIE = Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8);
const NOW = 1_795_000_000_000;
const CLOCK = { stratum: 10, reference: 'LOCL', rootDispersion: 10 };

/** An answer of 1 January 2026, 00:00:00.5 UTC, laid out by hand after RFC 5905 §7.3. */
const ANSWER = Buffer.from(
  [
    '24' + '02' + '06' + 'ec', // version 4, server; stratum 2; poll; precision
    '00008000', // root delay 0.5 s
    '00004000', // root dispersion 0.25 s
    'c0000201', // reference id
    '0000000000000000',
    '0102030405060708', // the request's transmit timestamp
    'ed00378080000000',
    'ed003780c0000000',
  ].join(''),
  'hex',
);

test('ntp packet: an answer laid out by hand is read', () => {
  expect(decodeNtpAnswer(ANSWER, Date.UTC(2026, 0, 1))).toEqual({
    stratum: 2,
    synchronised: true,
    refusal: null,
    rootDelay: 500,
    rootDispersion: 250,
    cookie: COOKIE,
    receivedAt: Date.UTC(2026, 0, 1) + 500,
    sentAt: Date.UTC(2026, 0, 1) + 750,
  });
});

test('ntp packet: a request tells nothing but its cookie', () => {
  const bytes = encodeNtpRequest(COOKIE);
  expect(bytes).toHaveLength(48);
  expect([...bytes.subarray(1, 40)].every((byte) => byte === 0)).toBe(true);
  expect(decodeNtpRequest(bytes)).toEqual({ version: 4, cookie: COOKIE });
});

test('ntp packet: times come back to a microsecond, in any era near which the own clock is', () => {
  const time = fc.double({ min: Date.UTC(1990, 0), max: Date.UTC(2150, 0), noNaN: true });
  fc.assert(
    fc.property(
      time,
      fc.double({ min: 0, max: 5_000, noNaN: true }),
      fc.integer({ min: -60, max: 60 }),
      (at, held, years) => {
        const bytes = encodeNtpAnswer({ version: 4, cookie: COOKIE }, CLOCK, at, at + held);
        const answer = decodeNtpAnswer(bytes, at + years * 365 * 86_400_000);
        expect(Math.abs(answer.receivedAt - at)).toBeLessThan(0.001);
        expect(Math.abs(answer.sentAt - at - held)).toBeLessThan(0.001);
        expect(answer.cookie).toEqual(COOKIE);
      },
    ),
  );
});

test.each(['RATE', 'DENY', 'RSTR'])('ntp packet: the kiss-o’-death code %s is a refusal', (code) => {
  const kiss = Buffer.from(ANSWER);
  kiss[1] = 0;
  kiss.write(code, 12, 'ascii');
  expect(decodeNtpAnswer(kiss, NOW)).toMatchObject({ refusal: code, synchronised: false });
});

test.each(['INIT', 'STEP', 'XTRA', 'RAT\0', '\0\0\0\0'])(
  'ntp packet: stratum 0 with the code %j tells of no time, and refuses nothing',
  (code) => {
    const bytes = Buffer.from(ANSWER);
    bytes[1] = 0;
    bytes.write(code, 12, 'latin1');
    expect(decodeNtpAnswer(bytes, NOW)).toMatchObject({ refusal: null, synchronised: false });
  },
);

test('ntp packet: leap 3 and stratum 16 tell of no time', () => {
  for (const [at, value] of [
    [0, 0xe4],
    [1, 16],
  ] as const) {
    const bytes = Buffer.from(ANSWER);
    bytes[at] = value;
    bytes.write('RATE', 12, 'ascii');
    expect(decodeNtpAnswer(bytes, NOW)).toMatchObject({ refusal: null, synchronised: false });
  }
});

test('ntp packet: chrony that has no time yet is not synchronised, and refuses nothing', () => {
  // As chrony 4.3 without a source answers, word for word.
  const hex =
    'e40000e6000100000001000000000000000000000000000001010101010101' + '01eeae9d671b78aef1eeae9d671b7df726';
  const { refusal, synchronised, cookie } = decodeNtpAnswer(Buffer.from(hex, 'hex'), NOW);
  expect([refusal, synchronised, [...cookie]]).toEqual([null, false, Array(8).fill(1)]);
});

test.each([
  ['receive', 32],
  ['transmit', 40],
])('ntp packet: a time whose %s timestamp is not known is refused', (place, at) => {
  const bytes = Buffer.from(ANSWER);
  bytes.fill(0, at, at + 8);
  expect(() => decodeNtpAnswer(bytes, NOW)).toThrow(place);
});

test.each([
  ['version 2', 0, 0x14],
  ['a client', 0, 0x23],
  ['a control message', 0, 0x26],
  ['a private message', 0, 0x27],
  ['stratum 17', 1, 17],
])('ntp packet: %s is no answer', (_what, at, value) => {
  const bytes = Buffer.from(ANSWER);
  bytes[at] = value;
  expect(() => decodeNtpAnswer(bytes, NOW)).toThrow(DecodeError);
});

test('ntp packet: one that left before it came is refused', () => {
  const bytes = encodeNtpAnswer({ version: 4, cookie: COOKIE }, CLOCK, NOW, NOW - 10);
  expect(() => decodeNtpAnswer(bytes, NOW)).toThrow(/transmit/);
});

test('ntp packet: cut off anywhere, and far too long, it is refused; what follows 48 bytes is not read', () => {
  for (let length = 0; length < 48; length++) {
    expect(() => decodeNtpAnswer(ANSWER.subarray(0, length), NOW)).toThrow(DecodeError);
    expect(() => decodeNtpRequest(encodeNtpRequest(COOKIE).subarray(0, length))).toThrow(DecodeError);
  }
  expect(() => decodeNtpAnswer(Buffer.concat([ANSWER, Buffer.alloc(1_000)]), NOW)).toThrow(DecodeError);
  expect(decodeNtpAnswer(Buffer.concat([ANSWER, Buffer.alloc(20, 255)]), NOW).stratum).toBe(2);
});
