import { describe, expect, test } from 'vitest';
import { causeOf, NOT_TRIED } from '../../../src/net/connect/causes.ts';
import { explainOpen, explainPunch } from '../../../src/net/connect/explain.ts';
import type { LaneCase } from '../../../src/net/connect/lane-case.ts';
import type { LaneReport } from '../../../src/net/signal/lane-report.ts';

const SILENT: LaneReport = {
  method: 'udp-punch',
  path: 'external',
  family: 4,
  sent: 60,
  received: 0,
  refused: 0,
  guesses: 0,
  opened: false,
  refusedAfter: null,
  foreseen: [40_010, 40_010],
  heardFrom: null,
  seen: null,
  reason: '',
  marks: [],
};
const PLAIN = { type: 5, delta: 2 } as const;
const COUNTS = { type: 6, delta: 4 } as const;
const RANDOM = { type: 6, delta: 6 } as const;

interface Staged {
  readonly own?: Partial<LaneReport>;
  /** null: no report of this lane. */
  readonly peer?: Partial<LaneReport> | null;
  readonly rest?: Partial<LaneCase>;
}

function caseOf({ own = {}, peer = {}, rest = {} }: Staged): LaneCase {
  return {
    own: { ...SILENT, ...own },
    peer: peer === null ? null : { ...SILENT, foreseen: [25_000, 25_000], ...peer },
    reported: peer !== null,
    gap: null,
    gapError: 0,
    ownNat: PLAIN,
    peerNat: PLAIN,
    ...rest,
  };
}

const TCP = { method: 'tcp-punch', sent: 14 } as const;
const NO_BINARY = 'UDP pipes need udx-native, which has no binary for linux on arm';

/** What happened, what is said of it, how sure that is. */
const STAGED: readonly (readonly [string, Staged, RegExp, 'certain' | 'likely' | 'possible'])[] = [
  [
    'no binary here',
    { own: { sent: 0, reason: NO_BINARY } },
    /^we could not begin UDP.*no binary/,
    'certain',
  ],
  [
    'no binary there',
    { peer: { sent: 0, reason: NO_BINARY } },
    /^the other side could not begin UDP/,
    'certain',
  ],
  [
    'a plan that is hopeless',
    { own: { sent: 0, reason: `${NOT_TRIED}random ports` } },
    /was not tried: random ports/,
    'likely',
  ],
  [
    'UDP blocked here',
    { rest: { ownNat: { type: 7, delta: null } } },
    /^your network lets no UDP through/,
    'likely',
  ],
  [
    'UDP blocked there',
    { rest: { peerNat: { type: 7, delta: null } } },
    /^their network lets no UDP through/,
    'likely',
  ],
  [
    'their router resets',
    { own: { ...TCP, refused: 14, refusedAfter: 21 }, peer: TCP, rest: { gap: 43, gapError: 5 } },
    /^the other router refused our packets 14 times after 21 ms; it resets strangers, and the two starts were 43 ms apart \(± 5\)/,
    'likely',
  ],
  [
    'once is once',
    { own: { ...TCP, refused: 1, refusedAfter: 21 }, peer: TCP },
    /refused our packets 1 time after 21 ms; it resets strangers$/,
    'likely',
  ],
  [
    'nothing listens on the LAN',
    { own: { ...TCP, path: 'local', refused: 3, refusedAfter: 0 }, peer: null },
    /^the other machine refused our packets 3 times.*nothing listened/,
    'certain',
  ],
  [
    'our router resets',
    { own: TCP, peer: { ...TCP, refused: 2, refusedAfter: 20 } },
    /^our router refused the packets of the other side 2 times/,
    'likely',
  ],
  [
    'we guessed in vain',
    { own: { guesses: 1_100 }, rest: { peerNat: RANDOM } },
    /^the other router seems to give.*1100 guesses.*about 99 %/,
    'likely',
  ],
  [
    'they guessed in vain',
    { peer: { guesses: 200 }, rest: { ownNat: RANDOM } },
    /^our router seems to give.*200 guesses.*about 55 %/,
    'likely',
  ],
  ['they never began', { peer: { sent: 0 } }, /^the other side sent nothing/, 'certain'],
  ['we never began', { own: { sent: 0 } }, /^we sent nothing: nobody could tell/, 'likely'],
  [
    'no answer came',
    { own: { sent: 0 }, peer: null },
    /^we sent nothing: the other side did not say/,
    'likely',
  ],
  [
    'others moved our mapping, the peer saw it',
    { own: { seen: 40_013 }, rest: { ownNat: COUNTS } },
    /^our mapping moved from 40010 to 40013 while we punched: another program on your network/,
    'likely',
  ],
  [
    'the same by their account',
    { peer: { received: 3, heardFrom: 40_013 }, rest: { ownNat: COUNTS } },
    /^our mapping moved from 40010 to 40013/,
    'likely',
  ],
  [
    'a router that does not keep ports',
    { own: { seen: 40_013 } },
    /^our mapping moved.*our router did not keep to what servers saw/,
    'likely',
  ],
  [
    'others moved theirs',
    { own: { received: 2, heardFrom: 25_004 }, rest: { peerNat: COUNTS } },
    /^their mapping moved from 25000 to 25004.*on their network/,
    'likely',
  ],
  [
    'within what was foreseen nothing moved',
    { own: { seen: 40_013, foreseen: [40_010, 40_030] } },
    /^no packet arrived/,
    'possible',
  ],
  [
    'both heard, nothing came of it',
    { own: { received: 9 }, peer: { received: 8 } },
    /^packets went both ways, but no encrypted/,
    'likely',
  ],
  [
    'only ours arrive',
    { peer: { received: 7, heardFrom: 40_010 } },
    /^our packets reached them, and none of the 60 that they sent reached us/,
    'likely',
  ],
  [
    'only theirs arrive',
    { own: { received: 7, heardFrom: 25_000 } },
    /^their packets reached us, and none of the 60 that we sent/,
    'likely',
  ],
  [
    'they took no part',
    { peer: null, rest: { reported: true } },
    /^the other side took no part in UDP hole punching/,
    'likely',
  ],
  [
    'random on both sides',
    { rest: { ownNat: RANDOM, peerNat: RANDOM } },
    /^both routers seem to give/,
    'likely',
  ],
  ['both silent', {}, /^no packet arrived from them although they sent 60/, 'possible'],
  [
    'no report at all',
    { peer: null },
    /^none of our 60 packets was answered, and the other side has not said/,
    'possible',
  ],
];

describe('causes', () => {
  test.each(STAGED)('%s', (_, staged, sentence, confidence) => {
    const cause = causeOf(caseOf(staged));
    expect(cause.sentence).toMatch(sentence);
    expect(cause.confidence).toBe(confidence);
  });

  test('none is a bare timeout, none calls a NAT symmetric, each says what would help', () => {
    for (const [name, staged] of STAGED) {
      const { sentence, help } = causeOf(caseOf(staged));
      expect(sentence, name).not.toMatch(/timeout|timed out|symmetric/i);
      expect(help, name).not.toBeNull();
    }
  });
});

test('explain: of several lanes the most telling, what was tried before what was not', () => {
  const view = (lanes: readonly LaneReport[]) =>
    explainPunch({
      own: { from: 0, lanes },
      peer: null,
      clock: null,
      nats: () => ({ own: PLAIN, peer: PLAIN }),
    });
  expect(view([])).toBeNull();
  const local = { ...SILENT, path: 'local', sent: 2 } as const;
  const untried = { ...SILENT, method: 'tcp-punch', sent: 0, reason: `${NOT_TRIED}x` } as const;
  expect(view([untried, local, SILENT])?.sentence).toContain('none of our 60 packets');
});

test('explain: starts are compared on one clock', () => {
  const lane = { ...SILENT, method: 'tcp-punch', marks: [{ kind: 'sent', at: 10, count: 1 }] } as const;
  const told = explainPunch({
    own: { from: 1_000, lanes: [{ ...lane, refused: 3, refusedAfter: 20 }] },
    // Its clock is 500 ms ahead: it began 43 ms after us.
    peer: { from: 1_533, lanes: [{ ...lane, marks: [{ kind: 'sent', at: 20, count: 1 }] }] },
    clock: { offset: 500, error: 4, samples: 1 },
    nats: () => ({ own: PLAIN, peer: PLAIN }),
  });
  expect(told?.sentence).toContain('43 ms apart (± 4)');
});

test('explain: who could dial whom, told to each side as it was', () => {
  const said = (method: 'direct' | 'reverse', asked: boolean) => explainOpen(method, asked, []).sentence;
  expect(said('direct', true)).toMatch(/^we could dial/);
  expect(said('direct', false)).toMatch(/^the other side could dial us/);
  expect(said('reverse', true)).toMatch(/^the other side could dial us/);
  expect(said('reverse', false)).toMatch(/^we could dial/);
});
