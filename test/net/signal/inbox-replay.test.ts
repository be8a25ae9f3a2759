import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Opened } from '../../../src/net/signal/envelope.ts';
import { Inbox } from '../../../src/net/signal/inbox.ts';
import { SIGNAL_RESERVE, SIGNAL_SKEW } from '../../../src/net/timing.ts';
import { freshNonce, judge, letter, restored, WALL } from './letters.ts';

test('inbox: what is on disk lies ahead of every accepted message, and is seldom written', () => {
  const inbox = new Inbox();
  expect(inbox.unsaved()).toBe(null);
  let writes = 0;
  let saved = 0;
  for (let at = 0; at < 600_000; at += 1_000) {
    expect(judge(inbox, letter({ sentAt: WALL + at }), { now: at, wall: WALL + at })).toBe('fresh');
    const text = inbox.unsaved();
    if (text !== null) {
      writes++;
      saved = Number(text);
    }
    expect(saved).toBeGreaterThanOrEqual(WALL + at);
    expect(saved).toBeLessThanOrEqual(WALL + at + SIGNAL_RESERVE);
  }
  expect(writes).toBeLessThanOrEqual(1 + 600_000 / (SIGNAL_RESERVE / 2));
});

test('inbox: after a clean stop replays stay out, and new messages come in at once', () => {
  const before = new Inbox();
  const message = letter();
  judge(before, message);
  const after = restored(before.snapshot());
  expect(judge(after, message)).toBe('challenge');
  expect(judge(after, letter({ sentAt: WALL + 1 }))).toBe('fresh');
});

test('inbox: after a crash messages are challenged until the time on disk is over', () => {
  const before = new Inbox();
  judge(before, letter());
  const after = restored(before.unsaved());
  const sentAt = WALL + SIGNAL_RESERVE;
  expect(judge(after, letter({ sentAt }), { wall: sentAt })).toBe('challenge');
  expect(judge(after, letter({ sentAt: sentAt + 1 }), { wall: sentAt })).toBe('fresh');
  expect(after.unsaved()).not.toBe(null);
});

test.each(['', 'x', '-1', '1e99', '9'.repeat(16), `${WALL}\n\n`])(
  'inbox: after the damaged text %j nothing sent so far is believed',
  (text) => {
    expect(judge(restored(text), letter())).toBe('challenge');
    expect(judge(restored(text), letter({ sentAt: WALL + SIGNAL_SKEW }))).toBe('challenge');
    expect(judge(restored(text), letter({ sentAt: WALL + SIGNAL_SKEW + 1 }), { wall: WALL + 20_000 })).toBe(
      'fresh',
    );
  },
);

test('inbox: a first start believes clocks at once', () => {
  expect(judge(restored(null), letter())).toBe('fresh');
});

test('inbox: under a flood the oldest of 4,096 are forgotten, and stay out for their time', () => {
  const inbox = new Inbox();
  const all = Array.from({ length: 5_000 }, (_, i) => {
    const at = 10 * i;
    const message = letter({ from: 1 + (i % 100), sentAt: WALL + at, lifetime: 60_000 });
    expect(judge(inbox, message, { now: at, wall: WALL + at, awaited: true })).toBe('fresh');
    return message;
  });
  const verdictOn = (i: number) =>
    judge(inbox, all[i] ?? letter(), { now: 50_000, wall: WALL + 50_000, awaited: true });
  expect(verdictOn(5_000 - 4_096)).toBe('duplicate');
  expect(verdictOn(5_000 - 4_097)).toBe('challenge');
  const another = letter({ sentAt: WALL + 49_000 });
  expect(judge(inbox, another, { now: 50_000, wall: WALL + 50_000 })).toBe('fresh');
});

test('inbox: no message is accepted twice, whatever clocks, crashes and replayers do', () => {
  const sender = fc.integer({ min: 1, max: 3 });
  const action = fc.oneof(
    {
      weight: 6,
      arbitrary: fc.record({
        kind: fc.constant('send'),
        from: sender,
        ahead: fc.integer({ min: -15_000, max: 15_000 }),
      }),
    },
    { weight: 12, arbitrary: fc.record({ kind: fc.constant('replay'), which: fc.nat() }) },
    {
      weight: 3,
      arbitrary: fc.record({
        kind: fc.constant('wait'),
        ms: fc.constantFrom(10, 300, 5_000, 20_000, 90_000),
      }),
    },
    {
      weight: 1,
      arbitrary: fc.record({
        kind: fc.constant('set clock'),
        by: fc.integer({ min: -200_000, max: 200_000 }),
      }),
    },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant('restart'), clean: fc.boolean() }) },
  );
  fc.assert(
    fc.property(fc.array(action, { maxLength: 120, size: 'max' }), (actions) => {
      let [now, wall, disk] = [0, WALL, null as string | null];
      let inbox = new Inbox();
      const all: Opened[] = [];
      const accepted = new Set<string>();
      const deliver = (opened: Opened) => {
        const nonce = freshNonce();
        const verdict = judge(inbox, opened, { now, wall, nonce, awaited: true });
        disk = inbox.unsaved() ?? disk;
        // The sender obliges.
        if (verdict === 'challenge')
          all.push(letter({ from: Number(opened.nodeId), sentAt: opened.sentAt, answered: nonce }));
        if (verdict !== 'fresh') return;
        const name = Buffer.from(opened.messageId).toString('hex');
        expect(accepted.has(name)).toBe(false);
        accepted.add(name);
      };
      for (const step of actions) {
        switch (step.kind) {
          case 'send': {
            const message = letter({ from: step.from, sentAt: wall + step.ahead });
            all.push(message);
            deliver(message);
            break;
          }
          case 'replay': {
            const message = all[step.which % Math.max(1, all.length)];
            if (message !== undefined) deliver(message);
            break;
          }
          case 'wait':
            now += step.ms;
            wall += step.ms;
            break;
          case 'set clock':
            wall += step.by;
            break;
          case 'restart':
            if (step.clean) disk = inbox.snapshot();
            inbox = restored(disk, wall);
            break;
        }
      }
    }),
    { numRuns: 2_000 },
  );
});
