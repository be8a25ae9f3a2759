import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Admission } from '../../../src/net/pipe/admission.ts';
import { MAX_HANDSHAKES, MAX_HANDSHAKES_PER_ADDRESS } from '../../../src/net/timing.ts';

/** How many of `count` tries get a place. */
function enter(admission: Admission, ip: string, count: number): number {
  return Array.from({ length: count }, () => admission.enter(ip)).filter(Boolean).length;
}

test('admission: one address gets its share, and others still get theirs', () => {
  const admission = new Admission();
  expect(enter(admission, '192.0.2.1', 500)).toBe(MAX_HANDSHAKES_PER_ADDRESS);
  expect(enter(admission, '192.0.2.2', 500)).toBe(MAX_HANDSHAKES_PER_ADDRESS);
  expect(admission.total).toBe(2 * MAX_HANDSHAKES_PER_ADDRESS);
});

test('admission: all addresses together get no more than the whole', () => {
  const admission = new Admission();
  const places = Array.from({ length: 250 }, (_, i) => enter(admission, `192.0.2.${i}`, 20));
  expect(places.reduce((sum, one) => sum + one)).toBe(MAX_HANDSHAKES);
  expect(admission.enter('198.51.100.1')).toBe(false);
  admission.leave('192.0.2.1');
  expect(admission.enter('198.51.100.1')).toBe(true);
});

test('admission: all addresses of an IPv6 /64 share one share, its neighbour has its own', () => {
  const admission = new Admission();
  const places = Array.from({ length: 40 }, (_, i) => enter(admission, `2001:db8:0:1::${i + 1}`, 1));
  expect(places.reduce((sum, one) => sum + one)).toBe(MAX_HANDSHAKES_PER_ADDRESS);
  expect(admission.enter('2001:db8:0:2::1')).toBe(true);
});

test('admission: places that are given back are there again, whatever the order', () => {
  const ips = fc.array(fc.constantFrom('192.0.2.1', '192.0.2.2', '2001:db8::1', '2001:db8::2', 'fe80::1'), {
    maxLength: 400,
  });
  fc.assert(
    fc.property(ips, fc.boolean(), (tries, backwards) => {
      const admission = new Admission();
      const inside = tries.filter((ip) => admission.enter(ip));
      expect(admission.total).toBe(inside.length);
      for (const ip of backwards ? inside.reverse() : inside) admission.leave(ip);
      expect(admission.total).toBe(0);
      expect(enter(admission, '192.0.2.1', 500)).toBe(MAX_HANDSHAKES_PER_ADDRESS);
    }),
  );
});
