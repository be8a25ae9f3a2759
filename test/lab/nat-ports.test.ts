import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Nat } from '../../src/lab/nat.ts';
import { DELTA_TYPES, natPreset } from '../../src/lab/nat-preset.ts';
import { A1, into, natOf, OUTSIDE, out, portOf } from './nat-harness.ts';

describe('nat ports', () => {
  const locals = [5000, 5001, 5002, 7000, 5003, 40000];
  const portsOf = (nat: Nat) => locals.map((port) => portOf(out(nat, port, A1)));
  const steps = (ports: number[]) => ports.slice(1).map((port, i) => port - (ports[i] ?? 0));
  const wide = { range: [1, 65535] } as const;

  test('nat: equal keeps the port', () => {
    expect(portsOf(natOf(natPreset('restrict', 'equal')))).toEqual(locals);
  });

  test('nat: preserving keeps the difference of two ports, and no port itself', () => {
    fc.assert(
      fc.property(fc.integer(), fc.integer({ min: 1, max: 20_000 }), (seed, first) => {
        const nat = natOf(natPreset('restrict', 'preserving', wide), [OUTSIDE], seed);
        const ports = [first, first + 7, first + 1000].map((port) => portOf(out(nat, port, A1)));
        expect(steps(ports).map((step) => (step + 65535) % 65535)).toEqual([7, 993]);
        expect(ports[0]).not.toBe(first);
      }),
    );
    const fixed = natOf(natPreset('restrict', { type: 'preserving', value: 46_000 }));
    expect(portOf(out(fixed, 4000, A1))).toBe(50_000);
  });

  test('nat: independent goes on by its value, whatever the local port and the host', () => {
    const nat = natOf(natPreset('symmetric', { type: 'independent', value: 3 }, { range: [20_000, 60_000] }));
    const ports = portsOf(nat);
    expect(steps(ports)).toEqual([3, 3, 3, 3, 3]);
    expect(portOf(out(nat, 9, A1, { ip: '192.168.1.77' })) - (ports.at(-1) ?? 0)).toBe(3);
  });

  test('nat: dependent goes on by its value only while local ports step by one on one host', () => {
    const nat = natOf(natPreset('symmetric', { type: 'dependent', value: 2 }, { range: [20_000, 60_000] }));
    const [a, b, c, far, d] = portsOf(nat) as [number, number, number, number, number, number];
    expect([b - a, c - b]).toEqual([2, 2]);
    expect([far - c, d - far, d - c]).not.toContain(2);
    const before = portOf(out(nat, 6000, A1));
    expect(portOf(out(nat, 6001, A1, { ip: '192.168.1.77' })) - before).not.toBe(2);
    expect(portOf(out(nat, 6001, A1)) - before).not.toBe(2);
  });

  test('nat: random depends on nothing but the seed', () => {
    const ports = (seed: number) => portsOf(natOf(natPreset('symmetric', 'random'), [OUTSIDE], seed));
    expect(ports(1)).toEqual(ports(1));
    expect(ports(1)).not.toEqual(ports(2));
    expect(new Set(steps(ports(1))).size).toBe(5);
  });

  test('nat: ports stay in the range and are never given twice, for every delta', () => {
    const delta = fc.record({ type: fc.constantFrom(...DELTA_TYPES), value: fc.integer({ min: 0, max: 9 }) });
    const range = fc.integer({ min: 1, max: 65_500 }).map((low): [number, number] => [low, low + 31]);
    fc.assert(
      fc.property(
        delta,
        range,
        fc.array(fc.integer({ min: 1, max: 65535 }), { maxLength: 40 }),
        (d, r, local) => {
          const nat = natOf(natPreset('symmetric', d, { range: r }));
          const given = [...new Set(local)].map((port) => out(nat, port, A1));
          const ports = given.filter((text) => text !== 'drop').map(portOf);
          expect(ports.every((port) => port >= r[0] && port <= r[1])).toBe(true);
          expect(new Set(ports).size).toBe(ports.length);
          expect(ports.length).toBe(Math.min(32, new Set(local).size));
        },
      ),
    );
  });

  test('nat: two hosts with one local port get two external ports', () => {
    for (const delta of DELTA_TYPES) {
      const nat = natOf(natPreset('full cone', delta));
      const one = out(nat, 5000, A1);
      const two = out(nat, 5000, A1, { ip: '192.168.1.3' });
      expect([one === two, into(nat, two, A1)]).toEqual([false, '192.168.1.3:5000']);
    }
  });

  test('nat: a range that is none is refused', () => {
    expect(() => natOf(natPreset('restrict', 'equal', { range: [5000, 4000] }))).toThrow(RangeError);
    expect(() => new Nat(natPreset('restrict'))).toThrow('external address');
  });
});
