/** A full address and arbitrary ones, for tests of everything that reads addresses. */
import fc from 'fast-check';
import type { AddressFields } from '../../src/net/address.ts';
import type { AddressInterface } from '../../src/net/address-interface.ts';
import { identityOf } from '../../src/net/identity.ts';
import { bytesToIp, reachOf } from '../../src/net/wire/ip.ts';

export const sampleIdentity = identityOf(new Uint8Array(32).fill(7));

export const sampleFields: AddressFields = {
  sequence: 1_795_000_000,
  machineId: '0123456789abcdef',
  brokers: ['mqtt://192.0.2.9:1883'],
  interfaces: [
    {
      number: 0,
      family: 4,
      defaultRoute: true,
      port: 10001,
      inner: ['192.168.1.5'],
      outer: ['203.0.113.7'],
      mappedPort: null,
      udp: { type: 5, delta: { type: 2, value: 0 }, range: [1024, 65535] },
      tcp: { type: null, delta: { type: null, value: -3 }, range: [0, 65535] },
    },
    {
      number: 0,
      family: 6,
      defaultRoute: false,
      port: 10001,
      inner: ['2001:db8::5', 'fe80::5'],
      outer: [],
      mappedPort: null,
      udp: null,
      tcp: null,
    },
  ],
};

const facts = fc.option(
  fc.record({
    type: fc.option(fc.integer({ min: 1, max: 7 })),
    delta: fc.record({
      type: fc.option(fc.integer({ min: 1, max: 6 })),
      value: fc.integer({ min: -32768, max: 32767 }),
    }),
    range: fc
      .tuple(fc.integer({ min: 0, max: 65535 }), fc.integer({ min: 0, max: 65535 }))
      .map(([a, b]): [number, number] => [Math.min(a, b), Math.max(a, b)]),
  }),
);

function ips(length: number, minimum: number) {
  const ip = fc
    .uint8Array({ minLength: length, maxLength: length })
    .map(bytesToIp)
    .filter((text) => reachOf(text) !== 'unusable');
  return fc.array(ip, { minLength: minimum, maxLength: 4 });
}

const entry = fc.constantFrom<4 | 6>(4, 6).chain(
  (family): fc.Arbitrary<AddressInterface> =>
    fc
      .record({
        number: fc.integer({ min: 0, max: 255 }),
        family: fc.constant(family),
        defaultRoute: fc.boolean(),
        port: fc.integer({ min: 1, max: 65535 }),
        inner: ips(family === 4 ? 4 : 16, 1),
        outer: ips(family === 4 ? 4 : 16, 0),
        mappedPort: fc.option(fc.integer({ min: 1, max: 65535 })),
        udp: facts,
        tcp: facts,
      })
      // Only at an outer address.
      .map((entry) => (entry.outer.length === 0 ? { ...entry, mappedPort: null } : entry)),
);

export const arbitraryFields: fc.Arbitrary<AddressFields> = fc.record({
  sequence: fc.nat({ max: 2 ** 32 - 1 }),
  machineId: fc.stringMatching(/^[0-9a-f]{16}$/),
  brokers: fc.array(
    fc.constantFrom('mqtt://192.0.2.9:1883', 'wss://broker.example/mqtt', 'mqtts://[2001:db8::1]:8883'),
    {
      maxLength: 4,
    },
  ),
  interfaces: fc.array(entry, { maxLength: 12 }),
});
