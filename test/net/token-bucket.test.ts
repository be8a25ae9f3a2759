import fc from 'fast-check';
import { expect, test } from 'vitest';
import { TokenBuckets } from '../../src/net/token-bucket.ts';

test('token buckets: so much at once, so much a second after that, each key for itself', () => {
  const buckets = new TokenBuckets({ rate: 2, burst: 3, maxKeys: 10 });
  expect(Array.from({ length: 5 }, () => buckets.take('a', 0))).toEqual([true, true, true, false, false]);
  expect(buckets.take('b', 0)).toBe(true);
  expect([buckets.take('a', 499), buckets.take('a', 500), buckets.take('a', 501)]).toEqual([
    false,
    true,
    false,
  ]);
  expect(Array.from({ length: 4 }, () => buckets.take('a', 60_000))).toEqual([true, true, true, false]);
});

test('token buckets: whatever the times, no more than burst and rate allow', () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 0, max: 400 }), { maxLength: 200 }), (pauses) => {
      const buckets = new TokenBuckets({ rate: 10, burst: 5, maxKeys: 1 });
      let now = 0;
      let taken = 0;
      for (const pause of pauses) {
        now += pause;
        if (buckets.take('x', now)) taken++;
      }
      expect(taken).toBeLessThanOrEqual(5 + (now * 10) / 1000 + 1e-9);
    }),
  );
});

test('token buckets: of more keys than there is room for, the one used longest ago is forgotten', () => {
  const buckets = new TokenBuckets({ rate: 0, burst: 1, maxKeys: 2 });
  expect([buckets.take('a', 0), buckets.take('b', 0), buckets.take('a', 1)]).toEqual([true, true, false]);
  expect(buckets.take('c', 2)).toBe(true);
  expect([buckets.take('a', 3), buckets.take('b', 4)]).toEqual([false, true]);
});
