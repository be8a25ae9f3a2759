import { describe, expect, test } from 'vitest';
import { absentSide, documentOf, type TrialParts } from '../../../src/app/trial/build.ts';
import type { TrialMark, TrialRun } from '../../../src/app/trial/document.ts';
import { trialJson } from '../../../src/app/trial/json.ts';
import { Ledger } from '../../../src/app/trial/ledger.ts';
import { parseTrial } from '../../../src/app/trial/schema.ts';
import { sampleTrial } from '../../helpers/sample-trial.ts';

const trial = sampleTrial();
const cells = trial.cells.map(({ runs: _, surprise: __, ...cell }) => ({ ...cell, wanted: 2 }));
const open: TrialRun = {
  ...{ outcome: 'open', at: 10, elapsed: 91, rtt: 41, sendMbps: 90, receiveMbps: 88 },
  ...{ reason: null, explanation: null, timeline: [] },
};
const marks = (count: number): TrialMark[] =>
  Array.from({ length: count }, (_, at) => ({ at, side: 'a', method: 'udp-punch', kind: 'sent', count: 1 }));

function partsOf(over: Partial<TrialParts> = {}): TrialParts {
  return {
    ...{ cells, results: [], sides: trial.sides, clock: null, startedAt: 1_000.4, elapsed: 5.6, repeat: 2 },
    ...{ ended: null, ...over },
  };
}

const twice = cells.flatMap((_, cell) => [
  { cell, run: open },
  { cell, run: open },
]);

describe('build', () => {
  test('build: everything was tried as often as planned', () => {
    const document = documentOf(partsOf({ results: twice }));
    expect(document).toMatchObject({ complete: true, incomplete: null, startedAt: 1_000, elapsed: 6 });
    // The first cell was not to open.
    expect(document.cells[0]).toMatchObject({ predicted: 'no', surprise: true, runs: [open, open] });
    expect(document.advice.length).toBeGreaterThan(0);
  });

  test('build: what is missing is counted, and why it ended comes first', () => {
    expect(documentOf(partsOf({ results: twice.slice(0, -3) })).incomplete).toBe(
      '2 ways were not tried as often as planned',
    );
    const { complete, incomplete } = documentOf(partsOf({ ended: 'it was stopped' }));
    expect([complete, incomplete]).toEqual([false, 'it was stopped']);
  });

  test('build: results of cells that were not planned are left out', () => {
    const { cells: told } = documentOf(partsOf({ results: [{ cell: 99, run: open }] }));
    expect(told.flatMap(({ runs }) => runs)).toEqual([]);
  });

  test('build: however much was seen, it can be read back', () => {
    const many = Array.from({ length: 1_000 }, () => ({ ...open, timeline: marks(200) }));
    const results = cells.flatMap((_, cell) => many.slice(0, 100).map((run) => ({ cell, run })));
    const document = documentOf(partsOf({ results, ended: 'x'.repeat(900) }));
    expect(parseTrial(JSON.stringify(trialJson(document)))).toEqual(document);
    const [run] = document.cells[0]?.runs ?? [];
    expect(run?.timeline).toHaveLength(50);
    expect([run?.timeline[0]?.at, run?.timeline.at(-1)?.at]).toEqual([0, 199]);
  });

  test('build: a side that took no part', () => {
    const b = absentSide('0'.repeat(32));
    const document = documentOf(partsOf({ sides: { a: trial.sides.a, b } }));
    expect(parseTrial(JSON.stringify(trialJson(document))).sides.b).toEqual(b);
  });
});

describe('ledger', () => {
  const ledger = () => new Ledger({ host: trial.sides.a, cells, startedAt: 1_000 });

  test('ledger: keeps as many runs as were planned, and no others', () => {
    const kept = ledger();
    expect([0, 0, 0, 10, -1, 1.5].map((cell) => kept.take(cell, open))).toEqual([
      true,
      true,
      false,
      false,
      false,
      false,
    ]);
    expect([kept.awaits(0), kept.awaits(1), kept.awaits(10)]).toEqual([false, true, false]);
    const document = kept.document(trial.sides.b, 3_000, 'gone');
    expect(document).toMatchObject({
      complete: false,
      incomplete: 'gone',
      elapsed: 2_000,
      repeat: 2,
      clock: null,
    });
    expect(document.cells.map(({ runs }) => runs.length)).toEqual([2, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
  });

  test('ledger: a clock that was set back does not make a trial of negative length', () => {
    expect(ledger().document(trial.sides.b, 500, 'gone').elapsed).toBe(0);
  });

  test('ledger: timelines without end are not kept', () => {
    const wide = new Ledger({
      host: trial.sides.a,
      cells: cells.map((cell) => ({ ...cell, wanted: 1_000 })),
      startedAt: 0,
    });
    for (let i = 0; i < 100; i++) wide.take(0, { ...open, timeline: marks(2_000) });
    const runs = wide.document(trial.sides.b, 1, 'gone').cells[0]?.runs ?? [];
    expect(runs).toHaveLength(100);
    expect(runs.filter(({ timeline }) => timeline.length > 0)).toHaveLength(50);
  });
});
