import { describe, expect, test } from 'vitest';
import {
  DELTA_TYPES,
  firewallPreset,
  NAT_TYPE_NAMES,
  type NatTypeName,
  natPreset,
} from '../../src/lab/nat-preset.ts';
import { A1, A2, B1, INSIDE, into, natOf, OUTSIDE, out, SYN } from './nat-harness.ts';

describe('nat presets: seven types × five deltas', () => {
  /** What comes in of: the called one, its other port, a stranger; and whether the mapping is one for all. */
  const EXPECTED: Readonly<Record<NatTypeName, readonly [boolean, boolean, boolean, boolean]>> = {
    'open internet': [true, true, true, true],
    'udp firewall': [true, false, false, true],
    'full cone': [true, true, true, true],
    restrict: [true, true, false, true],
    'restrict port': [true, false, false, true],
    symmetric: [true, false, false, false],
    blocked: [false, false, false, false],
  };
  const pairs = NAT_TYPE_NAMES.flatMap((type) => DELTA_TYPES.map((delta) => [type, delta] as const));

  test.each(pairs)('nat preset: %s with %s delta behaves as its name says, in UDP and TCP', (type, delta) => {
    for (const [proto, flags] of [
      ['udp', undefined],
      ['tcp', SYN],
    ] as const) {
      const how = { proto, ...(flags && { flags }) };
      const nat = natOf(natPreset(type, delta));
      const external = out(nat, 5000, A1, how);
      const [called, otherPort, stranger, oneMapping] = EXPECTED[type];
      expect(external === 'drop').toBe(type === 'blocked');
      expect(external === `${INSIDE}:5000`).toBe(type === 'open internet' || type === 'udp firewall');
      const comesIn = (from: typeof A1) => into(nat, external, from, how) === `${INSIDE}:5000`;
      expect([comesIn(A1), comesIn(A2), comesIn(B1)]).toEqual([called, otherPort, stranger]);
      const isOne = external !== 'drop' && out(nat, 5000, { ip: '203.0.113.50', port: 53 }, how) === external;
      expect(isOne).toBe(oneMapping);
    }
  });

  test('nat preset: what is blocked can be one protocol alone', () => {
    const nat = natOf(natPreset('blocked', 'equal', { blocked: ['udp'] }));
    expect([out(nat, 5000, A1), out(nat, 5000, A1, { proto: 'tcp', flags: SYN })]).toEqual([
      'drop',
      `${OUTSIDE}:5000`,
    ]);
  });

  test('nat preset: an IPv6 firewall changes no address and lets in what was asked for', () => {
    const nat = natOf(firewallPreset());
    const src = { ip: '2001:db8:a::2', port: 5000 };
    const dst = { ip: '2001:db8:b::2', port: 6000 };
    const back = { proto: 'udp', src: dst, dst: src } as const;
    expect(nat.translateIn(back, 0).kind).toBe('drop');
    expect(nat.translateOut({ proto: 'udp', src, dst }, 0)).toEqual({ kind: 'pass', src, dst });
    expect(nat.translateIn(back, 0)).toEqual({ kind: 'pass', src: dst, dst: src });
  });
});
