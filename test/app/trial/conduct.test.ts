/** The course of a trial, with runs that take what the test says. */
import { describe, expect, test } from 'vitest';
import { conduct } from '../../../src/app/trial/conduct.ts';
import type { TrialRun } from '../../../src/app/trial/document.ts';
import type { PlannedCell } from '../../../src/app/trial/plan.ts';
import { Clock } from '../../../src/lab/clock.ts';

const NEVER = new AbortController().signal;

function cell(
  method: PlannedCell['method'],
  initiator: 'a' | 'b',
  predicted: PlannedCell['predicted'],
  wanted = predicted === 'no' ? 1 : 3,
): PlannedCell {
  return { method, path: 'external', family: 4, initiator, predicted, why: '', wanted };
}

const run = (outcome: TrialRun['outcome'], mbps = 50): TrialRun => ({
  ...{ outcome, at: 0, elapsed: 0, rtt: null, reason: null, explanation: null, timeline: [] },
  ...{ sendMbps: outcome === 'open' ? mbps : null, receiveMbps: outcome === 'open' ? mbps : null },
});

interface Course {
  /** `12s direct a`, when it began. */
  readonly begun: readonly string[];
  readonly left: readonly number[];
  readonly bytes: readonly number[];
  readonly over: number;
}

async function course(
  cells: readonly PlannedCell[],
  outcome: (cell: PlannedCell, n: number) => TrialRun | Error,
  signal = NEVER,
): Promise<Course> {
  const clock = new Clock();
  const [begun, left, bytes]: [string[], number[], number[]] = [[], [], []];
  const counts = new Map<PlannedCell, number>();
  const conducting = conduct({
    io: { now: clock.now },
    cells,
    run: async (one, size) => {
      const n = counts.get(one) ?? 0;
      counts.set(one, n + 1);
      bytes.push(size);
      const result = outcome(one, n);
      await clock.sleepUntil(
        clock.now() + (result instanceof Error || result.outcome === 'failed' ? 6_000 : 500),
      );
      if (result instanceof Error) throw result;
      return result;
    },
    told: (place, result, rest) => {
      const one = cells[place];
      left.push(rest);
      if (result === null) begun.push(`${clock.now() / 1000}s ${one?.method} ${one?.initiator}`);
    },
    signal,
  });
  await clock.run(conducting);
  return { begun, left, bytes, over: clock.now() };
}

const opensAsPredicted = ({ predicted }: PlannedCell) => run(predicted === 'yes' ? 'open' : 'failed');

describe('conduct', () => {
  test('conduct: what promises something once, then the rest, one side after the other, then again', async () => {
    const cells = [
      cell('direct', 'a', 'no'),
      cell('direct', 'b', 'no'),
      cell('tcp-punch', 'a', 'yes'),
      cell('tcp-punch', 'b', 'yes', 2),
      cell('relay', 'a', 'no'),
    ];
    const { begun, left, over } = await course(cells, opensAsPredicted);
    expect(begun).toEqual([
      '0s tcp-punch a',
      '0.5s tcp-punch b',
      '1s direct a',
      '1s relay a',
      '7s direct b',
      '13s tcp-punch a',
      '13.5s tcp-punch b',
      '14s tcp-punch a',
    ]);
    expect(over).toBe(14_500);
    expect(left[0]).toBe(900 * 5 + 7_000 * 2);
    expect(left.at(-1)).toBe(0);
    expect(left.every((ms) => ms >= 0)).toBe(true);
  });

  test('conduct: what was found closed has its further runs together, punches have them one by one', async () => {
    const cells = [
      cell('direct', 'b', 'maybe', 5),
      cell('reverse', 'a', 'maybe', 5),
      cell('udp-punch', 'a', 'maybe', 2),
    ];
    const { begun, over } = await course(cells, () => run('failed'));
    expect(begun).toEqual([
      '0s udp-punch a',
      '6s reverse a',
      '12s direct b',
      ...Array(4).fill('18s reverse a'),
      ...Array(4).fill('24s direct b'),
      '30s udp-punch a',
    ]);
    expect(over).toBe(36_000);
  });

  test('conduct: what opened against all expectation has its further runs one by one', async () => {
    const { begun } = await course([cell('direct', 'b', 'maybe')], () => run('open'));
    expect(begun).toEqual(['0s direct b', '0.5s direct b', '1s direct b']);
  });

  test('conduct: at most eight at once', async () => {
    const { begun } = await course(
      Array.from({ length: 11 }, () => cell('direct', 'a', 'no')),
      opensAsPredicted,
    );
    expect(begun.filter((line) => line.startsWith('0s'))).toHaveLength(8);
    expect(begun).toHaveLength(11);
  });

  test('conduct: measures with more where bytes pass quickly, with fewer where they do not', async () => {
    const sizes = async (mbps: number) =>
      (await course([cell('direct', 'a', 'yes', 4)], () => run('open', mbps))).bytes.map((n) => n / 1024);
    expect(await sizes(1_000)).toEqual([512, 2_048, 4_096, 4_096]);
    expect(await sizes(10)).toEqual([512, 512, 512, 512]);
    expect(await sizes(0.1)).toEqual([512, 128, 32, 16]);
    expect(await sizes(0)).toEqual([512, 128, 32, 16]);
  });

  test('conduct: ends with what a run fails with, once those beside it are over', async () => {
    const gone = new Error('gone');
    const cells = [cell('direct', 'a', 'no'), cell('reverse', 'a', 'no'), cell('direct', 'b', 'no')];
    const told: string[] = [];
    await expect(
      course(cells, (one) => {
        told.push(one.method);
        return one.method === 'direct' ? gone : run('failed');
      }),
    ).rejects.toBe(gone);
    expect(told).toEqual(['direct', 'reverse']);
  });

  test('conduct: nothing more begins once it is stopped', async () => {
    const stop = new AbortController();
    const { begun } = await course(
      [cell('direct', 'a', 'yes', 5)],
      (_, n) => {
        if (n === 1) stop.abort();
        return run('open');
      },
      stop.signal,
    );
    expect(begun).toHaveLength(2);
  });

  test('conduct: without cells there is nothing to do', async () => {
    expect((await course([], () => run('open'))).over).toBe(0);
  });
});
