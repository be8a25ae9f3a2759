import { expect, test } from 'vitest';
import { type LearntFact, withLearnt } from '../../../src/net/nat/learnt.ts';
import { sampleNat } from '../../helpers/sample-nat.ts';

function mapping(local: number, mapped: number): LearntFact {
  return {
    kind: 'mapping',
    family: 4,
    transport: 'udp',
    local: { ip: '192.168.1.2', port: local },
    by: { ip: '203.0.113.9', port: 9 },
    mapped: { ip: '203.0.113.7', port: mapped },
    rtt: 40.4,
  };
}

test('learnt: a refusal that the peer met is how our router treats strangers, and TCP’s alone', () => {
  const before = sampleNat();
  const after = withLearnt(before, { kind: 'unsolicited', family: 4, answer: 'reset' });
  expect(after.tcp.unsolicited).toBe('reset');
  expect(after.udp).toBe(before.udp);
  expect(withLearnt(after, { kind: 'unsolicited', family: 4, answer: 'reset' })).toBe(after);
});

test('learnt: where the peer saw us is evidence of that transport alone, and widens its range', () => {
  const before = sampleNat();
  const { udp, tcp } = withLearnt(before, mapping(5_000, 63_000));
  expect(tcp).toBe(before.tcp);
  expect(udp.range).toEqual([35_000, 63_000]);
  expect(udp.evidence.at(-1)).toEqual({
    test: 'hole punch',
    server: '203.0.113.9:9',
    local: '192.168.1.2:5000',
    mapped: '203.0.113.7:63000',
    rtt: 40,
  });
});

test('learnt: a port that was to be kept and was not ends what was known of the delta, and says so', () => {
  const kept = sampleNat({ udp: { type: 5, delta: { type: 2, value: 0 } } });
  expect(withLearnt(kept, mapping(40_000, 40_000)).udp.delta.type).toBe(2);
  const { udp } = withLearnt(kept, mapping(40_000, 40_003));
  expect(udp.delta).toEqual({ type: null, value: 0 });
  expect(udp.unknown.join()).toContain('40003 instead of 40000');
});

test('learnt: evidence of punches is bounded, what servers said stays', () => {
  let report = sampleNat();
  for (let port = 40_000; port < 40_100; port++) report = withLearnt(report, mapping(5_000, port));
  expect(report.udp.evidence.filter(({ test: name }) => name === 'hole punch')).toHaveLength(20);
  expect(report.udp.evidence.slice(0, 2)).toEqual(sampleNat().udp.evidence);
});
