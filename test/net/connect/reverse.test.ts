import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { NodeAddress } from '../../../src/net/address.ts';
import { DialBackBudget, dialBackCandidates, reasonToTell } from '../../../src/net/connect/reverse.ts';
import type { OuterFact } from '../../../src/net/events.ts';
import type { NetworkInterface } from '../../../src/net/io/io.ts';
import { MAX_DIAL_BACKS } from '../../../src/net/timing.ts';
import { bytesToIp, familyOf, reachOf, sameSubnet, withoutScope } from '../../../src/net/wire/ip.ts';

const own: NetworkInterface = {
  id: 'eth0',
  name: 'eth0',
  kind: 'ethernet',
  gateways: { 4: '192.168.1.1', 6: null },
  defaultRoute: { 4: true, 6: true },
  addresses: ['192.168.1.2/24', '2001:db8:1::2/64', 'fd00:ec2::2/64', 'fe80::2/64'].map((text) => {
    const [ip = '', prefix] = text.split('/');
    return { family: familyOf(ip), ip, prefix: Number(prefix), reach: reachOf(ip) };
  }),
};
const outer: OuterFact[] = [
  {
    interface: 'eth0',
    family: 4,
    inner: '192.168.1.2',
    outer: '203.0.113.1',
    transport: 'udp',
    agreed: 2,
    rtt: 20,
  },
];
const choice = { paths: ['external', 'local'], families: [4, 6] } as const;

function asker(inner: readonly string[], outside: readonly string[] = [], port = 20_000): NodeAddress {
  const entries = inner.map((ip, number) => ({
    number,
    family: familyOf(ip),
    defaultRoute: true,
    port,
    inner: [ip],
    outer: outside.filter((other) => familyOf(other) === familyOf(ip)),
    mappedPort: null,
    udp: null,
    tcp: null,
  }));
  return {
    sequence: 1,
    machineId: '',
    brokers: [],
    interfaces: entries,
    publicKey: new Uint8Array(33),
    nodeId: '',
  };
}

function dialled(who: NodeAddress, localBroker = false): string[] {
  const found = dialBackCandidates({ own: [own], outer, asker: who, choice, localBroker });
  return found.map(({ remote }) => remote.ip);
}

test('reverse: a public address of the asker is dialled, IPv4 and IPv6', () => {
  expect(dialled(asker(['10.0.0.5', '2001:db8:9::5'], ['198.51.100.9']))).toEqual([
    '198.51.100.9',
    '2001:db8:9::5',
  ]);
});

test('reverse: never loopback, metadata addresses, our own addresses, or ports under 1024', () => {
  const hostile = [
    '127.0.0.1',
    '169.254.169.254',
    '100.100.100.200',
    '168.63.129.16',
    'fd00:ec2::254',
    '::1',
    '192.168.1.2',
    '2001:db8:1::2',
  ];
  expect(dialled(asker(hostile, ['203.0.113.1']), true)).toEqual(['203.0.113.1']);
  expect(dialled(asker(['198.51.100.9'], [], 443), true)).toEqual([]);
  expect(dialled(asker(['198.51.100.9'], [], 1_023), true)).toEqual([]);
});

test('reverse: a private address only in our own subnet, and only with evidence of the same LAN', () => {
  const near = asker(['192.168.1.7', 'fe80::7']);
  expect(dialled(near)).toEqual([]);
  expect(dialled(near, true)).toEqual(['192.168.1.7', 'fe80::7%eth0']);
  expect(dialled(asker(['192.168.1.7'], ['203.0.113.1']))).toContain('192.168.1.7');
  expect(dialled(asker(['192.168.9.7', '10.0.0.1', 'fd55::1']), true)).toEqual([]);
});

test('reverse: where a pipe with the asker ends it may be dialled, and what lies near that', () => {
  const met = (ip: string, peer: NodeAddress) =>
    dialBackCandidates({ own: [own], outer, asker: peer, choice, localBroker: false, met: ip }).map(
      ({ remote }) => remote.ip,
    );
  expect(met('192.168.1.2', asker(['192.168.1.2']))).toEqual(['192.168.1.2']);
  expect(met('192.168.1.9', asker(['192.168.1.9', '192.168.1.77']))).toEqual(['192.168.1.9', '192.168.1.77']);
  expect(met('203.0.113.9', asker(['192.168.1.9']))).toEqual([]);
  expect(met('192.168.1.9', asker(['192.168.1.9', '10.0.0.1', '127.0.0.1']))).toEqual(['192.168.1.9']);
  expect(met('192.168.1.9', asker(['192.168.1.9'], [], 443))).toEqual([]);
});

test('reverse: whatever an address says, what is dialled keeps the rules', () => {
  const ip = fc.oneof(
    fc.uint8Array({ minLength: 4, maxLength: 4 }).map(bytesToIp),
    fc.uint8Array({ minLength: 16, maxLength: 16 }).map(bytesToIp),
    fc.constantFrom(
      '192.168.1.9',
      '127.0.0.2',
      '169.254.169.254',
      'fe80::9',
      '10.1.1.1',
      '224.0.0.1',
      'ff02::1',
    ),
  );
  fc.assert(
    fc.property(
      fc.array(ip, { maxLength: 10 }),
      fc.array(ip, { maxLength: 4 }),
      fc.integer({ min: 1, max: 65_535 }),
      fc.boolean(),
      (inner, outside, port, localBroker) => {
        const found = dialled(asker(inner, outside, port), localBroker);
        expect(found.length).toBeLessThanOrEqual(MAX_DIAL_BACKS);
        for (const address of found.map(withoutScope)) {
          expect(port).toBeGreaterThanOrEqual(1_024);
          expect([...inner, ...outside]).toContain(address);
          const reach = reachOf(address);
          expect(['loopback', 'unusable']).not.toContain(reach);
          if (reach !== 'global')
            expect(own.addresses.some((a) => sameSubnet(a.ip, address, a.prefix) && a.ip !== address)).toBe(
              true,
            );
        }
      },
    ),
  );
});

test('reverse: budgets bound what one peer asks for, and what any number of peers make us send to one address', () => {
  const budget = new DialBackBudget();
  const asked = Array.from({ length: 20 }, () => budget.admit('peer', 0));
  expect(asked.filter(Boolean).length).toBeLessThanOrEqual(6);
  expect(budget.admit('another', 0)).toBe(true);
  const [candidate] = dialBackCandidates({
    own: [own],
    outer,
    asker: asker(['198.51.100.9']),
    choice,
    localBroker: false,
  });
  const dials = Array.from({ length: 40 }, () => budget.spend(candidate ? [candidate] : [], 0).length);
  expect(dials.reduce((sum, n) => sum + n, 0)).toBe(12);
  expect(budget.spend(candidate ? [candidate] : [], 10_000)).toHaveLength(1);
});

test('reverse: of private places the asker learns no more than that it failed', () => {
  const [near] = dialBackCandidates({
    own: [own],
    outer,
    asker: asker(['192.168.1.7']),
    choice,
    localBroker: true,
  });
  const [far] = dialBackCandidates({
    own: [own],
    outer,
    asker: asker(['198.51.100.9']),
    choice,
    localBroker: false,
  });
  expect(near && reasonToTell(near, 'refused: nothing listens there')).toBe('no way through');
  expect(far && reasonToTell(far, 'refused: nothing listens there')).toBe('refused: nothing listens there');
});
