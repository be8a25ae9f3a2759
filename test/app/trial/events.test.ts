import { describe, expect, test } from 'vitest';
import {
  reduceTrial,
  type TrialEvent,
  type TrialRunEvent,
  type TrialState,
} from '../../../src/app/trial/events.ts';
import { createTrialNarrator, doneOf, totalOf } from '../../../src/app/trial/lines.ts';
import { sampleTrial } from '../../helpers/sample-trial.ts';

const document = sampleTrial();
const cells = document.cells.map(({ runs: _, surprise: __, ...cell }) => ({ ...cell, wanted: 2 }));
const run = document.cells[4]?.runs[0];
if (run === undefined) throw new Error('the sample has runs');
const RUNNING: TrialEvent = { event: 'trial', phase: 'running', role: 'a', peer: 'd04b', cells };
const fold = (...events: readonly (TrialEvent | TrialRunEvent)[]) =>
  events.reduce<TrialState | null>((state, event) => reduceTrial(state, event), null);

describe('trial events', () => {
  test('phases keep what was told before; a new meeting forgets the last trial', () => {
    const waiting: TrialEvent = { event: 'trial', phase: 'waiting', role: 'b', address: 'p2pd1x' };
    expect(fold(waiting, { ...RUNNING, role: 'b' })).toMatchObject({
      phase: 'running',
      address: 'p2pd1x',
      peer: 'd04b',
    });
    const again = fold(
      RUNNING,
      { event: 'trial', phase: 'done', role: 'a', document },
      { event: 'trial', phase: 'meeting', role: 'a' },
    );
    expect(again).toMatchObject({ phase: 'meeting', cells: [], document: null, peer: null });
  });

  test('runs are counted where they belong; those of no cell change nothing', () => {
    const state = fold(
      RUNNING,
      { event: 'trial-run', cell: 4, run: null, left: 9 },
      { event: 'trial-run', cell: 5, run: null, left: 9 },
      { event: 'trial-run', cell: 4, run, left: 8 },
      { event: 'trial-run', cell: 99, run, left: 8 },
    );
    expect(state).toMatchObject({ running: [5], left: 8 });
    expect(state && [doneOf(state), totalOf(state)]).toEqual([1, 20]);
    expect(fold({ event: 'trial-run', cell: 0, run, left: 1 })).toBeNull();
  });

  test('a report has the last word on what was run', () => {
    const state = fold(RUNNING, { event: 'trial', phase: 'done', role: 'a', document });
    expect(state?.cells.map(({ runs }) => runs)).toEqual(document.cells.map(({ runs }) => runs));
    expect(state).toMatchObject({ phase: 'done', running: [], left: null });
  });

  test('told in lines: each stage, each run that is over', () => {
    const narrate = createTrialNarrator();
    const lines = [
      RUNNING,
      { event: 'trial-run', cell: 4, run: null, left: 9_000 },
      { event: 'trial-run', cell: 4, run, left: 8_000 },
      { event: 'trial', phase: 'done', role: 'a', document, reason: 'it was stopped' },
    ] as const;
    expect(lines.flatMap((event) => narrate(event))).toEqual([
      'trial: 20 tries of 10 ways',
      expect.stringMatching(
        /^- TCP punch, Internet, IPv4, A → B: failed after 10 s: .* \(1 of 20, about 8 s left\)$/,
      ),
      'trial: ended early: it was stopped',
    ]);
  });
});
