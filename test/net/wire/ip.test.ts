import { BlockList, isIP } from 'node:net';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { formatEndpoint, parseEndpoint } from '../../../src/net/wire/endpoint.ts';
import { bytesToIp, canonicalIp, ipToBytes, reachOf, sameSubnet } from '../../../src/net/wire/ip.ts';

test.each([
  ['::', '::'],
  ['2001:DB8:0:0:1:0:0:1', '2001:db8::1:0:0:1'],
  ['2001:db8:0:1:1:1:1:1', '2001:db8:0:1:1:1:1:1'],
  ['fe80::1%eth0', 'fe80::1%eth0'],
  ['::ffff:192.0.2.1', '::ffff:192.0.2.1'],
  ['64:ff9b::192.0.2.33', '64:ff9b::c000:221'],
  ['1:2:3:4:5:6:7::', '1:2:3:4:5:6:7:0'],
  ['192.0.2.1', '192.0.2.1'],
])('ip: %s is written %s (RFC 5952)', (text, canonical) => {
  expect(canonicalIp(text)).toBe(canonical);
});

test.each([
  '',
  '1.2.3',
  '1.2.3.256',
  '01.2.3.4',
  '1.2.3.4%eth0',
  ':::',
  '1::2::3',
  '1:2:3:4:5:6:7:8:9',
  'g::',
  '12345::',
  '::1.2.3.4.5',
  'fe80::1%',
  '1:2:3:4:5:6:7::8:9',
])('ip: %j is none', (text) => {
  expect(canonicalIp(text)).toBeNull();
});

test('ip: bytes to text and back, in a form that Node reads as the same address', () => {
  const bytes = fc.oneof(
    fc.uint8Array({ minLength: 4, maxLength: 4 }),
    fc.uint8Array({ minLength: 16, maxLength: 16 }),
  );
  fc.assert(
    fc.property(bytes, (address) => {
      const text = bytesToIp(address);
      expect(isIP(text)).toBe(address.length === 4 ? 4 : 6);
      expect(ipToBytes(text)).toEqual(address);
      expect(canonicalIp(text)).toBe(text);
    }),
  );
});

test('ip: anything that is no address for Node is none for us', () => {
  fc.assert(
    fc.property(fc.oneof(fc.string(), fc.stringMatching(/^[0-9a-f:.]{1,40}$/)), (text) => {
      if (isIP(text) === 0 && !text.includes('%')) expect(canonicalIp(text)).toBeNull();
    }),
    { numRuns: 2_000 },
  );
});

test.each([
  ['192.0.2.1', 'global'],
  ['198.18.0.1', 'global'],
  ['2001:db8::1', 'global'],
  ['10.1.2.3', 'private'],
  ['172.31.0.1', 'private'],
  ['172.32.0.1', 'global'],
  ['192.168.1.1', 'private'],
  ['100.64.0.1', 'private'],
  ['169.254.1.1', 'link-local'],
  ['fe80::1', 'link-local'],
  ['fd00::1', 'unique-local'],
  ['127.0.0.1', 'loopback'],
  ['::1', 'loopback'],
  ['0.0.0.0', 'unusable'],
  ['224.0.0.1', 'unusable'],
  ['255.255.255.255', 'unusable'],
  ['ff02::1', 'unusable'],
  ['::ffff:10.0.0.1', 'unusable'],
  ['nonsense', 'unusable'],
])('ip: %s is %s', (ip, reach) => {
  expect(reachOf(ip)).toBe(reach);
});

test('ip: sameSubnet agrees with Node for every prefix', () => {
  const ipv4 = fc.uint8Array({ minLength: 4, maxLength: 4 }).map(bytesToIp);
  fc.assert(
    fc.property(ipv4, ipv4, fc.integer({ min: 0, max: 32 }), (a, b, prefix) => {
      const list = new BlockList();
      list.addSubnet(a, prefix, 'ipv4');
      expect(sameSubnet(a, b, prefix)).toBe(list.check(b, 'ipv4'));
    }),
  );
});

test('endpoint: text and back; rubbish is null', () => {
  const endpoint = fc.record({
    ip: fc
      .oneof(fc.uint8Array({ minLength: 4, maxLength: 4 }), fc.uint8Array({ minLength: 16, maxLength: 16 }))
      .map(bytesToIp),
    port: fc.integer({ min: 0, max: 65535 }),
  });
  fc.assert(
    fc.property(endpoint, (value) => {
      expect(parseEndpoint(formatEndpoint(value))).toEqual(value);
    }),
  );
  for (const text of ['', '1.2.3.4', '1.2.3.4:65536', '::1:80', '[1.2.3.4]:80', '1.2.3.4:-1']) {
    expect(parseEndpoint(text)).toBeNull();
  }
});
