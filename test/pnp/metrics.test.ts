/** Figures of a name server: each look tells of the time since the one before. */
import { expect, test } from 'vitest';
import { PnpMetrics } from '../../src/pnp/metrics.ts';

test('a look tells of the time since the last one, refusals since the start', () => {
  const metrics = new PnpMetrics(0);
  for (let i = 0; i < 1_000; i++) metrics.answered(500);
  metrics.refused('taken');
  expect(metrics.look(10_000)).toMatchObject({ requestsPerSecond: 100, p50: 500, p99: 500 });
  for (let i = 1; i <= 100; i++) metrics.answered(i);
  expect(metrics.look(20_000)).toEqual({
    requestsPerSecond: 10,
    p50: 51,
    p99: 100,
    requests: 1_100,
    refused: { taken: 1 },
  });
  expect(metrics.look(30_000)).toMatchObject({ requestsPerSecond: 0, p50: null, p99: null });
});

test('of very many requests the newest are told', () => {
  const metrics = new PnpMetrics(0);
  for (let i = 0; i < 10_000; i++) metrics.answered(i < 5_000 ? 900 : 1);
  expect(metrics.look(1_000)).toMatchObject({ requestsPerSecond: 10_000, p50: 1, p99: 1 });
});
