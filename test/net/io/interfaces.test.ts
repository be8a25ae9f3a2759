import { expect, test } from 'vitest';
import {
  type Facts,
  isUsable,
  kindOf,
  listNetworkInterfaces,
  loopbackInterface,
  mergeLabels,
  preferredFirst,
} from '../../../src/net/io/interfaces.ts';
import type { NetworkInterface } from '../../../src/net/io/io.ts';
import { sampleLoad } from '../../../src/net/io/load.ts';

const plain: Facts = {
  isWireless: false,
  isBridge: false,
  isBridgePort: false,
  isTunnel: false,
  isCellular: false,
  isVirtual: false,
  driver: null,
};
const bridge: Facts = { ...plain, isBridge: true };
const virtual: Facts = { ...plain, isVirtual: true };
const address = { family: 4, ip: '192.168.1.2', prefix: 24, reach: 'private' } as const;
const linkLocal = { family: 6, ip: 'fe80::1', prefix: 64, reach: 'link-local' } as const;

test.each([
  ['eth0', plain, true],
  ['va', virtual, true],
  ['lan0', virtual, true],
  ['vethabcdef0', virtual, true],
  ['tun0', { ...plain, isTunnel: true }, true],
  ['br0', bridge, true],
  ['docker0', bridge, false],
  ['br-0123456789ab', bridge, false],
  ['br-lan', bridge, true],
  ['virbr0', bridge, false],
  ['lxcbr0', bridge, false],
  ['podman1', bridge, false],
  ['veth12ab34c', { ...plain, isBridgePort: true }, false],
  ['eth1', { ...plain, isBridgePort: true }, false],
  ['docker_gwbridge', bridge, false],
  ['dockerlan', bridge, true],
  ['bridge0', plain, true],
  ['bridge100', plain, false],
  ['awdl0', plain, false],
  ['vEthernet (WSL (Hyper-V firewall))', plain, false],
  ['vEthernet (Default Switch)', plain, false],
  ['vEthernet (External)', plain, true],
  ['VMware Network Adapter VMnet8', plain, false],
])('interfaces: %s with %j is used: %j', (id, facts, used) => {
  expect(isUsable(id, facts, [address])).toBe(used);
  expect(isUsable(id, facts, [])).toBe(false);
});

test('interfaces: link-local addresses alone make an Ethernet usable, but no tunnel', () => {
  expect(isUsable('eth0', plain, [linkLocal])).toBe(true);
  expect(isUsable('utun0', plain, [linkLocal])).toBe(false);
  expect(isUsable('utun4', plain, [linkLocal, address])).toBe(true);
});

test.each([
  ['wlp3s0', { ...plain, isWireless: true }, 'wireless'],
  ['Wi-Fi', plain, 'wireless'],
  ['eth0', plain, 'ethernet'],
  ['enp0s31f6', plain, 'ethernet'],
  ['Ethernet 2', plain, 'ethernet'],
  ['wg0', { ...plain, isTunnel: true }, 'tunnel'],
  ['utun3', plain, 'tunnel'],
  ['br0', bridge, 'virtual'],
  ['vEthernet (WSL)', plain, 'virtual'],
  ['wwan0', plain, 'cellular'],
  ['mhi0', { ...plain, isCellular: true, driver: 'mhi_net' }, 'cellular'],
  ['eth0', virtual, 'ethernet'],
  ['lab7', virtual, 'virtual'],
  ['lab7', plain, 'other'],
  ['lab7', { ...plain, driver: 'e1000e' }, 'ethernet'],
])('interfaces: %s with %j is %s', (id, facts, kind) => {
  expect(kindOf(id, facts)).toBe(kind);
});

test('interfaces: an address with a label belongs to the interface before the colon', () => {
  const merged = mergeLabels([
    ['lo', [1]],
    ['eth0', [2, 3]],
    ['eth0:1', [4]],
    ['eth1:0', [5]],
  ]);
  expect([...merged]).toEqual([
    ['lo', [1]],
    ['eth0', [2, 3, 4]],
    ['eth1', [5]],
  ]);
});

test('interfaces: the one that the system routes by comes first, those without a route last', () => {
  const nic = (id: string): NetworkInterface => ({
    id,
    name: id,
    kind: 'other',
    gateways: { 4: null, 6: null },
    defaultRoute: { 4: false, 6: false },
    addresses: [address],
  });
  const listed = ['idle', 'wlan0', 'six', 'eth0', 'idle2'].map(nic);
  const sorted = preferredFirst(listed, [
    { family: 4, interface: 'wlan0', gateway: null, metric: 600 },
    { family: 4, interface: 'eth0', gateway: null, metric: 700 },
    { family: 4, interface: 'eth0', gateway: null, metric: 100 },
    { family: 6, interface: 'six', gateway: null, metric: 1 },
  ]);
  expect(sorted.map(({ id }) => id)).toEqual(['eth0', 'wlan0', 'six', 'idle', 'idle2']);
});

test('interfaces: what this machine has is up, has an address and is not loopback', async () => {
  for (const nic of await listNetworkInterfaces()) {
    expect(nic.addresses.length).toBeGreaterThan(0);
    expect(nic.kind).not.toBe('loopback');
    expect(nic.addresses.map((a) => a.reach)).not.toContain('loopback');
  }
});

test('interfaces: loopback is there for a machine that has nothing else', () => {
  expect(loopbackInterface().addresses.map((a) => a.ip)).toContain('127.0.0.1');
});

test('load: shares between 0 and 1', async () => {
  const { cpu, memoryUsed, load1 } = await sampleLoad();
  for (const share of [cpu, memoryUsed]) {
    expect(share).toBeGreaterThanOrEqual(0);
    expect(share).toBeLessThanOrEqual(1);
  }
  expect(load1).toBeGreaterThanOrEqual(0);
});
