/** A NAT report in words: the rows of its table, what is unknown, and the evidence. */
import { expect, test } from 'vitest';
import { evidenceLines, natNotes, natRows, natTitle } from '../../src/app/nat-view.ts';
import type { NatReport, TransportReport } from '../../src/net/index.ts';
import { sampleNat } from '../helpers/sample-nat.ts';

function udpOf(change: Partial<TransportReport>): Readonly<Record<string, string>> {
  return Object.fromEntries(natRows(sampleNat({ udp: change })).map(([name, udp]) => [name, udp]));
}

test('nat view: type with its number, delta with its value, UDP before TCP', () => {
  expect(natRows(sampleNat())).toEqual([
    ['type', '6 symmetric', 'unknown'],
    ['mapping', 'address-and-port-dependent', 'endpoint-independent'],
    ['filtering', 'address-and-port-dependent', 'unknown'],
    ['delta', 'independent, +2', 'equal'],
    ['ports seen', '35000 to 62000 (90 % of all)', '35000 to 62000 (90 % of all)'],
    ['port parity', 'not kept', 'not kept'],
    ['outer address', '203.0.113.7', '203.0.113.7'],
    ['hairpinning', 'unknown', 'unknown'],
    ['unsolicited SYN', '', 'unknown'],
  ]);
});

test.each([
  [{ type: 4, value: -2 }, 'independent, -2'],
  [{ type: 5, value: 1 }, 'dependent, +1'],
  [{ type: 3, value: 0 }, 'preserving'],
  [{ type: 6, value: 0 }, 'random'],
  [{ type: 1, value: 0 }, 'not applicable'],
  [{ type: null, value: 0 }, 'unknown'],
] as const)('nat view: delta %j is told as %s', (delta, text) => {
  expect(udpOf({ delta }).delta).toBe(text);
});

test('nat view: several outer addresses are all told, and hairpinning is yes or no once it is known', () => {
  const rows = udpOf({ external: ['203.0.113.7', '203.0.113.8'], hairpin: true, parity: true });
  expect(rows).toMatchObject({
    'outer address': '203.0.113.7 203.0.113.8',
    hairpinning: 'yes',
    'port parity': 'kept',
  });
  expect(udpOf({ hairpin: false }).hairpinning).toBe('no');
});

test('nat view: where nothing was found out every row says so', () => {
  const nothing: Partial<TransportReport> = {
    type: null,
    mapping: null,
    filtering: null,
    delta: { type: null, value: 0 },
    range: null,
    external: [],
    parity: null,
  };
  const { 'ports seen': range, 'unsolicited SYN': syn, ...others } = udpOf(nothing);
  expect(range).toBe('-');
  expect(syn).toBe('');
  for (const text of Object.values(others)) expect(text).toBe('unknown');
});

test('nat view: no row about parity where neither transport could tell it', () => {
  const { tcp, ...others } = sampleNat({ udp: { parity: null } });
  const report: NatReport = { ...others, tcp: { ...tcp, parity: null } };
  expect(natRows(report).map(([name]) => name)).not.toContain('port parity');
});

test('nat view: notes name their transport', () => {
  expect(natNotes(sampleNat({ udp: { unknown: ['delta: too few answers'] } }))).toEqual([
    'UDP: delta: too few answers',
    'TCP: filtering: over TCP no server can test it, only a peer',
  ]);
});

test('nat view: evidence tells test, server, local port, mapped address and round trip', () => {
  expect(evidenceLines(sampleNat().udp, '->')).toEqual([
    'mapping: 198.51.100.10:3478 from 192.168.1.2:5000 -> 203.0.113.7:40000, 41 ms',
    'filtering: answer from another port: 198.51.100.10:3478 from 192.168.1.2:5001 -> nothing came back',
  ]);
});

test('nat view: what names and sentences of others hide is made visible', () => {
  const hidden = 'eth\u001b[2J';
  const report = sampleNat({ interface: hidden, udp: { unknown: [hidden] } });
  for (const text of [natTitle(report), ...natNotes(report)]) expect(text).not.toContain('\u001b');
});
