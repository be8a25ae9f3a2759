import { inspect } from 'node:util';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Interface } from '../../src/net/index.ts';
import type { NetworkInterface } from '../../src/net/io/io.ts';
import { bytesToIp, reachOf } from '../../src/net/wire/ip.ts';

/** The contract's example, to the letter. */
const SEED = {
  name: 'Intel(R) Wi-Fi 6 AX200 160MHz',
  nat: {
    type: 5,
    nat_info: 'restrict port',
    delta: { type: 6, value: 0 },
    delta_info: 'random delta (local port == rand port)',
  },
  rp: {
    '2': [
      {
        af: 2,
        nic_ips: [{ ip: '192.168.21.21', cidr: 32, af: 2 }],
        ext_ips: [{ ip: '203.0.113.7', cidr: 32, af: 2 }],
      },
    ],
    '23': [],
  },
  id: 'wlan0',
  kind: 'wireless',
  gateways: { '2': '192.168.21.1', '23': null },
};

/** The example with another inner address. */
const withNicIp = (entry: object) => ({
  ...SEED,
  rp: { '2': [{ af: 2, nic_ips: [entry], ext_ips: [] }], '23': [] },
});

const eth0: NetworkInterface = {
  id: 'eth0',
  name: 'eth0 (virtio_net)',
  kind: 'ethernet',
  gateways: { 4: '192.0.2.1', 6: null },
  defaultRoute: { 4: true, 6: false },
  addresses: [
    { family: 4, ip: '192.0.2.2', prefix: 24, reach: 'global' },
    { family: 6, ip: 'fe80::1', prefix: 64, reach: 'link-local' },
  ],
};

test("interface: the contract's example comes back with every key it had", () => {
  expect(Interface.fromDict(SEED).toDict()).toMatchObject(SEED);
});

test("interface: the seed's own dict, without our extra keys, is read", () => {
  const { id: _id, kind: _kind, gateways: _gateways, ...seed } = SEED;
  const nic = Interface.fromDict(seed);
  expect(nic.id).toBe(SEED.name);
  expect(nic.addresses.map((a) => a.ip)).toEqual(['192.168.21.21']);
});

test('interface: what is not known is null with the name "unknown"', () => {
  const dict = new Interface(eth0).toDict();
  expect(dict.nat).toEqual({
    type: null,
    nat_info: 'unknown',
    delta: { type: null, value: 0 },
    delta_info: 'unknown',
  });
  expect(dict.rp['2']).toEqual([
    { af: 2, nic_ips: [{ ip: '192.0.2.2', cidr: 32, af: 2, prefix: 24 }], ext_ips: [] },
  ]);
  expect(dict.rp['23'][0]?.nic_ips[0]).toEqual({ ip: 'fe80::1', cidr: 128, af: 23, prefix: 64 });
});

test('interface: a dict comes back as the same interface, also through JSON', () => {
  const addresses = fc.array(
    fc.constantFrom<4 | 6>(4, 6).chain((family) =>
      fc
        .record({
          bytes: fc.uint8Array({ minLength: family === 4 ? 4 : 16, maxLength: family === 4 ? 4 : 16 }),
          prefix: fc.integer({ min: 0, max: family === 4 ? 32 : 128 }),
        })
        .map(({ bytes, prefix }) => ({
          family,
          ip: bytesToIp(bytes),
          prefix,
          reach: reachOf(bytesToIp(bytes)),
        })),
    ),
    { maxLength: 6 },
  );
  const flags = fc.record({ 4: fc.boolean(), 6: fc.boolean() });
  const hops = fc.record({
    4: fc.constantFrom(null, '192.0.2.1'),
    6: fc.constantFrom(null, 'fe80::1', '2001:db8::1'),
  });
  fc.assert(
    fc.property(fc.string(), addresses, flags, hops, (name, list, defaultRoute, gateways) => {
      const nic = new Interface({ ...eth0, name, addresses: list, defaultRoute, gateways });
      const back = Interface.fromDict(JSON.parse(JSON.stringify(nic.toDict())));
      expect(back).toEqual(nic);
      expect(back.toDict()).toEqual(nic.toDict());
      expect(nic.addresses).toHaveLength(list.length);
    }),
  );
});

test('interface: whoever changes a dict changes no interface', () => {
  const nic = Interface.fromDict(SEED);
  const dict = nic.toDict();
  dict.nat.delta.value = 99;
  dict.rp['2'].length = 0;
  expect(nic.toDict()).toMatchObject(SEED);
});

test('interface: the scope of a link-local address is no part of it', () => {
  const nic_ips = [{ ip: 'FE80::1%eth0', cidr: 128, af: 23 }];
  const rp = { '2': [], '23': [{ af: 23, nic_ips, ext_ips: [] }] };
  const nic = Interface.fromDict({ ...SEED, rp });
  expect(nic.addresses).toEqual([{ family: 6, ip: 'fe80::1', prefix: 128, reach: 'link-local' }]);
});

test.each([
  [null, 'no dict of an interface'],
  [{ ...SEED, name: 5 }, 'name'],
  [{ ...SEED, nat: { ...SEED.nat, type: 8 } }, 'nat.type'],
  [{ ...SEED, rp: { '2': [], '23': [{ af: 4, nic_ips: [], ext_ips: [] }] } }, 'rp.23.0.af'],
  [withNicIp({ ip: 'x', cidr: 32, af: 2 }), 'rp.2.0.nic_ips.0.ip'],
  [withNicIp({ ip: 'fe80::1', cidr: 32, af: 2 }), 'rp.2.0.nic_ips.0.ip: must be an IPv4 address'],
  [withNicIp({ ip: '10.0.0.1', cidr: 33, af: 2 }), 'rp.2.0.nic_ips.0.cidr: must be at most 32'],
  [withNicIp({ ip: '10.0.0.1', cidr: 1.5, af: 2 }), 'nic_ips.0.cidr'],
  [withNicIp({ ip: '10.0.0.1', cidr: 32, af: 23 }), 'nic_ips.0.af'],
  [withNicIp({ ip: '10.0.0.1', cidr: 32, af: 2, prefix: -1 }), 'nic_ips.0.prefix'],
  [{ ...SEED, nat: { ...SEED.nat, delta: { type: 7, value: 0 } } }, 'nat.delta.type'],
  [{ ...SEED, nat: { ...SEED.nat, delta: { type: 6, value: 0.5 } } }, 'nat.delta.value'],
  [{ ...SEED, gateways: { '2': 'fe80::1', '23': null } }, 'gateways.2'],
  [{ ...SEED, default_routes: { '2': 'yes', '23': null } }, 'default_routes.2'],
  [{ ...SEED, kind: 'modem' }, 'kind: must be one of ethernet'],
  [{}, 'name'],
])('interface: %j is refused, and the key named', (dict, key) => {
  expect(() => Interface.fromDict(dict)).toThrow(
    expect.objectContaining({ name: 'P2pdError', code: 'USAGE' }),
  );
  expect(() => Interface.fromDict(dict)).toThrow(key);
});

test('interface: one is loaded by name in any case, or the one with the default route', async () => {
  const idle = new Interface({ ...eth0, id: 'wlan0', name: 'WLAN', defaultRoute: { 4: false, 6: false } });
  const list = async () => [idle, new Interface(eth0)];
  expect((await Interface.load('wlan', list)).id).toBe('wlan0');
  expect((await Interface.load('ETH0', list)).id).toBe('eth0');
  expect((await Interface.load('Eth0 (VIRTIO_net)', list)).id).toBe('eth0');
  expect((await Interface.load(undefined, list)).id).toBe('eth0');
  await expect(Interface.load('eth9', list)).rejects.toThrow(
    'no interface is called "eth9": there are wlan0 = WLAN, eth0 = eth0 (virtio_net)',
  );
  await expect(Interface.load(undefined, async () => [])).rejects.toMatchObject({
    code: 'NO_INTERFACE',
    message: 'this machine has no usable interface',
  });
});

test('interface: printing one gives the dict of the seed', () => {
  const nic = new Interface(eth0);
  expect(inspect(nic)).toBe(`Interface.fromDict(${JSON.stringify(nic.toDict(), null, 4)})`);
});

test('interface: as text it shows addresses, gateway and NAT', () => {
  const text = `${new Interface(eth0)}`;
  expect(text).toContain('eth0 (virtio_net) (ethernet)');
  expect(text).toContain('IPv4: 192.0.2.2/24 via 192.0.2.1');
  expect(text).toContain('NAT: unknown');
});
