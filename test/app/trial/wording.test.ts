import { describe, expect, test } from 'vitest';
import { explanationOf, inThirdPerson, shortened } from '../../../src/app/trial/wording.ts';

describe('wording', () => {
  test.each([
    ['we sent 8 packets, they sent none', 'side A sent 8 packets, side B sent none'],
    [
      'Our packets reached them, and none of the 3 that they sent reached us: our router lets in only ports it has sent to, and theirs seem to be others',
      "Side A's packets reached side B, and none of the 3 that side B sent reached side A: side A's router lets in only ports it has sent to, and side B's seem to be others",
    ],
    ['the other router refused our packets 2 times', "the router of side B refused side A's packets 2 times"],
    ['no own address can meet one of the peer', 'no address of side A can meet one of side B'],
    ["no answer from the peer's relay", "no answer from side B's relay"],
    [
      'neither your network nor theirs lets UDP through',
      "neither side A's network nor side B's lets UDP through",
    ],
    [
      'kept out by the NAT of this side, unless it forwards a port',
      'kept out by the NAT of side A, unless it forwards a port',
    ],
    ['the other side could not begin it', 'side B could not begin it'],
    // These are ports, and parts of other words.
    [
      'ports are random, and TCP cannot try thousands of them',
      'ports are random, and TCP cannot try thousands of them',
    ],
    ['used hours, courses and theories: powered', 'used hours, courses and theories: powered'],
  ])('wording: %s', (said, told) => {
    expect(inThirdPerson(said, 'a')).toBe(told);
    const mirrored = told.replace(
      /side ([AB])/gi,
      (whole, side: string) => `${whole.slice(0, -1)}${side === 'A' ? 'B' : 'A'}`,
    );
    expect(inThirdPerson(said, 'b')).toBe(mirrored);
    // What is said so already stays so.
    expect(inThirdPerson(told, 'a')).toBe(told);
  });

  test('wording: texts are cut to what can be read back, and the cut is seen', () => {
    expect(shortened('x'.repeat(500))).toHaveLength(500);
    expect(shortened('x'.repeat(501))).toBe(`${'x'.repeat(499)}…`);
    const told = explanationOf(
      {
        sentence: 'our '.repeat(200),
        confidence: 'likely',
        evidence: Array(100).fill('we sent'),
        help: null,
      },
      'b',
    );
    expect(told.sentence).toHaveLength(500);
    expect(told.evidence).toHaveLength(64);
    expect(told).toMatchObject({ confidence: 'likely', help: null });
    expect(told.evidence[0]).toBe('side B sent');
  });
});
