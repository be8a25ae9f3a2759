import { expect, test } from 'vitest';
import type { AddressInterface } from '../../../src/net/address-interface.ts';
import { directCandidates, pathwayOf } from '../../../src/net/connect/pathway.ts';
import type { NetworkInterface } from '../../../src/net/io/io.ts';
import { MAX_DIRECT_ATTEMPTS } from '../../../src/net/timing.ts';
import { familyOf, reachOf } from '../../../src/net/wire/ip.ts';

function nic(id: string, addresses: readonly string[], defaultRoute = true): NetworkInterface {
  return {
    id,
    name: id,
    kind: id === 'lo' ? 'loopback' : 'ethernet',
    gateways: { 4: null, 6: null },
    defaultRoute: { 4: defaultRoute, 6: defaultRoute },
    addresses: addresses.map((text) => {
      const [ip = '', prefix] = text.split('/');
      return { family: familyOf(ip), ip, prefix: Number(prefix), reach: reachOf(ip) };
    }),
  };
}

function peer(inner: readonly string[], outer: readonly string[] = []): AddressInterface[] {
  return ([4, 6] as const).flatMap((family) => {
    const of = (ips: readonly string[]) => ips.filter((ip) => familyOf(ip) === family);
    if (of(inner).length === 0) return [];
    return [
      {
        number: 0,
        family,
        defaultRoute: true,
        port: 1,
        inner: of(inner),
        outer: of(outer),
        mappedPort: null,
        udp: null,
        tcp: null,
      },
    ];
  });
}

const both = { paths: ['external', 'local'], families: [4, 6] } as const;

/** `path local>remote` of each candidate. */
function pairs(
  own: NetworkInterface[],
  other: AddressInterface[],
  choice: Parameters<typeof directCandidates>[2] = both,
) {
  return directCandidates(own, other, choice).map((c) => `${c.path} ${c.local.ip}>${c.remote.ip}`);
}

const home = nic('eth0', ['192.168.1.2/24', '2001:db8:1::2/64', 'fe80::2/64']);

test('pathway: on one LAN everything is local, IPv4 and IPv6 in turn, link-local last', () => {
  expect(pairs([home], peer(['192.168.1.5', '2001:db8:1::5', 'fe80::5']))).toEqual([
    'local 192.168.1.2>192.168.1.5',
    'local 2001:db8:1::2>2001:db8:1::5',
    'local fe80::2%eth0>fe80::5%eth0',
  ]);
});

test('pathway: the family asked for first goes first, one not asked for not at all', () => {
  const other = peer(['192.168.1.5', '2001:db8:1::5']);
  expect(pairs([home], other, { ...both, families: [6, 4] })[0]).toBe('local 2001:db8:1::2>2001:db8:1::5');
  expect(pairs([home], other, { ...both, families: [4] })).toEqual(['local 192.168.1.2>192.168.1.5']);
});

test('pathway: outer and routed public addresses are external, private ones local even off the link', () => {
  const other = peer(['10.9.0.5', '2001:db8:9::5'], ['203.0.113.7']);
  expect(pairs([home], other)).toEqual([
    'external 192.168.1.2>203.0.113.7',
    'external 2001:db8:1::2>2001:db8:9::5',
    'local 192.168.1.2>10.9.0.5',
  ]);
  expect(pairs([home], other, { ...both, paths: ['local'] })).toEqual(['local 192.168.1.2>10.9.0.5']);
  expect(pairs([home], other, { ...both, paths: ['local', 'external'] })[0]).toBe(
    'local 192.168.1.2>10.9.0.5',
  );
});

test('pathway: a public address on the own link is external when only that is asked for', () => {
  const own = nic('eth0', ['203.0.113.2/24']);
  expect(pairs([own], peer(['203.0.113.5']))).toEqual(['local 203.0.113.2>203.0.113.5']);
  expect(pairs([own], peer(['203.0.113.5']), { ...both, paths: ['external'] })).toEqual([
    'external 203.0.113.2>203.0.113.5',
  ]);
});

test('pathway: the interface on the same link goes first, then the default route, then the others', () => {
  const idle = nic('eth1', ['172.16.0.2/16'], false);
  const wifi = nic('wlan0', ['10.0.0.2/24']);
  expect(pairs([idle, wifi, home], peer(['192.168.1.5']))).toEqual([
    'local 192.168.1.2>192.168.1.5',
    'local 10.0.0.2>192.168.1.5',
    'local 172.16.0.2>192.168.1.5',
  ]);
});

test('pathway: link-local goes only by interfaces that have such an address, each with its scope', () => {
  const second = nic('eth1', ['fe80::9/64'], false);
  expect(pairs([nic('tun0', ['10.0.0.1/24']), home, second], peer(['fe80::5']))).toEqual([
    'local fe80::2%eth0>fe80::5%eth0',
    'local fe80::9%eth1>fe80::5%eth1',
  ]);
});

test('pathway: loopback is dialled from loopback only', () => {
  expect(pairs([home], peer(['127.0.0.1']))).toEqual([]);
  expect(pairs([nic('lo', ['127.0.0.1/8'])], peer(['127.0.0.1', '192.168.1.5']))).toEqual([
    'local 127.0.0.1>127.0.0.1',
  ]);
});

test('pathway: a peer that lists hundreds of addresses is tried a bounded number of times', () => {
  const many = peer(Array.from({ length: 15 }, (_, i) => `10.0.0.${i + 1}`));
  const own = Array.from({ length: 5 }, (_, i) => nic(`eth${i}`, [`192.168.${i}.2/24`]));
  expect(directCandidates(own, many, both)).toHaveLength(MAX_DIRECT_ATTEMPTS);
});

test('pathway: the dialled side calls private and on-link callers local', () => {
  expect(pathwayOf([home], '192.168.1.9')).toBe('local');
  expect(pathwayOf([home], '2001:db8:1::9')).toBe('local');
  expect(pathwayOf([home], '10.1.1.1')).toBe('local');
  expect(pathwayOf([home], '203.0.113.9')).toBe('external');
});
