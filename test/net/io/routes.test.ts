import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { bestRoute, parseIpv4Routes, parseIpv6Routes, routeOf } from '../../../src/net/io/routes.ts';

/** Modelled on what a kernel wrote in a network namespace, with rows added by hand. */
const vector = (name: string) =>
  readFileSync(new URL(`../../vectors/routes/${name}`, import.meta.url), 'utf8');
const IPV4 = vector('ipv4.txt');
const IPV6 = vector('ipv6.txt');

test('routes: IPv4 default routes with their gateways; down, rejected and narrower ones are none', () => {
  expect(parseIpv4Routes(IPV4)).toEqual([
    { family: 4, interface: 'eth0', gateway: '10.1.0.254', metric: 50 },
    { family: 4, interface: 'eth0', gateway: '10.1.0.1', metric: 200 },
    { family: 4, interface: 'tun0', gateway: null, metric: 300 },
    { family: 4, interface: 'lan0', gateway: null, metric: 400 },
    { family: 4, interface: 'wlan0', gateway: '10.2.0.1', metric: 600 },
  ]);
});

test('routes: IPv6 default routes; the catch-all of lo, unreachable and narrower ones are none', () => {
  expect(parseIpv6Routes(IPV6)).toEqual([
    { family: 6, interface: 'eth0', gateway: 'fe80::99', metric: 300 },
    { family: 6, interface: 'eth0', gateway: '2001:db8::1', metric: 1024 },
    { family: 6, interface: 'tun0', gateway: null, metric: 700 },
  ]);
});

test('routes: of several default routes of one interface the lowest metric counts, in any order', () => {
  const routes = [...parseIpv4Routes(IPV4), ...parseIpv6Routes(IPV6)];
  for (const list of [routes, [...routes].reverse()]) {
    expect(bestRoute(list, 'eth0', 4)?.gateway).toBe('10.1.0.254');
    expect(bestRoute(list, 'eth0', 6)?.gateway).toBe('fe80::99');
    expect(bestRoute(list, 'wlan0', 6)).toBeNull();
    expect(bestRoute(list, 'eth9', 4)).toBeNull();
  }
});

test('routes: empty and torn files give no route', () => {
  expect(parseIpv4Routes('')).toEqual([]);
  expect(parseIpv4Routes('Iface\neth0	000')).toEqual([]);
  expect(parseIpv6Routes('\n00 00\n')).toEqual([]);
});

test("routes: other systems' gateways lose their scope; macOS's idle tunnels are no default route", () => {
  expect(routeOf(6, { gateway: 'fe80::1%en0', int: 'en0' })).toEqual({
    family: 6,
    interface: 'en0',
    gateway: 'fe80::1',
    metric: 0,
  });
  expect(routeOf(4, { gateway: '192.168.1.1', int: 'Wi-Fi' })?.interface).toBe('Wi-Fi');
  expect(routeOf(6, { gateway: 'fe80::%utun0', int: 'utun0' })).toBeNull();
  expect(routeOf(4, { gateway: '192.168.1.1', int: null })).toBeNull();
});
