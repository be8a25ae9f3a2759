import { expect, test } from 'vitest';
import {
  type Facts,
  isUsable,
  kindOf,
  listNetworkInterfaces,
  loopbackInterface,
} from '../../../src/net/io/interfaces.ts';
import { sampleLoad } from '../../../src/net/io/load.ts';

const plain: Facts = {
  isWireless: false,
  isBridge: false,
  isBridgePort: false,
  isTunnel: false,
  driver: null,
};
const bridge: Facts = { ...plain, isBridge: true };
const address = { family: 4, ip: '192.168.1.2', prefix: 24, reach: 'private' } as const;

test.each([
  ['eth0', plain, true],
  ['va', plain, true],
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
])('interfaces: %s with %j is used: %j', (id, facts, used) => {
  expect(isUsable(id, facts, [address])).toBe(used);
  expect(isUsable(id, facts, [])).toBe(false);
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
  ['lab7', plain, 'other'],
  ['lab7', { ...plain, driver: 'e1000e' }, 'ethernet'],
])('interfaces: %s with %j is %s', (id, facts, kind) => {
  expect(kindOf(id, facts)).toBe(kind);
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
