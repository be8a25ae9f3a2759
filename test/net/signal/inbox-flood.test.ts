import { expect, test } from 'vitest';
import { Inbox } from '../../../src/net/signal/inbox.ts';
import { DecodeError } from '../../../src/net/wire/decode-error.ts';
import { broker, judge, letter, WALL } from './letters.ts';

test('inbox: unknown senders are few per broker, and a flood through one leaves the others open', () => {
  const inbox = new Inbox();
  const tries = (url: string, now: number) =>
    Array.from(
      { length: 100 },
      (_, i) => inbox.admit(letter({ from: 1_000 + i }), url, false, now).kind,
    ).filter((kind) => kind === 'open').length;
  expect(tries('mqtt://flooded', 0)).toBe(30);
  expect(tries('mqtt://flooded', 1_000)).toBe(10);
  expect(tries('mqtt://quiet', 1_000)).toBe(30);
  expect(inbox.admit(letter(), 'mqtt://flooded', true, 1_000).kind).toBe('open');
});

test('inbox: forged messages do not use up the share of the peer in whose name they come', () => {
  const inbox = new Inbox();
  const fault = new DecodeError('tag', 'does not fit');
  for (let i = 0; i < 900; i++) {
    const forged = letter();
    expect(inbox.admit(forged, broker, true, 0).kind).toBe('open');
    inbox.failed(forged, fault, 0);
  }
  expect(judge(inbox, letter())).toBe('fresh');
});

test('inbox: a peer over its share is not heard for a second, be its messages sound or not', () => {
  for (const sound of [true, false]) {
    const inbox = new Inbox();
    for (let i = 0; i < 101; i++) {
      if (sound) judge(inbox, letter({ sentAt: WALL + i }));
      else inbox.failed(letter(), new DecodeError('signature', "is not the sender's"), 0);
    }
    expect(inbox.admit(letter(), broker, true, 999).kind).toBe('limited');
    expect(inbox.admit(letter({ from: 2 }), broker, true, 999).kind).toBe('open');
    expect(inbox.admit(letter(), broker, true, 1_000).kind).toBe('open');
  }
});

test('inbox: one person with many keys does not drown out the peers that are waited for', () => {
  const inbox = new Inbox();
  const verdicts = Array.from({ length: 1_000 }, (_, i) => judge(inbox, letter({ from: 10 + (i % 500) })));
  expect(verdicts.filter((verdict) => verdict === 'fresh')).toHaveLength(400);
  expect(judge(inbox, letter({ from: 1 }))).toBe('limited');
  expect(judge(inbox, letter({ from: 2 }), { awaited: true })).toBe('fresh');
});
