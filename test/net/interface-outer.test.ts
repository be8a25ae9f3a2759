/** Outer addresses in an interface's routes, as the contract's JSON shows them. */
import { expect, test } from 'vitest';
import { Interface } from '../../src/net/index.ts';
import { INTERFACES, world } from '../ui/sample-events.ts';

const [nic] = INTERFACES;
if (nic === undefined) throw new Error('no sample');
const { outer } = world();

test('interface: a route for each outer address with the inner ones behind it, then what nobody saw', () => {
  const dict = new Interface(nic).withOuter(outer).toDict();
  expect(dict.rp).toEqual({
    '2': [
      {
        af: 2,
        nic_ips: [{ ip: '192.0.2.21', cidr: 32, af: 2, prefix: 24 }],
        ext_ips: [{ ip: '203.0.113.7', cidr: 32, af: 2 }],
      },
    ],
    '23': [
      {
        af: 23,
        nic_ips: [{ ip: '2001:db8:21::21', cidr: 128, af: 23, prefix: 64 }],
        ext_ips: [{ ip: '2001:db8:21::21', cidr: 128, af: 23 }],
      },
      { af: 23, nic_ips: [{ ip: 'fe80::21%wlan0', cidr: 128, af: 23, prefix: 64 }], ext_ips: [] },
    ],
  });
});

test('interface: inner addresses behind one outer address share a route; two outer ones of one inner do too', () => {
  const second = { family: 4, ip: '192.0.2.22', prefix: 24, reach: 'global' } as const;
  const [fact] = outer;
  if (fact === undefined) throw new Error('no sample');
  const more = { ...nic, addresses: [...nic.addresses, second] };
  const shared = new Interface(more).withOuter([fact, { ...fact, inner: second.ip }]).toDict().rp['2'];
  expect(
    shared.map(({ nic_ips, ext_ips }) => [nic_ips, ext_ips].map((ips) => ips.map(({ ip }) => ip))),
  ).toEqual([[['192.0.2.21', '192.0.2.22'], ['203.0.113.7']]]);
  const twice = [fact, { ...fact, transport: 'tcp' as const }, { ...fact, outer: '203.0.113.8' }];
  const [route, ...others] = new Interface(nic).withOuter(twice).toDict().rp['2'];
  expect(others).toEqual([]);
  expect(route?.ext_ips.map(({ ip }) => ip)).toEqual(['203.0.113.7', '203.0.113.8']);
});

test('interface: what was seen of another one is not its own, and survives a dict and back', () => {
  const foreign = outer.map((fact) => ({ ...fact, interface: 'eth7' }));
  const plain = new Interface(nic);
  expect(plain.withOuter(foreign).toDict()).toEqual(plain.toDict());
  const dict = plain.withOuter(outer).toDict();
  expect(Interface.fromDict(dict).toDict()).toEqual({
    ...dict,
    rp: { ...dict.rp, '23': expect.arrayContaining(dict.rp['23'].slice(0, 1)) },
  });
});

test('interface: printed, it says how servers see it', () => {
  expect(String(new Interface(nic).withOuter(outer))).toContain(
    '192.0.2.21/24 via 192.0.2.1, seen as 203.0.113.7',
  );
});
