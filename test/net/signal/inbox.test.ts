import { expect, test } from 'vitest';
import { Inbox } from '../../../src/net/signal/inbox.ts';
import { CHALLENGE_LIFETIME, REPEAT_INTERVAL, SIGNAL_MEMORY, SIGNAL_SKEW } from '../../../src/net/timing.ts';
import { broker, freshNonce, judge, LIFETIME, letter, WALL } from './letters.ts';

test('inbox: a message is accepted once, by whichever broker it comes first', () => {
  const inbox = new Inbox();
  const message = letter();
  expect(inbox.admit(message, broker, false, 0)).toEqual({ kind: 'open' });
  expect(judge(inbox, message)).toBe('fresh');
  expect(inbox.admit(message, 'mqtt://other', false, 1)).toEqual({ kind: 'duplicate', repeat: null });
  expect(judge(inbox, message)).toBe('duplicate');
});

test('inbox: a copy that comes later is acknowledged again, with the time of the first, twelve times at most', () => {
  const inbox = new Inbox();
  const message = letter();
  judge(inbox, message, { wall: WALL + 30.4 });
  const repeats = Array.from({ length: 50 }, (_, i) =>
    inbox.admit(message, broker, true, i * REPEAT_INTERVAL),
  );
  const answered = repeats.filter((admission) => admission.kind === 'duplicate' && admission.repeat !== null);
  expect(answered).toHaveLength(12);
  expect(answered[0]).toEqual({ kind: 'duplicate', repeat: { kind: 'ack', receivedAt: WALL + 30 } });
});

test('inbox: a copy that is sent again is acknowledged on every broker that brings it', () => {
  const inbox = new Inbox();
  const message = letter();
  judge(inbox, message);
  const answered = (url: string, now: number) => {
    const admission = inbox.admit(message, url, true, now);
    return admission.kind === 'duplicate' && admission.repeat !== null;
  };
  expect(answered('mqtt://slower', 30)).toBe(false);
  expect(answered(broker, 300)).toBe(true);
  expect(answered('mqtt://slower', 330)).toBe(true);
  expect(answered(broker, 340)).toBe(false);
});

test("inbox: nobody takes a message's place by using its id", () => {
  const inbox = new Inbox();
  const { messageId } = letter();
  expect(judge(inbox, letter({ from: 2, messageId }))).toBe('fresh');
  expect(judge(inbox, letter({ from: 1, messageId }))).toBe('fresh');
});

test.each([
  ['too far ahead', SIGNAL_SKEW + 1, 'challenge'],
  ['as far ahead as clocks may be', SIGNAL_SKEW, 'fresh'],
  ['just sent', 0, 'fresh'],
  ['at the end of its life', -LIFETIME - SIGNAL_SKEW, 'fresh'],
  ['expired', -LIFETIME - SIGNAL_SKEW - 1, 'challenge'],
])('inbox: a message whose time is %s', (_, offset, expected) => {
  expect(judge(new Inbox(), letter({ sentAt: WALL + offset }))).toBe(expected);
});

test('inbox: what does not fit the clock is accepted with the nonce of its challenge, once, in 30 s', () => {
  const inbox = new Inbox();
  const sentAt = WALL - 3_600_000;
  const challenged = (from = 1, now = 0) => {
    const nonce = freshNonce();
    expect(judge(inbox, letter({ from, sentAt }), { nonce, now })).toBe('challenge');
    return nonce;
  };
  const nonce = challenged();
  expect(judge(inbox, letter({ from: 2, sentAt, answered: nonce }))).toBe('challenge');
  expect(judge(inbox, letter({ sentAt, answered: nonce }))).toBe('fresh');
  expect(judge(inbox, letter({ sentAt, answered: nonce }))).toBe('challenge');
  expect(judge(inbox, letter({ from: 4, sentAt, answered: freshNonce() }))).toBe('challenge');
  const [inTime, late] = [challenged(3), challenged(3)];
  expect(judge(inbox, letter({ from: 3, sentAt, answered: inTime }), { now: CHALLENGE_LIFETIME - 1 })).toBe(
    'fresh',
  );
  expect(judge(inbox, letter({ from: 3, sentAt, answered: late }), { now: CHALLENGE_LIFETIME })).toBe(
    'challenge',
  );
});

test('inbox: a message that carries a nonce is never accepted for its time', () => {
  const inbox = new Inbox();
  const nonce = freshNonce();
  const sentAt = WALL + 3_600_000;
  judge(inbox, letter({ sentAt }), { nonce });
  const message = letter({ sentAt, answered: nonce });
  expect(judge(inbox, message)).toBe('fresh');
  // An hour later nobody remembers it, and the clock has come to its time.
  expect(judge(inbox, letter({ from: 2, sentAt }), { now: 3_600_000, wall: sentAt })).toBe('fresh');
  expect(judge(inbox, message, { now: 3_600_000, wall: sentAt })).toBe('challenge');
});

test('inbox: a copy of a challenged message is challenged again with the same nonce, in its time', () => {
  const inbox = new Inbox();
  const message = letter({ sentAt: 1 });
  const nonce = freshNonce();
  judge(inbox, message, { nonce });
  expect(inbox.admit(message, broker, true, 10)).toEqual({ kind: 'duplicate', repeat: null });
  const repeat = { kind: 'challenge', nonce };
  expect(inbox.admit(message, broker, true, REPEAT_INTERVAL)).toEqual({ kind: 'duplicate', repeat });
});

test('inbox: a challenged message stays out though the clock is set to its time', () => {
  const inbox = new Inbox();
  const message = letter();
  expect(judge(inbox, message, { wall: WALL + 3_600_000 })).toBe('challenge');
  expect(judge(inbox, message, { now: SIGNAL_MEMORY - 1 })).toBe('duplicate');
});

test('inbox: challenges are few, for one sender and for all', () => {
  const inbox = new Inbox();
  const verdicts = (senders: number, now: number) =>
    Array.from({ length: 60 }, (_, i) =>
      judge(inbox, letter({ from: 1 + (i % senders), sentAt: 1 }), { now }),
    );
  const count = (all: string[]) => all.filter((verdict) => verdict === 'challenge').length;
  const one = verdicts(1, 0);
  expect(count(one)).toBe(8);
  expect(one.at(-1)).toBe('ignored');
  expect(count(verdicts(60, 60_000))).toBe(40);
  expect(count(verdicts(60, 61_000))).toBe(20);
});

test('inbox: acknowledgements and challenges need no clock, only that they were asked for', () => {
  const inbox = new Inbox();
  for (const type of ['ack', 'challenge'] as const) {
    expect(judge(inbox, letter(), { type })).toBe('ignored');
    const message = letter({ sentAt: 1 });
    expect(judge(inbox, message, { type, solicited: true })).toBe('fresh');
    expect(inbox.admit(message, broker, true, 60_000)).toEqual({ kind: 'duplicate', repeat: null });
  }
});

test('inbox: an answer to a pipe that is under way needs no clock', () => {
  const inbox = new Inbox();
  expect(judge(inbox, letter({ sentAt: 1 }), { type: 'answer', solicited: true })).toBe('fresh');
  expect(judge(inbox, letter({ sentAt: 1 }), { type: 'answer' })).toBe('challenge');
  expect(inbox.unsaved()).toBe(null);
});
