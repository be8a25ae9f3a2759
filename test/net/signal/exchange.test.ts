import { expect, test } from 'vitest';
import { createRandom } from '../../../src/lab/random.ts';
import { Exchange, type ExchangeEffect } from '../../../src/net/signal/exchange.ts';
import { SIGNAL_RESEND, SIGNAL_RESEND_LONGEST, SIGNAL_TIMEOUT } from '../../../src/net/timing.ts';

const peer = 'b'.repeat(32);
const WALL = 1_795_000_000_000;
const send = (id: string, sentAt = WALL, to = peer) => ({ kind: 'send', id, peer: to, sentAt }) as const;
const ack = (of: string, receivedAt: number, repliedAt = receivedAt, from = peer) =>
  ({ kind: 'ack', peer: from, of, receivedAt, repliedAt }) as const;

/** Wakes the machine whenever it wants to, until it wants no more. */
function liveOn(exchange: Exchange, from: number): (ExchangeEffect & { at: number })[] {
  const effects: (ExchangeEffect & { at: number })[] = [];
  let now = from;
  for (let wakes = 0; exchange.wakeAt !== null; wakes++) {
    expect(wakes).toBeLessThan(10_000);
    expect(exchange.wakeAt).toBeGreaterThan(now);
    now = exchange.wakeAt;
    effects.push(...exchange.step({ kind: 'wake' }, now).map((effect) => ({ ...effect, at: now })));
  }
  return effects;
}

test('exchange: a message leaves at once, again while no answer comes, and is given up after 6 s', () => {
  const exchange = new Exchange();
  expect(exchange.step(send('m'), 1_000)).toEqual([{ kind: 'publish', id: 'm' }]);
  expect(liveOn(exchange, 1_000)).toEqual([
    { kind: 'publish', id: 'm', at: 1_000 + SIGNAL_RESEND },
    { kind: 'publish', id: 'm', at: 1_900 },
    { kind: 'publish', id: 'm', at: 3_100 },
    { kind: 'publish', id: 'm', at: 5_500 },
    { kind: 'silent', id: 'm', peer, at: 1_000 + SIGNAL_TIMEOUT },
  ]);
  expect(exchange.awaits(peer)).toBe(false);
});

test('exchange: waking early does nothing', () => {
  const exchange = new Exchange();
  exchange.step(send('m'), 0);
  expect(exchange.step({ kind: 'wake' }, SIGNAL_RESEND - 1)).toEqual([]);
});

test('exchange: an acknowledgement ends the message and tells round trip and clock', () => {
  const exchange = new Exchange();
  exchange.step(send('m'), 0);
  expect(exchange.awaits(peer)).toBe(true);
  // The peer's clock is 250 ahead; 20 there, 4 held, 20 back.
  expect(exchange.step(ack('m', WALL + 270, WALL + 274), 44)).toEqual([
    { kind: 'acknowledged', id: 'm', peer, rtt: 40, clock: { offset: 250, error: 21, samples: 1 } },
  ]);
  expect(exchange.facts(peer)).toMatchObject({ rtt: 40, clock: { offset: 250, error: 21, samples: 1 } });
  expect(exchange.wakeAt).toBe(null);
  expect(exchange.step(ack('m', WALL, WALL), 50)).toEqual([]);
});

test('exchange: an acknowledgement by somebody else counts for nothing', () => {
  const exchange = new Exchange();
  exchange.step(send('m'), 0);
  expect(exchange.isWaiting('m', peer)).toBe(true);
  expect(exchange.isWaiting('m', 'other')).toBe(false);
  expect(exchange.isWaiting('n', peer)).toBe(false);
  expect(exchange.step(ack('m', WALL, WALL, 'other'), 10)).toEqual([]);
  expect(exchange.step({ kind: 'challenge', peer: 'other', of: 'm', nonce: new Uint8Array(16) }, 10)).toEqual(
    [],
  );
  expect(exchange.isWaiting('m', peer)).toBe(true);
});

test('exchange: after two copies the round trip is not told, and the clock keeps a true bound', () => {
  const exchange = new Exchange();
  exchange.step(send('m'), 0);
  exchange.step({ kind: 'wake' }, SIGNAL_RESEND);
  // The first copy was lost; the peer's clock is right.
  const [effect] = exchange.step(ack('m', WALL + 340), 380);
  expect(effect).toMatchObject({ kind: 'acknowledged', rtt: null });
  if (effect?.kind !== 'acknowledged' || effect.clock === null) throw new Error('no clock');
  expect(Math.abs(effect.clock.offset)).toBeLessThanOrEqual(effect.clock.error);
  expect(exchange.facts(peer)?.rtt).toBe(null);
});

test('exchange: on a way slower than the first resend, the round trip is known from the second message on', () => {
  const exchange = new Exchange();
  exchange.step(send('1'), 0);
  exchange.step({ kind: 'wake' }, SIGNAL_RESEND);
  exchange.step(ack('1', WALL + 350), 700);
  exchange.step(send('2', WALL + 1_000), 1_000);
  expect(exchange.wakeAt).toBe(1_700);
  const [effect] = exchange.step(ack('2', WALL + 1_350), 1_690);
  expect(effect).toMatchObject({ rtt: 690 });
  exchange.step(send('3', WALL + 2_000), 2_000);
  expect(exchange.wakeAt).toBe(2_000 + 2 * 690);
});

test('exchange: pauses never grow past 4 s', () => {
  const exchange = new Exchange();
  exchange.step(send('1'), 0);
  exchange.step({ kind: 'wake' }, SIGNAL_RESEND);
  exchange.step(ack('1', WALL + 100), 5_900);
  exchange.step(send('2'), 10_000);
  expect(exchange.wakeAt).toBe(10_000 + SIGNAL_RESEND_LONGEST);
});

test('exchange: round trips are smoothed', () => {
  const exchange = new Exchange();
  for (const [id, rtt] of [
    ['1', 80],
    ['2', 160],
  ] as const) {
    exchange.step(send(id), 0);
    exchange.step(ack(id, WALL), rtt);
  }
  expect(exchange.facts(peer)?.rtt).toBe(90);
});

test('exchange: a challenge seals the message anew, once, within the same 6 s', () => {
  const exchange = new Exchange();
  const nonce = new Uint8Array(16).fill(7);
  exchange.step(send('old'), 0);
  expect(exchange.step({ kind: 'challenge', peer, of: 'old', nonce }, 40)).toEqual([
    { kind: 'reseal', id: 'old', nonce },
  ]);
  expect(exchange.step({ kind: 'challenge', peer, of: 'old', nonce }, 41)).toEqual([]);
  expect(exchange.step({ kind: 'wake' }, 500)).toEqual([]);
  const resealed = { kind: 'resealed', id: 'old', newId: 'new', sentAt: WALL + 42 } as const;
  expect(exchange.step(resealed, 501)).toEqual([{ kind: 'publish', id: 'new' }]);
  expect(exchange.step(resealed, 502)).toEqual([]);
  expect(exchange.step({ kind: 'challenge', peer, of: 'new', nonce }, 510)).toEqual([]);
  expect(exchange.isWaiting('old', peer)).toBe(false);
  expect(exchange.step(ack('new', WALL + 62), 541)).toMatchObject([
    { kind: 'acknowledged', id: 'new', rtt: 40 },
  ]);
});

test('exchange: a message whose new seal never comes is given up too', () => {
  const exchange = new Exchange();
  exchange.step(send('m'), 0);
  exchange.step({ kind: 'challenge', peer, of: 'm', nonce: new Uint8Array(16) }, 40);
  expect(liveOn(exchange, 40)).toEqual([{ kind: 'silent', id: 'm', peer, at: SIGNAL_TIMEOUT }]);
});

test('exchange: what nobody waits for is forgotten', () => {
  const exchange = new Exchange();
  exchange.step(send('m'), 0);
  expect(exchange.step({ kind: 'cancel', id: 'm' }, 1)).toEqual([]);
  expect(exchange.wakeAt).toBe(null);
});

test('exchange: a peer whose times contradict themselves has no clock', () => {
  const exchange = new Exchange();
  for (const [id, receivedAt, repliedAt] of [
    ['1', WALL + 20, WALL + 19],
    ['2', WALL, WALL + 60_000],
  ] as const) {
    exchange.step(send(id), 0);
    expect(exchange.step(ack(id, receivedAt, repliedAt), 40)).toMatchObject([{ rtt: 40, clock: null }]);
  }
  expect(exchange.facts(peer)).toMatchObject({ rtt: 40, clock: null });
});

test('exchange: of many measurements the best is kept, and a clock that was set is noticed', () => {
  const exchange = new Exchange();
  const measure = (at: number, there: number, back: number, offset: number) => {
    exchange.step(send(`${at}`, WALL + at), at);
    exchange.step(ack(`${at}`, WALL + at + there + offset), at + there + back);
    return exchange.facts(peer)?.clock;
  };
  expect(measure(0, 50, 50, 100)).toEqual({ offset: 100, error: 51, samples: 1 });
  expect(measure(1_000, 10, 10, 100)).toEqual({ offset: 100, error: 11, samples: 2 });
  expect(measure(2_000, 90, 10, 100)).toEqual({ offset: 100, error: 11, samples: 3 });
  expect(measure(3_000, 20, 20, 5_000)).toEqual({ offset: 5_000, error: 21, samples: 1 });
  // A day later drift has eaten up what was known.
  expect(measure(86_400_000, 30, 30, 5_004)).toEqual({ offset: 5_004, error: 31, samples: 2 });
});

test('exchange: the clock is within its error, whatever is lost, late or doubled', () => {
  const random = createRandom('exchange clocks');
  for (let round = 0; round < 2_000; round++) {
    const exchange = new Exchange();
    const offset = random.integer(-300_000, 300_000);
    const start = random.next() * 1e6;
    const arrivals: number[] = [];
    const publish = (effects: readonly ExchangeEffect[], now: number) => {
      for (const { kind } of effects)
        if (kind === 'publish' && !random.chance(0.5)) arrivals.push(now + random.next() * 900);
    };
    publish(exchange.step(send('m', Math.round(WALL + start)), start), start);
    let now = start;
    // The peer acknowledges each copy that comes, always with the time of the first.
    while (exchange.wakeAt !== null) {
      const received = arrivals.length === 0 ? Number.POSITIVE_INFINITY : Math.min(...arrivals);
      if (exchange.wakeAt < received) {
        now = exchange.wakeAt;
        publish(exchange.step({ kind: 'wake' }, now), now);
        continue;
      }
      const replied = received + random.next() * 5;
      now = Math.max(now, replied + random.next() * 900);
      const peerTime = (at: number) => Math.round(WALL + at + offset);
      const [effect] = exchange.step(ack('m', peerTime(received), peerTime(replied)), now);
      if (effect?.kind !== 'acknowledged' || effect.clock === null) throw new Error(`round ${round}`);
      expect(Math.abs(effect.clock.offset - offset)).toBeLessThanOrEqual(effect.clock.error);
    }
  }
});

test('exchange: a peer that never answers has at most 32 messages, all peers 1,024', () => {
  const exchange = new Exchange();
  for (let i = 0; i < 32; i++) exchange.step(send(`${i}`), i);
  expect(exchange.step(send('32'), 40)).toEqual([{ kind: 'silent', id: '32', peer }]);
  for (let i = 0; i < 1_024 - 32; i++) exchange.step(send(`other ${i}`, WALL, `${i}`), 50);
  expect(exchange.step(send('last', WALL, 'last'), 60)).toEqual([
    { kind: 'silent', id: '0', peer },
    { kind: 'publish', id: 'last' },
  ]);
});

test('exchange: 256 peers are remembered, those heard last', () => {
  const exchange = new Exchange();
  for (let i = 0; i < 257; i++) {
    exchange.step(send(`${i}`, WALL, `peer ${i}`), i);
    exchange.step(ack(`${i}`, WALL, WALL, `peer ${i}`), i + 1);
  }
  expect(exchange.facts('peer 0')).toBe(null);
  expect(exchange.facts('peer 1')).not.toBe(null);
});
