import fc from 'fast-check';
import { expect, test } from 'vitest';
// Loaded beforehand: virtual time does not wait for modules.
import '../../../src/net/nat/probe.ts';
import {
  BIRTHDAY_GUESSES,
  birthdayOdds,
  birthdayPart,
  GuessPacer,
  guessPorts,
} from '../../../src/net/punch/birthday.ts';
import { BIRTHDAY_PORT_COUNT } from '../../../src/net/timing.ts';
import { playPunch } from '../../helpers/punch-matrix.ts';

const SEEDS = Number(process.env.BIRTHDAYS ?? 120);
const RANDOM = { type: 6, delta: 6 } as const;
const STEADY = { type: 5, delta: 2 } as const;
const WAY = { rtt: 40, clockError: 0, unsolicited: 'drop', loss: 0 } as const;

test('birthday: who guesses, who opens many ports, and where nobody need', () => {
  const side = (type: 1 | 3 | 4 | 5 | 6, source: 'local' | 'none') => ({ source, facts: { type } });
  expect(birthdayPart(side(6, 'none'), side(5, 'local'))).toBe('random');
  expect(birthdayPart(side(5, 'local'), side(6, 'none'))).toBe('guesser');
  expect(birthdayPart(side(6, 'none'), side(6, 'none'))).toBeNull();
  expect(birthdayPart(side(6, 'none'), side(6, 'local'))).toBeNull();
  for (const lenient of [1, 3, 4] as const)
    expect(birthdayPart(side(6, 'none'), side(lenient, 'local'))).toBeNull();
});

test('birthday: the odds are those of the figures that are quoted', () => {
  const odds = (guesses: number) => birthdayOdds(guesses, BIRTHDAY_PORT_COUNT, 64_512);
  expect(odds(175)).toBeCloseTo(0.5, 2);
  expect(odds(256)).toBeCloseTo(0.64, 2);
  expect(odds(BIRTHDAY_GUESSES)).toBeGreaterThan(0.98);
});

test('birthday: each port of the range is guessed once', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1_024, max: 65_000 }),
      fc.nat(500),
      fc.infiniteStream(fc.nat()),
      (from, size, draws) => {
        const ports = [...guessPorts([from, from + size], () => draws.next().value ?? 0)];
        expect(new Set(ports).size).toBe(size + 1);
        expect(ports.every((port) => port >= from && port <= from + size)).toBe(true);
      },
    ),
    { numRuns: 50 },
  );
});

test('birthday: however the machine stalls, no burst and no more guesses than there may be', () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 0, max: 400 })), fc.nat(60), (pauses, slowAt) => {
      const pacer = new GuessPacer(0);
      let now = 0;
      let sent = 0;
      for (const [i, pause] of [...pauses, ...Array.from({ length: 200 }, () => 30)].entries()) {
        now += pause;
        if (i === slowAt) pacer.slowDown(now);
        const count = pacer.take(now);
        expect(count).toBeLessThanOrEqual(20);
        sent += count;
        expect(sent).toBeLessThanOrEqual(Math.min(BIRTHDAY_GUESSES, now + 1));
      }
    }),
  );
});

test('birthday: opens about as often and as soon as chance has it', { timeout: 600_000 }, async () => {
  const times: number[] = [];
  for (let seed = 1; seed <= SEEDS; seed++) {
    const turned = seed % 2 === 0;
    const [a, b] = turned ? ([STEADY, RANDOM] as const) : ([RANDOM, STEADY] as const);
    const { open, elapsed } = await playPunch({ ...WAY, a, b, seed }, 'udp-punch');
    if (open) times.push(elapsed);
  }
  times.sort((a, b) => a - b);
  // Four standard deviations of a binomial count.
  const [expected, spread] = [0.985 * SEEDS, Math.sqrt(SEEDS * 0.985 * 0.015)];
  expect(times.length).toBeGreaterThan(expected - 4 * spread);
  // Half of all within 175 guesses, one a ms; the call and the handshake come before and after.
  expect(times[SEEDS >> 1] ?? Number.POSITIVE_INFINITY).toBeLessThan(800);
});

test('birthday: two random sides are told so at once', async () => {
  const { open, elapsed, reason } = await playPunch({ ...WAY, a: RANDOM, b: RANDOM, seed: 1 }, 'udp-punch');
  expect({ open, quick: elapsed < 100, why: reason.includes('random') }).toEqual({
    open: false,
    quick: true,
    why: true,
  });
});
