import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type ClockSample, filterClock } from '../../../src/net/ntp/clock-filter.ts';

const TEN_YEARS = 10 * 365 * 86_400_000;

/** What a server whose clock is `lie` ms off says, when the ways take so long. */
function sample(server: string, truth: number, out: number, back: number, lie = 0, root = 0): ClockSample {
  return {
    server,
    offset: truth + lie + (out - back) / 2,
    delay: out + back,
    rootDelay: root,
    rootDispersion: 0,
  };
}

const way = fc.double({ min: 0, max: 400, noNaN: true });
const truth = fc.double({ min: -TEN_YEARS, max: TEN_YEARS, noNaN: true });

test('clock filter: the truth lies within the error, whatever the offset and however unequal the ways', () => {
  fc.assert(
    fc.property(truth, fc.array(fc.tuple(way, way), { minLength: 1, maxLength: 6 }), (offset, ways) => {
      const clock = filterClock(ways.map(([out, back], i) => sample(`s${i}`, offset, out, back)));
      expect(clock).not.toBeNull();
      expect(Math.abs((clock?.offset ?? 0) - offset)).toBeLessThanOrEqual((clock?.error ?? 0) + 0.01);
      expect(clock?.samples).toBe(ways.length);
    }),
  );
});

test('clock filter: liars never win against a majority, alone or together', () => {
  fc.assert(
    fc.property(
      truth,
      fc.integer({ min: 0, max: 3 }),
      fc.array(fc.tuple(way, way), { minLength: 9, maxLength: 9 }),
      fc.double({ min: 1_000, max: TEN_YEARS, noNaN: true }),
      fc.boolean(),
      (offset, liars, ways, lie, together) => {
        const honest = ways.slice(0, liars + 1).map(([a, b], i) => sample(`h${i}`, offset, a, b));
        const lying = ways
          .slice(5, 5 + liars)
          .map(([a, b], i) =>
            sample(`l${i}`, offset, a, b, together ? lie : lie * (i + 1) * (i % 2 ? -1 : 1)),
          );
        const clock = filterClock([...lying, ...honest]);
        expect(clock).not.toBeNull();
        expect(Math.abs((clock?.offset ?? 0) - offset)).toBeLessThanOrEqual((clock?.error ?? 0) + 0.01);
        expect(clock?.samples).toBe(honest.length);
      },
    ),
  );
});

test('clock filter: the truth lies within the error while more than half are honest, however small the lies', () => {
  const lying = fc.record({
    out: way,
    back: way,
    lie: fc.double({ min: -900, max: 900, noNaN: true }),
    root: fc.double({ min: 0, max: 50, noNaN: true }),
  });
  fc.assert(
    fc.property(
      truth,
      fc.array(lying, { maxLength: 3 }),
      fc.array(fc.tuple(way, way), { minLength: 4, maxLength: 4 }),
      fc.boolean(),
      (offset, liars, ways, first) => {
        const bad = liars.map(({ out, back, lie, root }, i) => sample(`l${i}`, offset, out, back, lie, root));
        const good = ways
          .slice(0, liars.length + 1)
          .map(([out, back], i) => sample(`h${i}`, offset, out, back));
        const clock = filterClock(first ? [...bad, ...good] : [...good, ...bad]);
        expect(clock).not.toBeNull();
        expect(Math.abs((clock?.offset ?? 0) - offset)).toBeLessThanOrEqual((clock?.error ?? 0) + 0.01);
      },
    ),
    { numRuns: 2_000 },
  );
});

test('clock filter: a quick liar inside the others’ error moves the offset no further than the error says', () => {
  const honest = ['a', 'b'].map((name) => sample(name, 0, 10, 10));
  const { offset, error } = filterClock([...honest, sample('liar', 0, 0, 0, 5)]) ?? { offset: 0, error: 0 };
  expect(offset).toBeCloseTo(5);
  expect(error).toBeGreaterThan(offset);
});

test('clock filter: two that agree bound the truth better than each alone', () => {
  const clock = filterClock([sample('a', 0, 20, 0), sample('b', 0, 0, 20)]);
  expect(clock?.samples).toBe(2);
  expect(clock?.error).toBeLessThan(0.2);
});

test('clock filter: two that contradict each other tell nothing, one alone is believed, none is none', () => {
  const [a, b] = [sample('a', 0, 10, 10), sample('b', 0, 10, 10, 5_000)];
  expect(filterClock([a, b])).toBeNull();
  expect(filterClock([b])).toMatchObject({ offset: 5_000, samples: 1 });
  expect(filterClock([])).toBeNull();
});

test('clock filter: of one server the quickest answer counts, and it has one vote', () => {
  const slow = sample('a', 0, 300, 10);
  const quick = sample('a', 0, 5, 5);
  const clock = filterClock([slow, quick, slow]);
  expect(clock).toMatchObject({ offset: 0, samples: 1 });
  expect(clock?.error).toBeLessThan(6);
});

test('clock filter: what a server says of its own source widens the error', () => {
  expect(filterClock([sample('a', 0, 5, 5, 0, 100)])?.error).toBeGreaterThan(50);
});
