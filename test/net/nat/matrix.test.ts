import { expect, test } from 'vitest';
import type { Method } from '../../../src/net/events.ts';
import {
  COMBINATIONS,
  expectOutcomes,
  type NatSide,
  natMatrix,
  natSideOf,
} from '../../../src/net/nat/matrix.ts';

const OPEN: NatSide = { type: 1, delta: 1 };
const FULL: NatSide = { type: 3, delta: 6 };
const PORT: NatSide = { type: 5, delta: 2 };
const HARD: NatSide = { type: 6, delta: 6 };
const COUNTED: NatSide = { type: 6, delta: 4 };
const BLOCKED: NatSide = { type: 7, delta: 1 };

test('matrix: one cell for each ordered pair of the 23 combinations, with all five methods', () => {
  const cells = natMatrix();
  expect(COMBINATIONS).toHaveLength(23);
  expect(cells).toHaveLength(23 * 23);
  expect(new Set(cells.map(({ a, b }) => JSON.stringify([a, b]))).size).toBe(23 * 23);
  for (const { outcomes } of cells)
    expect(Object.keys(outcomes)).toEqual(['direct', 'reverse', 'tcp-punch', 'udp-punch', 'relay']);
});

test('matrix: punching is the same from both sides, and reverse is direct the other way round', () => {
  for (const { a, b, outcomes } of natMatrix()) {
    const back = expectOutcomes(b, a);
    expect(outcomes['tcp-punch']).toEqual(back['tcp-punch']);
    expect(outcomes['udp-punch']).toEqual(back['udp-punch']);
    expect(outcomes.relay).toEqual(back.relay);
    expect(outcomes.reverse.expected).toBe(back.direct.expected);
  }
});

test('matrix: each cell says why, in a line, and how long where it connects', () => {
  for (const { outcomes } of natMatrix()) {
    for (const { why, expected, seconds } of Object.values(outcomes)) {
      expect(why.length).toBeGreaterThan(10);
      expect(why.length).toBeLessThan(100);
      expect(seconds === null).toBe(expected === 'no');
    }
  }
});

test.each<readonly [NatSide, NatSide, Readonly<Record<string, string>>]>([
  [PORT, OPEN, { direct: 'yes', reverse: 'no', 'tcp-punch': 'yes', 'udp-punch': 'yes' }],
  [PORT, PORT, { direct: 'no', 'tcp-punch': 'yes', 'udp-punch': 'yes', relay: 'yes' }],
  [PORT, HARD, { 'tcp-punch': 'no', 'udp-punch': 'maybe' }],
  [FULL, HARD, { 'tcp-punch': 'yes', 'udp-punch': 'yes' }],
  [PORT, COUNTED, { 'tcp-punch': 'yes', 'udp-punch': 'yes' }],
  [PORT, { type: 6, delta: 5 }, { 'tcp-punch': 'maybe', 'udp-punch': 'maybe' }],
  [HARD, HARD, { 'tcp-punch': 'no', 'udp-punch': 'no', relay: 'yes' }],
  [COUNTED, COUNTED, { 'tcp-punch': 'maybe', 'udp-punch': 'maybe' }],
  [BLOCKED, OPEN, { direct: 'no', reverse: 'no', 'tcp-punch': 'no', 'udp-punch': 'no', relay: 'maybe' }],
  [{ type: null, delta: null }, PORT, { direct: 'no', 'udp-punch': 'maybe' }],
])('matrix: %o and %o', (a, b, wanted) => {
  const outcomes = expectOutcomes(a, b);
  for (const [method, expected] of Object.entries(wanted))
    expect(outcomes[method as keyof typeof outcomes].expected, method).toBe(expected);
});

/** The NATs that a side may be, as far as it is known. */
function candidates({ type, delta }: NatSide): readonly NatSide[] {
  return COMBINATIONS.filter(
    (known) => (type === null || known.type === type) && (delta === null || known.delta === delta),
  );
}

test('matrix: of a side that is not known it tells what all that it may be agree on, else maybe', () => {
  const partly = ([1, 2, 3, 4, 5, 6, 7] as const).map((type): NatSide => ({ type, delta: null }));
  const unknown: readonly NatSide[] = [{ type: null, delta: null }, ...partly];
  const pairs = [...unknown, ...COMBINATIONS].flatMap((a) =>
    unknown.flatMap((b): (readonly [NatSide, NatSide])[] => [
      [a, b],
      [b, a],
    ]),
  );
  for (const [a, b] of pairs) {
    const all = candidates(a).flatMap((x) => candidates(b).map((y) => expectOutcomes(x, y)));
    const told = Object.entries(expectOutcomes(a, b)) as [Method, { expected: string; why: string }][];
    expect(all.length).toBeGreaterThan(0);
    for (const [method, { expected, why }] of told) {
      const agreed = new Set(all.map((outcomes) => outcomes[method].expected));
      const wanted = agreed.size === 1 ? [...agreed][0] : 'maybe';
      expect(expected, `${method} from ${JSON.stringify(a)} to ${JSON.stringify(b)}`).toBe(wanted);
      expect(why.length).toBeGreaterThan(10);
    }
  }
});

test("matrix: a random port over TCP may have to wait for the kernel's next SYN where the peer filters", () => {
  const seconds = (b: NatSide) => expectOutcomes(HARD, b)['tcp-punch'].seconds;
  expect(seconds(FULL)).toBe(1.1);
  expect(seconds({ type: 4, delta: 2 })).toBe(1.1);
  expect(seconds(OPEN)).toBeLessThan(0.5);
});

test("matrix: a side by the facts of a peer's address, whatever they say", () => {
  expect(natSideOf({ type: 6, delta: { type: 4 } })).toEqual(COUNTED);
  expect(natSideOf({ type: 1, delta: { type: 1 } })).toEqual(OPEN);
  expect(natSideOf({ type: 9, delta: { type: 7 } })).toEqual({ type: null, delta: null });
});
