import { expect, test } from 'vitest';
import {
  createRace,
  FIRST_JOINED,
  type RaceInput,
  type RaceState,
  stepRace,
} from '../../../src/net/connect/race.ts';
import { ATTEMPT_DELAY } from '../../../src/net/timing.ts';

/** Plays inputs at their times; gives back `time effect attempt` for each effect. */
function play(
  total: number,
  script: readonly (readonly [number, RaceInput])[],
): { log: string[]; state: RaceState } {
  let state = createRace(total);
  const log: string[] = [];
  for (const [at, input] of script) {
    const step = stepRace(state, input, at);
    state = step.state;
    for (const effect of step.effects)
      log.push(`${at} ${effect.kind}${'attempt' in effect ? ` ${effect.attempt}` : ''}`);
  }
  return { log, state };
}

const start = { kind: 'start' } as const;
const tick = { kind: 'tick' } as const;
const of = (kind: 'secured' | 'opened' | 'failed', attempt: number) => ({ kind, attempt });

test('race: attempts start one by one, a delay apart', () => {
  const { log, state } = play(3, [
    [0, start],
    [50, tick],
    [ATTEMPT_DELAY, tick],
    [2 * ATTEMPT_DELAY, tick],
    [3 * ATTEMPT_DELAY, tick],
  ]);
  expect(log).toEqual(['0 dial 0', '100 dial 1', '200 dial 2']);
  expect(state.wakeAt).toBe(Number.POSITIVE_INFINITY);
});

test('race: a failure starts the next attempt at once, and moves the one after it back', () => {
  const { log } = play(3, [
    [0, start],
    [10, of('failed', 0)],
    [100, tick],
    [110, tick],
  ]);
  expect(log).toEqual(['0 dial 0', '10 dial 1', '110 dial 2']);
});

test('race: only one attempt commits; the others are dropped when it opens', () => {
  const { log } = play(3, [
    [0, start],
    [100, tick],
    [150, of('secured', 1)],
    [160, of('secured', 0)],
    [200, tick],
    [210, of('opened', 1)],
    [220, of('failed', 0)],
    [230, tick],
  ]);
  expect(log).toEqual(['0 dial 0', '100 dial 1', '150 commit 1', '210 won 1', '210 drop 0']);
});

test('race: when the committed attempt fails, a secured one takes its place', () => {
  const { log } = play(2, [
    [0, start],
    [100, tick],
    [150, of('secured', 1)],
    [160, of('secured', 0)],
    [170, of('failed', 1)],
    [200, of('opened', 0)],
  ]);
  expect(log).toEqual(['0 dial 0', '100 dial 1', '150 commit 1', '170 commit 0', '200 won 0']);
});

test('race: when the committed attempt fails and none is secured, the next in line is dialled', () => {
  const { log } = play(2, [
    [0, start],
    [50, of('secured', 0)],
    [100, tick],
    [150, of('failed', 0)],
  ]);
  expect(log).toEqual(['0 dial 0', '50 commit 0', '150 dial 1']);
});

test('race: it is lost when the last attempt has failed, and at once when there is none', () => {
  expect(
    play(1, [
      [0, start],
      [20, of('failed', 0)],
      [30, of('failed', 0)],
    ]).log,
  ).toEqual(['0 dial 0', '20 lost']);
  expect(play(0, [[0, start]]).log).toEqual(['0 lost']);
});

test('race: it is not lost while something may still come, and dials on when there is more', () => {
  const { log } = play(1, [
    [0, { kind: 'join', attempt: FIRST_JOINED }],
    [0, start],
    [20, of('failed', 0)],
    [30, { kind: 'more', count: 2 }],
    [40, of('failed', 1)],
    [50, of('failed', 2)],
    [60, of('failed', FIRST_JOINED)],
  ]);
  expect(log).toEqual(['0 dial 0', '30 dial 1', '40 dial 2', '60 lost']);
});

test('race: a connection that comes in is committed like any other, and waits while another one is', () => {
  const { log } = play(1, [
    [0, { kind: 'join', attempt: FIRST_JOINED }],
    [0, start],
    [50, of('secured', FIRST_JOINED)],
    [60, of('secured', 0)],
    [65, { kind: 'join', attempt: FIRST_JOINED + 1 }],
    [65, of('secured', FIRST_JOINED + 1)],
    [70, of('failed', FIRST_JOINED)],
    [80, of('failed', 0)],
    [90, of('opened', FIRST_JOINED + 1)],
  ]);
  expect(log).toEqual([
    '0 dial 0',
    `50 commit ${FIRST_JOINED}`,
    '70 commit 0',
    `80 commit ${FIRST_JOINED + 1}`,
    `90 won ${FIRST_JOINED + 1}`,
  ]);
});

test('race: more to dial does not disturb the pause between two attempts, nor a committed one', () => {
  const { log } = play(2, [
    [0, start],
    [10, { kind: 'more', count: 1 }],
    [100, tick],
    [150, of('secured', 0)],
    [200, tick],
    [210, { kind: 'more', count: 1 }],
    [220, of('opened', 0)],
  ]);
  expect(log).toEqual(['0 dial 0', '100 dial 1', '150 commit 0', '220 won 0', '220 drop 1']);
});
