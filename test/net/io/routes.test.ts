import { expect, test } from 'vitest';
import { bestRoute, parseIpv4Routes, parseIpv6Routes } from '../../../src/net/io/routes.ts';

const IPV4 = `Iface	Destination	Gateway 	Flags	RefCnt	Use	Metric	Mask		MTU	Window	IRTT
eth0	00000000	0115A8C0	0003	0	0	100	00000000	0	0	0
wlan0	00000000	FE01000A	0003	0	0	600	00000000	0	0	0
eth0	00000000	0215A8C0	0003	0	0	50	00000000	0	0	0
tun0	00000000	00000000	0001	0	0	0	00000000	0	0	0
eth1	00000000	0315A8C0	0002	0	0	0	00000000	0	0	0
eth2	00000000	0315A8C0	0203	0	0	0	00000000	0	0	0
eth0	0015A8C0	00000000	0001	0	0	100	00FFFFFF	0	0	0
tun1	00000000	00000000	0001	0	0	0	00000080	0	0	0
`;

const ZERO = '0'.repeat(32);
const IPV6 = [
  `fd000000000000000000000000000000 40 ${ZERO} 00 ${ZERO} 00000100 00000001 00000000 00000001     eth0`,
  `${ZERO} 00 ${ZERO} 00 fe800000000000000000000000000001 00000400 00000002 00000000 00000003     eth0`,
  `${ZERO} 00 ${ZERO} 00 ${ZERO} 00000100 00000002 00000000 00000001     tun0`,
  `${ZERO} 00 ${ZERO} 00 ${ZERO} ffffffff 00000001 00000000 00200200       lo`,
  `${ZERO} 00 ${ZERO} 00 ${ZERO} 00000100 00000002 00000000 00200201     eth3`,
].join('\n');

test('routes: IPv4 default routes with their gateways; down, rejected and narrower ones are none', () => {
  expect(parseIpv4Routes(IPV4)).toEqual([
    { family: 4, interface: 'eth0', gateway: '192.168.21.1', metric: 100 },
    { family: 4, interface: 'wlan0', gateway: '10.0.1.254', metric: 600 },
    { family: 4, interface: 'eth0', gateway: '192.168.21.2', metric: 50 },
    { family: 4, interface: 'tun0', gateway: null, metric: 0 },
  ]);
});

test('routes: IPv6 default routes; the catch-all of lo and unreachable ones are none', () => {
  expect(parseIpv6Routes(IPV6)).toEqual([
    { family: 6, interface: 'eth0', gateway: 'fe80::1', metric: 0x400 },
    { family: 6, interface: 'tun0', gateway: null, metric: 0x100 },
  ]);
});

test('routes: of several default routes of one interface the lowest metric counts', () => {
  const routes = parseIpv4Routes(IPV4);
  expect(bestRoute(routes, 'eth0', 4)?.gateway).toBe('192.168.21.2');
  expect(bestRoute(routes, 'eth0', 6)).toBeNull();
  expect(bestRoute(routes, 'eth9', 4)).toBeNull();
});

test('routes: empty and torn files give no route', () => {
  expect(parseIpv4Routes('')).toEqual([]);
  expect(parseIpv4Routes('Iface\neth0	000')).toEqual([]);
  expect(parseIpv6Routes('\n00 00\n')).toEqual([]);
});
