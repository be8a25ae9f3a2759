import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  ADDRESS_PREFIX,
  decodeAddress,
  encodeAddress,
  MAX_ADDRESS,
  parseAddress,
} from '../../src/net/address.ts';
import { P2pdError } from '../../src/net/errors.ts';
import { decodeBase32, encodeBase32 } from '../../src/net/wire/base32.ts';
import { DecodeError } from '../../src/net/wire/decode-error.ts';
import { arbitraryFields, sampleFields, sampleIdentity } from '../helpers/sample-address.ts';

const text = encodeAddress(sampleIdentity, sampleFields);
const bytes = decodeBase32(text.slice(ADDRESS_PREFIX.length));

/** The code and message of what parsing this text throws. */
function fault(word: string): string {
  try {
    parseAddress(word);
  } catch (error) {
    if (error instanceof P2pdError) return `${error.code} ${error.message}`;
    throw error;
  }
  return 'no fault';
}

test('address: comes back whole, with key and node id', () => {
  const { publicKey, nodeId } = sampleIdentity;
  expect(parseAddress(text)).toEqual({ ...sampleFields, publicKey, nodeId });
});

test('address: is one word of letters and digits that begins with p2pd1', () => {
  expect(text).toMatch(/^p2pd1[a-z0-9]+$/);
});

test('address: line breaks and capitals of a paste do not matter', () => {
  expect(parseAddress(`  ${text.slice(0, 60).toUpperCase()}\r\n ${text.slice(60)}\n`).sequence).toBe(
    sampleFields.sequence,
  );
});

test('address: any fields that fit come back; none is longer than 480 bytes', () => {
  fc.assert(
    fc.property(arbitraryFields, (fields) => {
      const word = encodeAddress(sampleIdentity, fields);
      const length = decodeBase32(word.slice(ADDRESS_PREFIX.length)).length;
      expect(length).toBeLessThanOrEqual(MAX_ADDRESS);
      const { interfaces, ...rest } = parseAddress(word);
      expect(rest).toMatchObject({
        sequence: fields.sequence,
        machineId: fields.machineId,
        brokers: fields.brokers,
      });
      if (interfaces.length === fields.interfaces.length) {
        expect(interfaces.map((entry) => entry.port)).toEqual(fields.interfaces.map((entry) => entry.port));
      }
    }),
    { numRuns: 60 },
  );
});

test('address: too long a one loses second addresses first, then interfaces without a default route', () => {
  const entry = (number: number, defaultRoute: boolean) => ({
    number,
    family: 6 as const,
    defaultRoute,
    port: 10001,
    inner: ['2001:db8::1', '2001:db8::2', 'fe80::1'],
    outer: ['2001:db8:ffff::1'],
    mappedPort: null,
    udp: { type: 5, delta: { type: 2, value: 0 }, range: [1024, 65535] as const },
    tcp: null,
  });
  const defaults = Array.from({ length: 4 }, (_, i) => entry(i, true));
  const others = Array.from({ length: 10 }, (_, i) => entry(4 + i, false));
  const fields = { ...sampleFields, interfaces: [...defaults, ...others] };
  const { interfaces } = parseAddress(encodeAddress(sampleIdentity, fields));
  expect(interfaces.slice(0, 4).map((e) => e.number)).toEqual([0, 1, 2, 3]);
  expect(interfaces.length).toBeLessThan(14);
  expect(interfaces.every((e) => e.inner.length === 1)).toBe(true);
});

test('address: cut off at every byte, the message names the part', () => {
  for (let length = 0; length < bytes.length; length++) {
    expect(() => decodeAddress(bytes.subarray(0, length)), `${length} bytes`).toThrow(DecodeError);
  }
  expect(fault(ADDRESS_PREFIX + encodeBase32(bytes.subarray(0, 20)))).toContain('public key: cut off');
  expect(fault(ADDRESS_PREFIX + encodeBase32(bytes.subarray(0, 72)))).toContain('interface 1: cut off');
  expect(fault(ADDRESS_PREFIX + encodeBase32(bytes.subarray(0, -5)))).toContain('signature: cut off');
});

test('address: one changed letter anywhere is noticed', () => {
  for (let i = ADDRESS_PREFIX.length; i < text.length; i++) {
    const other = text[i] === 'x' ? 'y' : 'x';
    expect(fault(text.slice(0, i) + other + text.slice(i + 1)), `letter ${i + 1}`).toMatch(
      /^ADDRESS_(DAMAGED|TOO_NEW) /,
    );
  }
});

test('address: what is wrong is said in words', () => {
  expect(fault('')).toContain('ADDRESS_FOREIGN "" is no address of p2pd-demo: it is empty');
  expect(fault('alice.peer')).toContain('it does not begin with p2pd1');
  expect(fault(text.replace('p2pd1', 'p2pd2'))).toContain('ADDRESS_TOO_NEW the address has format version 2');
  expect(fault(ADDRESS_PREFIX + encodeBase32(Uint8Array.of(9, ...bytes.subarray(1))))).toContain(
    'format version 9',
  );
  const longer = Uint8Array.of(...bytes, 0, 0, 0, 0, 0);
  expect(fault(ADDRESS_PREFIX + encodeBase32(longer))).toContain('signature: 5 bytes too many');
  expect(fault(`${text}!`)).toContain(`letter ${text.length + 1}: "!" is not used in addresses`);
  expect(fault(text + 'a'.repeat(2000))).toContain('letters, at most 773 are possible');
  const p2pd = '0,1-[0,0,1.2.3.4,10.0.0.1,10001,5,2,0]-0-0123456789abcdef012345678-abcdef';
  expect(fault(p2pd)).toContain('is an address of P2PD in Python');
});

test('address: a changed field without a new signature is refused', () => {
  const forged = Uint8Array.from(bytes);
  forged[4] = (forged[4] ?? 0) ^ 1; // the sequence number
  expect(() => decodeAddress(forged)).toThrow('signature: does not fit the rest');
});
