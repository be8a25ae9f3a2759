import { expect, test } from 'vitest';
import { PATH_PATIENCE } from '../../../src/net/path-timing.ts';
import { Liveness } from '../../../src/net/pipe/liveness.ts';
import { KEEPALIVE_TIMEOUT } from '../../../src/net/timing.ts';

function open(rtt = 0): Liveness {
  const liveness = new Liveness(() => 20_000, -rtt);
  liveness.opened();
  liveness.ping(-rtt);
  liveness.pong(0);
  liveness.heard(0);
  return liveness;
}

test('liveness: a quiet path is asked by the keep-alive only', () => {
  const liveness = open();
  expect(liveness.wakeAt).toBe(20_000);
  expect(liveness.due(19_999)).toBeNull();
  expect(liveness.due(20_000)).toBe('ping');
});

test('liveness: what is under way is asked after soon, then doubted; anything that comes ends the doubt', () => {
  const liveness = open();
  liveness.owe(true, 5_000);
  expect(liveness.wakeAt).toBe(5_000 + PATH_PATIENCE);
  expect(liveness.due(5_000 + PATH_PATIENCE)).toBe('ping');
  expect(liveness.ping(5_000 + PATH_PATIENCE)).toBe(true);
  expect(liveness.ping(5_000 + PATH_PATIENCE)).toBe(false);
  expect(liveness.wakeAt).toBe(5_000 + 2 * PATH_PATIENCE);
  expect(liveness.due(5_000 + 2 * PATH_PATIENCE)).toBe('doubt');
  expect(liveness.wakeAt).toBe(KEEPALIVE_TIMEOUT);
  expect(liveness.heard(6_500)).toBe(true);
  expect(liveness.isDoubtful).toBe(false);
  expect(liveness.pong(6_600)).toBe(6_600 - 5_000 - PATH_PATIENCE);
});

test('liveness: a slow path has four of its round trips', () => {
  const liveness = open(1_000);
  liveness.owe(true, 100);
  expect(liveness.wakeAt).toBe(4_100);
});

test('liveness: silence of 50 s is the end, and what has moved begins anew', () => {
  const liveness = open();
  expect(liveness.due(KEEPALIVE_TIMEOUT)).toBe('dead');
  liveness.moved(60_000);
  expect(liveness.due(60_000)).toBeNull();
  expect(liveness.wakeAt).toBe(80_000);
});
