/** Transfers in words: while they run, and at their end. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Stamped } from '../../src/app/events.ts';
import { fileText, progressText } from '../../src/app/file-text.ts';
import { type Meter, measured, speedOf } from '../../src/app/transfer-meter.ts';
import { createFileNarrator } from '../../src/cli/narrate-files.ts';
import type { FileEvent } from '../../src/net/index.ts';

const base = { event: 'file', pipe: 'p', direction: 'out', name: 'film.mkv', size: 200_000_000 } as const;
const told = (at: number, done: number, more: Partial<FileEvent> = {}): Stamped<FileEvent> => ({
  ...{ ...base, at, done, from: 0, state: 'progress' },
  ...more,
});
const meterOf = (events: readonly Stamped<FileEvent>[]): Meter =>
  events.reduce<Meter | null>(measured, null) ?? { startedAt: 0, samples: [] };
const BEGUN = told(1_000, 0, { state: 'start' });

test('speed: of the last three seconds, without what was there before', () => {
  expect(speedOf(meterOf([BEGUN]))).toBeNull();
  expect(speedOf(meterOf([BEGUN, told(2_000, 10_000_000)]))).toBe(10_000_000);
  const slower = [2_000, 3_000, 4_000, 5_000, 6_000].map((at) => told(at, 10_000_000 + at));
  expect(speedOf(meterOf([BEGUN, ...slower]))).toBe(1_000);
  const from = 100_000_000;
  const resumed = [told(1_500, from, { from }), told(2_500, from + 5_000_000, { from })];
  expect(speedOf(meterOf([BEGUN, ...resumed]))).toBe(5_000_000);
});

test('progress: name, bar, amount, speed and time left, in the columns that there are', () => {
  const events = [BEGUN, told(3_000, 104_000_000)];
  const last = told(3_000, 104_000_000);
  expect(progressText(last, meterOf(events), 80)).toBe(
    'film.mkv  [==========>          ]   52 %  104.0 of 200.0 MB  52.0 MB/s  2 s left',
  );
  expect(progressText(told(1_000, 0), meterOf([BEGUN]), 60)).toBe(
    'film.mkv  [>                       ]    0 %  0.0 of 200.0 MB',
  );
  const still = [BEGUN, told(2_000, 1_000_000), ...[4_900, 7_800].map((at) => told(at, 1_000_000))];
  expect(progressText(told(7_800, 1_000_000), meterOf(still), 79)).toContain('stalled');
});

test('progress: never wider than asked for, whatever the name and the size', () => {
  fc.assert(
    fc.property(
      fc.string({ unit: 'grapheme', maxLength: 60 }),
      fc.integer({ min: 0, max: 2 ** 50 }),
      fc.integer({ min: 50, max: 200 }),
      (name, size, columns) => {
        const event = told(2_000, Math.floor(size / 3), { name, size });
        expect(progressText(event, meterOf([BEGUN, event]), columns).length).toBeLessThanOrEqual(columns);
      },
    ),
  );
});

test('the end: where it is, how long it took, how fast it was; what failed; what to do about a refusal', () => {
  const meter = meterOf([BEGUN]);
  const of = (more: Partial<FileEvent>, done: number = base.size) =>
    fileText(told(5_000, done, more), meter, 'do this');
  expect(of({ state: 'done', kept: 'film.mkv' })).toBe(
    '+ file film.mkv: 200.0 MB in 4.0 s, 50.0 MB/s, its hash is right',
  );
  expect(of({ state: 'done', kept: 'film (1).mkv', from: 100_000_000 })).toBe(
    '+ file film.mkv (there: film (1).mkv): 200.0 MB in 4.0 s, 25.0 MB/s, gone on with from 100.0 MB, its hash is right',
  );
  expect(of({ direction: 'in', state: 'done', kept: '/in/film.mkv' })).toBe(
    '+ file from the peer: /in/film.mkv: 200.0 MB in 4.0 s, 50.0 MB/s, its hash is right',
  );
  expect(of({ state: 'failed', reason: 'no\nroom' }, 5)).toBe(
    '! file film.mkv: no\\nroom, 5 bytes of 200.0 MB are there',
  );
  expect(of({ direction: 'in', state: 'refused', reason: 'no files are taken here' }, 0)).toBe(
    '! file from the peer film.mkv (200.0 MB) was refused: no files are taken here (do this)',
  );
});

test('narration: one line that changes at a terminal, elsewhere a line at each tenth', () => {
  const events = [BEGUN, ...[1, 2, 3, 4].map((part) => told(1_000 + part * 200, part * 15_000_000))];
  const end = told(2_000, base.size, { state: 'done', kept: 'film.mkv' });
  const at = (columns: number | null) => {
    const narrate = createFileNarrator(() => columns);
    return [...events, end].flatMap((event) => narrate(event)).map(({ to, text }) => `${to} ${text}`);
  };
  expect(at(null)).toEqual([
    'stderr file film.mkv: 200.0 MB',
    'stderr file film.mkv: 15 % of 200.0 MB',
    'stderr file film.mkv: 22 % of 200.0 MB',
    'stderr file film.mkv: 30 % of 200.0 MB',
    expect.stringContaining('stderr + file film.mkv'),
  ]);
  const lines = at(80);
  expect(lines.slice(0, 5).every((line) => line.startsWith('status film.mkv  ['))).toBe(true);
  expect(lines.slice(5)).toEqual(['status ', expect.stringContaining('stderr + file film.mkv')]);
});
