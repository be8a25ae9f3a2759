import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  explanationLines,
  type Timelines,
  timelineView,
  withAttempt,
  withExplanation,
  withTrace,
} from '../../src/app/timeline.ts';
import { attempt } from '../ui/sample-events.ts';

type Trace = Parameters<typeof withTrace>[1];

function trace(changes: Partial<Trace>): Trace {
  return {
    event: 'trace',
    at: 100,
    pipe: 'p1',
    side: 'own',
    method: 'udp-punch',
    path: 'external',
    family: 4,
    kind: 'sent',
    count: 1,
    time: 0,
    ago: 0,
    error: 0,
    ...changes,
  };
}

function timelineOf(events: readonly Trace[]) {
  let all: Timelines = {};
  for (const event of events) all = withTrace(all, event);
  const [timeline] = Object.values(all);
  if (timeline === undefined) throw new Error('no timeline');
  return timeline;
}

test('timeline: one lane per method and side, on one clock, with what happened summed up', () => {
  const timeline = timelineOf([
    trace({ at: 150, ago: 50 }),
    trace({ at: 200, ago: 0, count: 2 }),
    trace({ at: 300, ago: 100, side: 'peer', kind: 'received', error: 7 }),
    trace({ at: 250, kind: 'refused', method: 'tcp-punch' }),
    trace({ at: 300, kind: 'open' }),
  ]);
  const { rows, span } = timelineView(timeline, 21);
  expect(span).toBe(200);
  expect(timeline.error).toBe(7);
  expect(rows.map(({ label, summary }) => [label, summary])).toEqual([
    ['TCP punch', '1 refused'],
    ['UDP punch', 'open 200 ms, 3 sent'],
    ['UDP punch they', '1 received'],
  ]);
  const marks = rows.map(({ cells }) => cells.map((cell) => cell?.[0] ?? '.').join(''));
  expect(marks).toEqual(['...............r.....', 's.........s.........o', '..........r..........']);
});

test('timeline: attempts of dialling have lanes too; punches tell of themselves', () => {
  const dialled = withAttempt({}, { ...attempt(), at: 5 });
  expect(dialled.p1?.lanes).toMatchObject([{ method: 'direct', marks: [{ kind: 'sent', at: 5 }] }]);
  expect(withAttempt({}, { ...attempt(), method: 'tcp-punch', at: 5 })).toEqual({});
});

test('timeline: words of others are made safe and short', () => {
  const all = withExplanation(
    {},
    {
      event: 'explanation',
      at: 1,
      pipe: 'p1',
      method: null,
      sentence: `a\u001b[2J${'x'.repeat(9_999)}`,
      confidence: 'likely',
      evidence: Array.from({ length: 99 }, () => 'e'),
      help: null,
    },
  );
  const { p1 } = all;
  if (p1 === undefined) throw new Error('no timeline');
  const text = explanationLines(p1).join('\n');
  expect(text).not.toContain('\u001b');
  expect(text.length).toBeLessThan(700);
});

test('timeline: bounded, whatever is told, and always drawn within its columns', () => {
  const event = fc.record({
    at: fc.nat(10_000),
    ago: fc.nat(200_000),
    pipe: fc.integer({ min: 0, max: 60 }).map((n) => `p${n}`),
    side: fc.constantFrom<Trace['side']>('own', 'peer'),
    kind: fc.constantFrom<Trace['kind']>('sent', 'refused', 'received', 'open'),
    family: fc.constantFrom<4 | 6>(4, 6),
  });
  fc.assert(
    fc.property(fc.array(event, { maxLength: 300 }), fc.integer({ min: 1, max: 200 }), (events, columns) => {
      let all: Timelines = {};
      for (const one of events) all = withTrace(all, trace(one));
      expect(Object.keys(all).length).toBeLessThanOrEqual(32);
      for (const timeline of Object.values(all))
        for (const { cells } of timelineView(timeline, columns).rows) expect(cells).toHaveLength(columns);
    }),
    { numRuns: 50 },
  );
});
