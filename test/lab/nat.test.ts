import { describe, expect, test } from 'vitest';
import type { Dependence, Filtering, Nat } from '../../src/lab/nat.ts';
import { DELTA_TYPES, natPreset } from '../../src/lab/nat-preset.ts';
import { A1, A2, ACK, B1, FIN, INSIDE, into, natOf, OUTSIDE, out, RST, SYN } from './nat-harness.ts';

describe('nat mapping (RFC 4787 §4.1)', () => {
  test.each<[Dependence, boolean, boolean]>([
    ['endpoint-independent', true, true],
    ['address-dependent', true, false],
    ['address-and-port-dependent', false, false],
  ])(
    'nat: %s mapping is kept for another port: %s, for another address: %s',
    (mapping, samePort, sameAddress) => {
      for (const delta of DELTA_TYPES) {
        const nat = natOf(natPreset('symmetric', delta, { mapping }));
        const first = out(nat, 5000, A1);
        expect(out(nat, 5000, A1)).toBe(first);
        expect(out(nat, 5000, A2) === first).toBe(samePort);
        expect(out(nat, 5000, B1) === first).toBe(sameAddress);
        expect(out(nat, 5001, A1)).not.toBe(first);
        expect(out(nat, 5000, A1)).toBe(first);
      }
    },
  );

  test('nat: udp and tcp of one port are two mappings', () => {
    const nat = natOf(natPreset('full cone', 'independent'));
    const udp = out(nat, 5000, A1);
    out(nat, 5000, A1, { proto: 'tcp', flags: SYN });
    expect(nat.mappings(0).map(({ proto }) => proto)).toEqual(['udp', 'tcp']);
    expect(into(nat, udp, A1, { proto: 'tcp', flags: ACK })).not.toBe(`${INSIDE}:5001`);
  });
});

describe('nat filtering (RFC 4787 §5)', () => {
  test.each<[Filtering, string, string, string]>([
    ['open', 'in', 'in', 'in'],
    ['endpoint-independent', 'in', 'in', 'in'],
    ['address-dependent', 'in', 'in', 'drop'],
    ['address-and-port-dependent', 'in', 'drop', 'drop'],
  ])(
    'nat: %s filtering lets the called one %s, its other port %s, a stranger %s',
    (filtering, ...expected) => {
      for (const mapping of [
        'endpoint-independent',
        'address-dependent',
        'address-and-port-dependent',
      ] as const) {
        for (const translates of [true, false]) {
          const nat = natOf(natPreset('restrict', 'equal', { filtering, mapping, translates }));
          const external = out(nat, 5000, A1);
          const seen = [A1, A2, B1].map((from) => into(nat, external, from).replace(`${INSIDE}:5000`, 'in'));
          expect(seen).toEqual(expected);
        }
      }
    },
  );

  test('nat: without a mapping nothing comes in, unless it is no NAT and open', () => {
    for (const filtering of ['open', 'endpoint-independent'] as const) {
      expect(into(natOf(natPreset('full cone', 'equal', { filtering })), `${OUTSIDE}:5000`, A1)).toBe('drop');
    }
    expect(into(natOf(natPreset('open internet')), `${INSIDE}:5000`, A1)).toBe(`${INSIDE}:5000`);
    expect(
      into(
        natOf(natPreset('udp firewall', 'equal', { filtering: 'endpoint-independent' })),
        `${INSIDE}:5000`,
        A1,
      ),
    ).toBe('drop');
  });

  test('nat: a symmetric mapping that lets strangers in answers them from the same endpoint', () => {
    const nat = natOf(natPreset('symmetric', 'random', { filtering: 'endpoint-independent' }));
    const external = out(nat, 5000, A1);
    expect(into(nat, external, B1)).toBe(`${INSIDE}:5000`);
    expect(out(nat, 5000, B1)).toBe(external);
    expect(out(nat, 5000, A2)).not.toBe(external);
  });

  test.each<['drop' | 'reset', string]>([
    ['drop', 'drop'],
    ['reset', 'reset'],
  ])(
    'nat: with unsolicited %s a SYN nobody asked for gets %s, anything else nothing',
    (unsolicited, answer) => {
      const nat = natOf(natPreset('restrict port', 'equal', { unsolicited }));
      out(nat, 5000, A1, { proto: 'tcp', flags: SYN });
      const to = `${OUTSIDE}:5000`;
      expect(into(nat, to, B1, { proto: 'tcp', flags: SYN })).toBe(answer);
      expect(into(nat, `${OUTSIDE}:1`, B1, { proto: 'tcp', flags: SYN })).toBe(answer);
      expect(into(nat, to, A1, { proto: 'tcp', flags: SYN })).toBe(`${INSIDE}:5000`);
      for (const flags of [ACK, FIN, RST, { ...SYN, ack: true }])
        expect(into(nat, to, B1, { proto: 'tcp', flags })).toBe('drop');
      expect(into(nat, to, B1)).toBe('drop');
    },
  );
});

describe('nat timeouts', () => {
  test('nat: a udp mapping lives for its timeout after the last packet out', () => {
    const nat = natOf(natPreset('full cone', 'random'));
    const external = out(nat, 5000, A1, { now: 0 });
    expect(out(nat, 5000, A1, { now: 100_000 })).toBe(external);
    expect(into(nat, external, B1, { now: 219_999 })).toBe(`${INSIDE}:5000`);
    expect(into(nat, external, A1, { now: 220_000 })).toBe('drop');
    expect(nat.mappings(220_000)).toEqual([]);
    expect(out(nat, 5000, A1, { now: 220_001 })).not.toBe(external);
  });

  test('nat: packets in keep a udp mapping alive only with inbound refresh', () => {
    for (const inboundRefresh of [false, true]) {
      const nat = natOf(natPreset('full cone', 'equal', { inboundRefresh }));
      const external = out(nat, 5000, A1);
      for (const now of [60_000, 119_999]) expect(into(nat, external, B1, { now })).toBe(`${INSIDE}:5000`);
      expect(into(nat, external, A1, { now: 130_000 })).toBe(inboundRefresh ? `${INSIDE}:5000` : 'drop');
    }
  });

  test('nat: the filter forgets a remote endpoint although the mapping lives on', () => {
    const nat = natOf(natPreset('restrict port'));
    const external = out(nat, 5000, A1, { now: 0 });
    out(nat, 5000, B1, { now: 100_000 });
    expect(into(nat, external, B1, { now: 130_000 })).toBe(`${INSIDE}:5000`);
    expect(into(nat, external, A1, { now: 130_000 })).toBe('drop');
  });

  test('nat: a tcp mapping is transitory until the handshake is done and after FIN', () => {
    const tcp = { proto: 'tcp' as const };
    const lives = (nat: Nat, now: number) => nat.mappings(now).length;
    const opening = natOf(natPreset('restrict port'));
    out(opening, 5000, A1, { ...tcp, flags: SYN });
    expect([lives(opening, 239_999), lives(opening, 240_000)]).toEqual([1, 0]);
    const open = natOf(natPreset('restrict port'));
    out(open, 5000, A1, { ...tcp, flags: SYN });
    out(open, 5000, A1, { ...tcp, flags: ACK });
    expect(lives(open, 7_439_999)).toBe(1);
    into(open, `${OUTSIDE}:5000`, A1, { ...tcp, flags: FIN, now: 1000 });
    expect([lives(open, 240_999), lives(open, 241_000)]).toEqual([1, 0]);
  });

  test('nat: an RST ends a mapping at once only where the router does so', () => {
    for (const resetCloses of [false, true]) {
      const nat = natOf(natPreset('restrict port', 'equal', { resetCloses }));
      out(nat, 5000, A1, { proto: 'tcp', flags: SYN });
      into(nat, `${OUTSIDE}:5000`, A1, { proto: 'tcp', flags: RST, now: 10 });
      expect(nat.mappings(11).length).toBe(resetCloses ? 0 : 1);
    }
  });

  test('nat: a restarted router knows nothing any more', () => {
    const nat = natOf(natPreset('full cone'));
    const external = out(nat, 5000, A1);
    nat.reset();
    expect([into(nat, external, A1), nat.mappings(0)]).toEqual(['drop', []]);
  });
});

describe('nat hairpinning and external addresses', () => {
  test('nat: a packet to its own external endpoint turns round with the external source, or is dropped', () => {
    for (const hairpin of [false, true]) {
      const nat = natOf(natPreset('full cone', 'equal', { hairpin }));
      out(nat, 5000, A1);
      const dst = { ip: OUTSIDE, port: 5000 };
      const verdict = nat.translateOut({ proto: 'udp', src: { ip: '192.168.1.3', port: 6000 }, dst }, 0);
      expect(verdict).toEqual(
        hairpin
          ? { kind: 'hairpin', src: { ip: OUTSIDE, port: 6000 }, dst: { ip: INSIDE, port: 5000 } }
          : { kind: 'drop', reason: 'no hairpinning' },
      );
    }
  });

  test('nat: hairpinning obeys the filter', () => {
    const nat = natOf(natPreset('restrict port', 'equal', { hairpin: true, unsolicited: 'reset' }));
    out(nat, 5000, A1, { proto: 'tcp', flags: SYN });
    const src = { ip: '192.168.1.3', port: 6000 };
    const packet = { proto: 'tcp' as const, src, dst: { ip: OUTSIDE, port: 5000 }, flags: SYN };
    expect(nat.translateOut(packet, 0).kind).toBe('reset');
    out(nat, 5000, { ip: OUTSIDE, port: 6000 }, { proto: 'tcp', flags: SYN });
    expect(nat.translateOut(packet, 0).kind).toBe('hairpin');
  });

  test('nat: with two external addresses a host keeps one, or gets any', () => {
    const addresses = (pooling: 'paired' | 'arbitrary', ip: string) => {
      const nat = natOf(natPreset('symmetric', 'random', { pooling }), [OUTSIDE, '198.51.100.2']);
      out(nat, 1, A1);
      return new Set(Array.from({ length: 30 }, (_, i) => out(nat, 5000 + i, A1, { ip }).split(':')[0]));
    };
    expect([addresses('paired', INSIDE), addresses('paired', '192.168.1.3')]).toEqual([
      new Set([OUTSIDE]),
      new Set(['198.51.100.2']),
    ]);
    expect(addresses('arbitrary', INSIDE).size).toBe(2);
  });
});
