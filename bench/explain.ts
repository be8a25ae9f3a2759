/**
 * How long it takes to work out why a punch failed: the longest accounts that two sides can exchange, every
 * rule tried before the last one fits.
 *
 *   node bench/run.js explain [RUNS]
 */
import { explainPunch, type PunchView } from '../src/net/connect/explain.ts';
import type { LaneReport } from '../src/net/signal/lane-report.ts';
import { MAX_LANES, MAX_MARKS } from '../src/net/signal/lane-report.ts';
import { summary, table } from './lib/figures.ts';

const KINDS = ['sent', 'refused', 'received', 'open'] as const;
const TARGET = 5;

const lane: LaneReport = {
  method: 'udp-punch',
  path: 'external',
  family: 4,
  sent: 60,
  received: 0,
  refused: 0,
  guesses: 0,
  opened: false,
  refusedAfter: null,
  foreseen: [40_010, 40_010],
  heardFrom: null,
  seen: null,
  reason: '',
  marks: Array.from({ length: MAX_MARKS }, (_, at) => ({ kind: KINDS[at % 4] ?? 'sent', at, count: 1 })),
};
const lanes = Array.from({ length: MAX_LANES }, () => lane);
const view: PunchView = {
  own: { from: 0, lanes },
  peer: { from: 10, lanes },
  clock: { offset: 3, error: 2, samples: 4 },
  nats: () => ({ own: { type: 5, delta: 2 }, peer: { type: 6, delta: 3 } }),
};

const runs = Number(process.argv[2] ?? 10_000);
const times = Array.from({ length: runs }, () => {
  const began = performance.now();
  if (explainPunch(view) === null) throw new Error('nothing explained');
  return performance.now() - began;
});
console.log(
  table([
    ['ms', 'median', 'least', 'most', 'target'],
    [`${MAX_LANES} lanes of ${MAX_MARKS} marks`, ...summary(times), `< ${TARGET}`],
  ]),
);
