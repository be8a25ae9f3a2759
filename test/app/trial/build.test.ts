/** The data set of a trial, made of what was told. */
import { expect, test } from 'vitest';
import { absentSide, documentOf } from '../../../src/app/trial/build.ts';
import type { TrialMark, TrialRun } from '../../../src/app/trial/document.ts';
import { trialJson } from '../../../src/app/trial/json.ts';
import type { PlannedCell } from '../../../src/app/trial/plan.ts';
import { parseTrial } from '../../../src/app/trial/schema.ts';

test('trial: of very many runs the report keeps as many timelines as can be read back', () => {
  const mark: TrialMark = { at: 1_234.5, side: 'a', method: 'tcp-punch', kind: 'received', count: 12_345 };
  const run: TrialRun = {
    ...({ outcome: 'failed', at: 0, elapsed: 5, rtt: null, sendMbps: null, receiveMbps: null } as const),
    ...{ reason: 'no answer', explanation: null, timeline: Array.from({ length: 200 }, () => mark) },
  };
  const methods = ['direct', 'reverse', 'tcp-punch', 'udp-punch', 'relay'] as const;
  const cells = ([4, 6] as const).flatMap((family) =>
    methods.map(
      (method): PlannedCell => ({
        ...({ method, path: 'external', family, initiator: 'a', predicted: 'maybe' } as const),
        ...{ why: 'who knows', wanted: 100 },
      }),
    ),
  );
  const document = documentOf({
    cells,
    results: cells.flatMap((_, cell) => Array.from({ length: 100 }, () => ({ cell, run }))),
    sides: { a: absentSide('a'.repeat(32)), b: absentSide('b'.repeat(32)) },
    ...{ clock: null, startedAt: 0, elapsed: 1, repeat: 100, ended: null },
  });
  const read = parseTrial(JSON.stringify(trialJson(document)));
  expect(read.cells.map(({ runs }) => runs.length)).toEqual(Array(10).fill(100));
  expect(read.cells[0]?.runs[0]?.timeline).toHaveLength(200);
});
