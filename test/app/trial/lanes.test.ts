import { expect, test } from 'vitest';
import { laneView, runsWorthDrawing } from '../../../src/app/trial/lanes.ts';
import { easyTrial, sampleTrial } from '../../helpers/sample-trial.ts';

const told = (limit: number, document = sampleTrial()) =>
  runsWorthDrawing(document.cells, limit).map(
    ({ cell, number, because }) => `${cell.method} ${cell.initiator} ${number} ${because}`,
  );

test('lanes: the first failure and the fastest success of each way that punches', () => {
  expect(told(10)).toEqual([
    'tcp-punch a 1 failed',
    'tcp-punch b 1 fastest',
    'udp-punch a 3 failed',
    'udp-punch a 1 fastest',
    'udp-punch b 2 failed',
    'udp-punch b 1 fastest',
  ]);
});

test('lanes: where there are too many, some of each are drawn', () => {
  expect(told(2)).toEqual(['tcp-punch a 1 failed', 'tcp-punch b 1 fastest']);
  expect(told(4, easyTrial())).toHaveLength(4);
});

test('lanes: side a stands above side b', () => {
  const [first] = runsWorthDrawing(sampleTrial().cells, 1);
  if (first === undefined) throw new Error('the sample punches');
  const { rows } = laneView(first.cell, first.run, 20);
  expect(rows.map(({ summary }) => summary)).toEqual(['8 sent', '8 sent, 3 refused']);
  expect(rows[0]?.cells).toHaveLength(20);
});
