import fc from 'fast-check';
import { expect, test } from 'vitest';
import { cellStats, median, quantile, spreadOf, trialStats, wilson } from '../../../src/app/trial/stats.ts';
import { sampleTrial } from '../../helpers/sample-trial.ts';

const rounded = (interval: readonly number[] | null) =>
  interval?.map((value) => Math.round(value * 10_000) / 10_000);

test('wilson: the published intervals of few tries', () => {
  // Newcombe 1998, table I, method 3: 81 of 263, 15 of 148, 0 of 20, 1 of 29.
  expect(rounded(wilson(81, 263))).toEqual([0.2553, 0.3662]);
  expect(rounded(wilson(15, 148))).toEqual([0.0624, 0.1605]);
  expect(rounded(wilson(0, 20))).toEqual([0, 0.1611]);
  expect(rounded(wilson(1, 29))).toEqual([0.0061, 0.1718]);
});

test('wilson: nothing is known of nothing, and ends are exact', () => {
  expect(wilson(0, 0)).toBeNull();
  expect(wilson(5, 5)?.[1]).toBe(1);
  expect(wilson(0, 5)?.[0]).toBe(0);
});

test('wilson: holds the rate, within 0 and 1, whatever was seen', () => {
  fc.assert(
    fc.property(fc.nat(1_000), fc.nat(1_000), (opened, failed) => {
      const tries = opened + failed;
      const interval = wilson(opened, tries);
      if (tries === 0) return interval === null;
      const [low, high] = interval ?? [Number.NaN, Number.NaN];
      return low >= 0 && low <= opened / tries && high >= opened / tries && high <= 1;
    }),
  );
});

test('spread: quartiles lie between neighbours', () => {
  expect(spreadOf([7, 1, 3, 5])).toEqual({ min: 1, lower: 2.5, median: 4, upper: 5.5, max: 7 });
  expect(spreadOf([9])).toEqual({ min: 9, lower: 9, median: 9, upper: 9, max: 9 });
  expect(spreadOf([])).toBeNull();
  expect(quantile([10, 20], 0.5)).toBe(15);
  expect(median([null, 4, null, 2, 9])).toBe(4);
  expect(median([null])).toBeNull();
});

test('cell: times and figures are those of runs that opened', () => {
  const cell = sampleTrial().cells.find(
    ({ method, initiator }) => method === 'udp-punch' && initiator === 'a',
  );
  if (cell === undefined) throw new Error('the sample has such a cell');
  const stats = cellStats(cell);
  expect(stats).toMatchObject({ tries: 5, opened: 4, rate: 0.8 });
  expect(stats.time?.max).toBeLessThan(10_000);
  expect(stats.rtt).toBeGreaterThan(35);
  expect(cellStats({ runs: [] })).toEqual({
    tries: 0,
    opened: 0,
    rate: null,
    interval: null,
    time: null,
    rtt: null,
    sendMbps: null,
    receiveMbps: null,
  });
});

test('trial: a surprise is a prediction that did not hold, and one lucky run is not the best way', () => {
  const { cells, runs, openedRuns, openedCells, predicted, held, best } = trialStats(sampleTrial());
  expect({ cells, runs, openedRuns, openedCells, predicted, held }).toEqual({
    cells: 10,
    runs: 26,
    openedRuns: 18,
    openedCells: 5,
    predicted: 8,
    held: 7,
  });
  expect(best).toMatchObject({ method: 'udp-punch', initiator: 'a' });
});

test('trial: a relay is the best way only where nothing else opens', () => {
  const { cells } = sampleTrial();
  expect(trialStats({ cells: cells.filter(({ method }) => method === 'relay') }).best?.method).toBe('relay');
  expect(trialStats({ cells: cells.filter(({ method }) => method === 'direct') }).best).toBeNull();
});
