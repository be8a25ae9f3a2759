/**
 * From what both sides saw of one method to one sentence that a layman understands, with what speaks for it
 * and what would help. What was only inferred is never told as seen. Rules only, tried in order.
 */
import type { NatSide } from '../nat/matrix.ts';
import type { LaneReport } from '../signal/lane-report.ts';
import { BIRTHDAY_PORT_COUNT } from '../timing.ts';
import {
  type Explanation,
  helpForReason,
  isWithin,
  type LaneCase,
  portsText,
  type Rule,
  told,
  wireOf,
} from './lane-case.ts';
import { oneWayIn, oneWayOut, silentBoth, unexplained } from './silences.ts';

/** Begins a reason that follows from what is known of the NATs. */
export const NOT_TRIED = 'not tried: ';

const NAMES = { 'tcp-punch': 'TCP hole punching', 'udp-punch': 'UDP hole punching' } as const;

/** @returns the first rule's explanation that fits; the last one always does */
export function causeOf(one: LaneCase): Explanation {
  for (const rule of RULES) {
    const found = rule(one);
    if (found !== null) return found;
  }
  return unexplained(one);
}

const notTried: Rule = ({ own }) => {
  if (!own.reason.startsWith(NOT_TRIED)) return null;
  return told(own, 'likely', `${NAMES[own.method]} was not tried: ${own.reason.slice(NOT_TRIED.length)}`, {
    help: helpForReason(own.reason),
  });
};

const couldNotStart: Rule = ({ own, peer }) => {
  if (own.reason !== '' && !own.reason.startsWith(NOT_TRIED))
    return told(own, 'certain', `we could not begin ${NAMES[own.method]}: ${own.reason}`, {
      help: helpForReason(own.reason),
    });
  if (peer !== null && peer.reason !== '')
    return told(own, 'certain', `the other side could not begin ${NAMES[own.method]}: ${peer.reason}`, {
      help: helpForReason(peer.reason),
    });
  return null;
};

const refusedHere: Rule = ({ own, gap, gapError }) => {
  if (own.refused === 0 || own.received > 0) return null;
  const after = own.refusedAfter ?? 0;
  const often = `${own.refused} time${own.refused === 1 ? '' : 's'} after ${Math.round(after)} ms`;
  const evidence = [
    `${own.refused} of our packets were answered by a refusal`,
    `the first after ${Math.round(after)} ms`,
  ];
  if (own.path === 'local')
    return told(
      own,
      'certain',
      `the other machine refused our packets ${often}: nothing listened at that port`,
      {
        evidence,
        help: 'let the other side run accept, and look at its firewall',
      },
    );
  const apart =
    gap === null
      ? ''
      : `, and the two starts were ${Math.round(Math.abs(gap))} ms apart (± ${Math.round(gapError)})`;
  return told(own, 'likely', `the other router refused our packets ${often}; it resets strangers${apart}`, {
    evidence,
    help: 'try again, or over UDP (--methods u): a refusal does not end it there',
  });
};

const refusedThere: Rule = ({ own, peer }) => {
  if (peer === null || peer.refused === 0 || peer.received > 0) return null;
  const after = Math.round(peer.refusedAfter ?? 0);
  return told(
    own,
    'likely',
    `our router refused the packets of the other side ${peer.refused} times after ${after} ms; it resets strangers`,
    {
      evidence: [`the other side counted ${peer.refused} refusals`, `the first after ${after} ms`],
      help: 'try again, or over UDP (--methods u)',
    },
  );
};

const missedByChance: Rule = ({ own, peer }) => {
  const guesses = own.guesses + (peer?.guesses ?? 0);
  if (guesses === 0 || own.received > 0) return null;
  const odds = Math.round(100 * (1 - (1 - BIRTHDAY_PORT_COUNT / 64_512) ** guesses));
  const whose = own.guesses > 0 ? 'the other router' : 'our router';
  return told(
    own,
    'likely',
    `${whose} seems to give every destination a random port, and ${guesses} guesses hit none of ${BIRTHDAY_PORT_COUNT}; the chance was about ${odds} %`,
    {
      evidence: [`${guesses} ports were tried`, 'no answer came'],
      help: 'try again: each time the odds are the same; or forward a port on one router',
    },
  );
};

const ownMappingMoved: Rule = ({ own, peer, ownNat }) => {
  const came = own.seen ?? peer?.heardFrom ?? null;
  if (came === null || own.foreseen === null || isWithin(came, own.foreseen)) return null;
  return moved(own, own.foreseen, came, ownNat, 'our');
};

const peerMappingMoved: Rule = ({ own, peer, peerNat }) => {
  const came = peer?.seen ?? own.heardFrom;
  const foreseen = peer?.foreseen ?? null;
  if (came === null || foreseen === null || isWithin(came, foreseen)) return null;
  return moved(own, foreseen, came, peerNat, 'their');
};

const bothHeard: Rule = ({ own, peer }) => {
  if (own.received === 0 || own.opened) return null;
  if (peer !== null && peer.received === 0) return null;
  const evidence = [`${own.received} of their packets came in`];
  if (peer !== null) evidence.push(`${peer.received} of ours reached them`);
  return told(
    own,
    'likely',
    'packets went both ways, but no encrypted connection came of them: the way loses most packets, or drops large ones',
    { evidence, help: 'try another network on one side, or without its VPN' },
  );
};

const notTheirs: Rule = ({ own, peer, reported }) => {
  if (peer !== null || !reported) return null;
  return told(own, 'likely', `the other side took no part in ${NAMES[own.method]}`, {
    evidence: [`we sent ${own.sent} packets`, 'their report does not name this method'],
    help: 'let them allow it (--methods) and use the same version',
  });
};

const blocked: Rule = ({ own, ownNat, peerNat }) => {
  const [here, there] = [ownNat.type === 7, peerNat.type === 7];
  if ((!here && !there) || own.received > 0) return null;
  const sentence =
    here && there
      ? `neither your network nor theirs lets ${wireOf(own)} through`
      : `${here ? 'your' : 'their'} network lets no ${wireOf(own)} through`;
  const evidence = [`no server answered over ${wireOf(own)} there`];
  if (own.sent > 0) evidence.push(`none of ${own.sent} packets was answered`);
  return told(own, 'likely', sentence, { evidence, help: 'try another network there, such as a phone’s' });
};

const nobodySent: Rule = ({ own, peer, reported }) => {
  if (own.sent > 0) {
    if (peer === null || peer.sent > 0) return null;
    return told(own, 'certain', `the other side sent nothing: it could not tell where to`, {
      evidence: [`we sent ${own.sent} packets`, 'they sent none'],
      help: 'try again in a moment: their router may not have been looked at yet',
    });
  }
  const why = reported
    ? 'nobody could tell where the other side would come from'
    : 'the other side did not say where it would come from';
  return told(own, 'likely', `we sent nothing: ${why}`, {
    evidence: ['0 packets sent'],
    help: 'forward a port on one router',
  });
};

const RULES: readonly Rule[] = [
  couldNotStart,
  blocked,
  notTried,
  refusedHere,
  refusedThere,
  missedByChance,
  nobodySent,
  ownMappingMoved,
  peerMappingMoved,
  bothHeard,
  oneWayOut,
  oneWayIn,
  notTheirs,
  silentBoth,
];

/** That it moved was seen; why is inferred: only a NAT that counts is moved on by others. */
function moved(
  own: LaneReport,
  foreseen: readonly [number, number],
  came: number,
  nat: NatSide,
  whose: 'our' | 'their',
): Explanation {
  const counts = nat.delta === 3 || nat.delta === 4 || nat.delta === 5;
  const network = whose === 'our' ? 'your' : 'their';
  const why = counts
    ? `another program on ${network} network is opening connections`
    : `${whose} router did not keep to what servers saw of it`;
  const help = counts
    ? 'close what opens many connections there (downloads, browsers), and try again'
    : 'look at the router again there (p2pd-demo nat), and try again';
  const evidence = [`${whose} port should have been ${portsText(foreseen)}`, `it was ${came}`];
  const from = `${whose} mapping moved from ${portsText(foreseen)} to ${came} while we punched`;
  return told(own, 'likely', `${from}: ${why}`, { evidence, help });
}
