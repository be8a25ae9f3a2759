import { expect, test } from 'vitest';
import { compareTrials, swapSides } from '../../../src/app/trial/compare.ts';
import type { TrialCell, TrialDocument } from '../../../src/app/trial/document.ts';
import { redact } from '../../../src/app/trial/redact.ts';
import { sampleTrial } from '../../helpers/sample-trial.ts';

const changed = (method: TrialCell['method'], change: (cell: TrialCell) => TrialCell): TrialDocument => {
  const document = sampleTrial();
  return {
    ...document,
    cells: document.cells.map((cell) =>
      cell.method === method && cell.initiator === 'a' ? change(cell) : cell,
    ),
  };
};
const kindsOf = (after: TrialDocument, before = sampleTrial()) =>
  compareTrials(before, after).cells.map(({ way, kind }) => `${way.method} ${way.initiator} ${kind}`);
const timed = (times: readonly number[]) =>
  changed('relay', (cell) => {
    const [run] = cell.runs;
    if (run === undefined) throw new Error('the sample has runs');
    return { ...cell, runs: times.map((elapsed) => ({ ...run, elapsed })) };
  });

test('compare: a trial and itself are the same', () => {
  expect(compareTrials(sampleTrial(), sampleTrial())).toMatchObject({
    swapped: false,
    cells: [],
    facts: [],
    same: 10,
    gone: [],
    added: [],
  });
});

test('compare: what opens now, what no longer does', () => {
  const closed = changed('relay', (cell) => ({
    ...cell,
    runs: cell.runs.map((run) => ({ ...run, outcome: 'failed' })),
  }));
  expect(kindsOf(closed)).toEqual(['relay a fails']);
  expect(kindsOf(sampleTrial(), closed)).toEqual(['relay a opens']);
});

test('compare: more or less often only beyond what chance does', () => {
  const often = (opened: number, tries: number) =>
    changed('relay', (cell) => ({
      ...cell,
      runs: Array.from({ length: tries }, (_, i) => ({
        ...(cell.runs[0] ?? {}),
        outcome: i < opened ? 'open' : 'failed',
      })) as TrialCell['runs'],
    }));
  expect(kindsOf(often(3, 5), often(5, 5))).toEqual([]);
  expect(kindsOf(often(2, 40), often(39, 40))).toEqual(['relay a rarer']);
  expect(kindsOf(often(39, 40), often(2, 40))).toEqual(['relay a oftener']);
});

test('compare: times only beyond their noise, and only of several runs', () => {
  expect(kindsOf(timed([100, 101, 102, 110]), timed([100, 101, 102]))).toEqual([]);
  expect(kindsOf(timed([200, 201, 202]), timed([100, 101, 102]))).toEqual(['relay a slower']);
  expect(kindsOf(timed([100, 101, 102]), timed([200, 201, 202]))).toEqual(['relay a faster']);
  expect(kindsOf(timed([90, 200, 420]), timed([100, 101, 102]))).toEqual([]);
  expect(kindsOf(timed([500]), timed([100, 101, 102]))).toEqual([]);
});

test('compare: NATs and versions of either side', () => {
  const before = sampleTrial();
  const [report] = before.sides.b.reports;
  if (report === undefined) throw new Error('the sample has a report');
  const udp = { ...report.udp, type: 6, delta: { type: 4, value: -2 }, external: ['203.0.113.81'] } as const;
  const after = {
    ...before,
    sides: { ...before.sides, b: { ...before.sides.b, version: '0.2.0', reports: [{ ...report, udp }] } },
  };
  expect(compareTrials(before, after).facts.filter(({ fact }) => !fact.startsWith('IPv6'))).toEqual([
    { side: 'b', fact: 'version', before: '0.1.0', after: '0.2.0' },
    { side: 'b', fact: 'IPv4 UDP type', before: 'restrict port', after: 'symmetric' },
    { side: 'b', fact: 'IPv4 UDP ports', before: 'equal', after: 'independent -2' },
    { side: 'b', fact: 'IPv4 UDP addresses', before: '203.0.113.80', after: '203.0.113.81' },
  ]);
  expect(compareTrials(before, after).facts).toContainEqual({
    side: 'b',
    fact: 'IPv6 UDP type',
    before: 'udp firewall',
    after: 'none',
  });
});

test('compare: stand-ins are not compared with addresses', () => {
  expect(compareTrials(sampleTrial(), redact(sampleTrial())).facts).toEqual([]);
});

test('compare: the same two, started by the other one, are read the other way round', () => {
  const turned = swapSides(sampleTrial());
  expect(compareTrials(sampleTrial(), turned)).toMatchObject({
    swapped: true,
    cells: [],
    facts: [],
    same: 10,
  });
  expect(swapSides(turned)).toEqual(sampleTrial());
});

test('compare: cells that only one trial has are told apart', () => {
  const { cells, ...rest } = sampleTrial();
  const fewer = { ...rest, cells: cells.slice(1) };
  expect(compareTrials(sampleTrial(), fewer).gone).toHaveLength(1);
  expect(compareTrials(fewer, sampleTrial()).added).toEqual([
    { method: 'direct', path: 'external', family: 4, initiator: 'a' },
  ]);
});
