/** Virtual time that passes with a real clock, which the tests set. */
import { expect, test } from 'vitest';
import { Clock } from '../../src/lab/clock.ts';
import { runInRealTime } from '../../src/lab/real-time.ts';

/** A real clock that moves only while it is waited for, and tells how long each wait was. */
function realClock(late: (pause: number) => number = (pause) => pause) {
  let now = 1_000;
  const pauses: number[] = [];
  const stop = new AbortController();
  const io = {
    now: () => now,
    sleepUntil: async (at: number) => {
      pauses.push(at - now);
      now += late(at - now);
      if (now >= 3_000) stop.abort();
    },
  };
  return { io, pauses, stop, passed: () => now - 1_000 };
}

test.each([0.02, 1, 20])('real time: at speed %d so much virtual time passes', async (speed) => {
  const clock = new Clock();
  const { io, stop, passed } = realClock();
  await runInRealTime(clock, { io, speed: () => speed, signal: stop.signal });
  expect(passed()).toBeGreaterThanOrEqual(2_000);
  // The last pause is not followed by a step.
  expect(clock.now()).toBeGreaterThan((passed() - 34) * speed * 0.999);
  expect(clock.now()).toBeLessThanOrEqual(passed() * speed * 1.001);
});

test('real time: a timer fires at its own virtual time, and is not waited for longer than needed', async () => {
  const clock = new Clock();
  const { io, stop, passed } = realClock();
  const fired: (readonly [virtual: number, real: number])[] = [];
  for (const at of [10, 10.5, 11, 700]) clock.at(at, () => fired.push([clock.now(), passed()]));
  await runInRealTime(clock, { io, speed: () => 1, signal: stop.signal });
  expect(fired.map(([virtual]) => virtual)).toEqual([10, 10.5, 11, 700]);
  for (const [virtual, real] of fired) expect(real - virtual).toBeLessThanOrEqual(4);
});

test('real time: however much happens there is a pause between two steps, and never a long one', async () => {
  const clock = new Clock();
  const { io, pauses, stop } = realClock();
  const again = () => clock.after(0.1, again);
  again();
  await runInRealTime(clock, { io, speed: () => 1, signal: stop.signal });
  expect(Math.min(...pauses)).toBeGreaterThanOrEqual(4);
  expect(Math.max(...pauses)).toBeLessThanOrEqual(33);
});

test('real time: a machine that slept for an hour does not simulate the hour', async () => {
  const clock = new Clock();
  let naps = 0;
  const { io, stop } = realClock((pause) => (++naps === 3 ? 3_600_000 : pause));
  await runInRealTime(clock, { io, speed: () => 1, signal: stop.signal });
  expect(clock.now()).toBeLessThanOrEqual(200);
});

test('real time: stops in the middle of a step when it is asked to', async () => {
  const clock = new Clock();
  const { io, stop } = realClock();
  const again = () => {
    if (clock.now() >= 50) stop.abort();
    clock.after(1, again);
  };
  again();
  await runInRealTime(clock, { io, speed: () => 1_000, signal: stop.signal });
  expect(clock.now()).toBe(50);
});

test('real time: a fault in what is simulated ends it, and is told', async () => {
  const clock = new Clock();
  const { io, stop } = realClock();
  clock.at(5, () => {
    throw new Error('a bug');
  });
  await expect(runInRealTime(clock, { io, speed: () => 1, signal: stop.signal })).rejects.toThrow('a bug');
});
