import { readFile } from 'node:fs/promises';
import { PassThrough } from 'node:stream';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Clock, ClockError } from '../../src/lab/clock.ts';

test('clock: timers fire in order of time, ties in order of insertion', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.integer({ min: 0, max: 20 }), { maxLength: 60 }), async (times) => {
      const clock = new Clock();
      const fired: { at: number; index: number }[] = [];
      for (const [index, at] of times.entries()) clock.at(at, () => fired.push({ at: clock.now(), index }));
      await clock.runUntil(20);
      const expected = times
        .map((at, index) => ({ at, index }))
        .sort((a, b) => a.at - b.at || a.index - b.index);
      expect(fired).toEqual(expected);
    }),
  );
});

test('clock: cancelled timers never fire, whichever are cancelled', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.tuple(fc.integer({ min: 0, max: 50 }), fc.boolean()), {
        minLength: 1,
        maxLength: 3_000,
        size: 'max',
      }),
      async (plan) => {
        const clock = new Clock();
        const fired: number[] = [];
        const timers = plan.map(([at], index) => clock.at(at, () => fired.push(index)));
        for (const [index, [, cancel]] of plan.entries()) if (cancel) timers[index]?.cancel();
        const kept = plan.flatMap(([at, cancel], index) => (cancel ? [] : [{ at, index }]));
        expect(clock.pending).toBe(kept.length);
        await clock.runUntil(50);
        expect(fired).toEqual(
          kept.sort((a, b) => a.at - b.at || a.index - b.index).map(({ index }) => index),
        );
      },
    ),
    { numRuns: 20 },
  );
});

test('clock: time jumps to the next timer, so an hour costs nothing', async () => {
  const clock = new Clock();
  await clock.run(clock.sleepUntil(3_600_000), { within: 3_600_000 });
  expect(clock.now()).toBe(3_600_000);
});

test('clock: reactions, ticks and immediates that are due run before time moves', async () => {
  const clock = new Clock();
  const seen: string[] = [];
  const note = (what: string) => seen.push(`${clock.now()} ${what}`);
  clock.at(20, () => note('later'));
  clock.at(10, () => {
    void (async () => {
      for (let i = 0; i < 50; i++) await Promise.resolve();
      note('reactions');
      process.nextTick(() => {
        note('tick');
        void Promise.resolve().then(() => process.nextTick(() => note('tick after reaction')));
      });
      setImmediate(() => {
        note('immediate');
        setImmediate(() => setImmediate(() => note('third immediate')));
      });
    })();
  });
  await clock.runUntil(20);
  expect(seen).toEqual([
    '10 reactions',
    '10 tick',
    '10 tick after reaction',
    '10 immediate',
    '10 third immediate',
    '20 later',
  ]);
});

test('clock: a Node stream passes its bytes on before time moves', async () => {
  const clock = new Clock();
  const streams = Array.from({ length: 5 }, () => new PassThrough());
  streams.reduce((from, to) => from.pipe(to));
  const seen: string[] = [];
  streams.at(-1)?.on('data', (bytes: Buffer) => seen.push(`${clock.now()} ${bytes}`));
  clock.at(5, () => streams[0]?.write('five'));
  clock.at(6, () => streams[0]?.write('six'));
  await clock.runUntil(7);
  expect(seen).toEqual(['5 five', '6 six']);
});

test('clock: a timer set for the past fires now, after those already due', async () => {
  const clock = new Clock();
  await clock.advance(100);
  const seen: string[] = [];
  clock.at(100, () => seen.push('first'));
  clock.at(3, () => seen.push(`second at ${clock.now()}`));
  await clock.advance(0);
  expect(seen).toEqual(['first', 'second at 100']);
});

test('clock: a timer may set another for the same time', async () => {
  const clock = new Clock();
  const seen: number[] = [];
  const again = (n: number) => {
    seen.push(clock.now());
    if (n > 0) clock.at(clock.now(), () => again(n - 1));
  };
  clock.at(5, () => again(3));
  await clock.runUntil(5);
  expect(seen).toEqual([5, 5, 5, 5]);
});

test('clock: run gives what the promise gives, and stops there', async () => {
  const clock = new Clock();
  const late: string[] = [];
  clock.at(30, () => late.push('fired'));
  expect(await clock.run(clock.sleepUntil(20).then(() => 'twenty'))).toBe('twenty');
  expect([clock.now(), late]).toEqual([20, []]);
  await expect(clock.run(clock.sleepUntil(25).then(() => Promise.reject(new Error('no'))))).rejects.toThrow(
    'no',
  );
  expect(clock.now()).toBe(25);
});

test('clock: run takes a function, and an exception of it is the result', async () => {
  const clock = new Clock();
  expect(await clock.run(async () => clock.now())).toBe(0);
  await expect(
    clock.run(async () => {
      throw new Error('at once');
    }),
  ).rejects.toThrow('at once');
});

test('clock: sleepUntil resolves as soon as its signal aborts, and its timer is gone', async () => {
  const clock = new Clock();
  const abort = new AbortController();
  clock.at(7, () => abort.abort());
  await clock.run(clock.sleepUntil(1_000, abort.signal));
  expect([clock.now(), clock.pending]).toEqual([7, 0]);
  await clock.run(clock.sleepUntil(1_000, abort.signal));
  expect([clock.now(), clock.pending]).toEqual([7, 0]);
});

test('clock: a signal that aborts in a reaction at the same time still stops the next timer', async () => {
  const clock = new Clock();
  const seen: string[] = [];
  const timer = clock.at(10, () => undefined);
  const first = clock.sleepUntil(10).then(() => second.cancel());
  const second = clock.at(10, () => seen.push('must not fire'));
  await clock.run(first);
  await clock.advance(10);
  expect([timer.at, seen]).toEqual([10, []]);
});

test('clock: a promise that nothing can settle is a deadlock', async () => {
  const clock = new Clock();
  const never = new Promise<void>(() => undefined);
  await expect(clock.run(never)).rejects.toThrow(
    new ClockError('nothing is left that could settle the promise (at 0 ms)'),
  );
  const abort = new AbortController();
  await expect(clock.run(clock.sleepUntil(Number.POSITIVE_INFINITY, abort.signal))).rejects.toThrow(
    ClockError,
  );
});

test('clock: a promise that takes longer than allowed fails, by virtual time and by steps', async () => {
  const clock = new Clock();
  const tick = (): void => void clock.after(100, tick);
  tick();
  const never = new Promise<void>(() => undefined);
  await expect(clock.run(never, { within: 5_000 })).rejects.toThrow('still pending after 5000 ms');
  expect(clock.now()).toBe(5_000);
  await expect(clock.run(never, { steps: 10 })).rejects.toThrow('more than 10 steps');
});

test('clock: an exception of a timer fails the run', async () => {
  const clock = new Clock();
  clock.at(5, () => {
    throw new Error('thrown by a timer');
  });
  await expect(clock.run(clock.sleepUntil(10))).rejects.toThrow('thrown by a timer');
  await clock.run(clock.sleepUntil(10));
  expect(clock.now()).toBe(10);
});

test('clock: two runs at once are refused', async () => {
  const clock = new Clock();
  const first = clock.run(clock.sleepUntil(10));
  await expect(clock.run(clock.sleepUntil(5))).rejects.toThrow('driven already');
  await first;
  expect(clock.now()).toBe(10);
});

test('clock: time stands still while real work is under way', async () => {
  const clock = new Clock();
  const seen: string[] = [];
  clock.at(5, () => seen.push('timer'));
  const text = clock
    .outside(readFile(new URL(import.meta.url), 'utf8'))
    .then(() => seen.push(`file at ${clock.now()}`));
  await clock.run(text);
  await clock.advance(5);
  expect(seen).toEqual(['file at 0', 'timer']);
});

test('clock: a NaN time is refused', () => {
  expect(() => new Clock().at(Number.NaN, () => undefined)).toThrow(RangeError);
});
