/**
 * From what both sides saw of one method to one sentence that a layman understands, with what speaks for it
 * and what would help. What was only inferred is never told as seen. Rules only, tried in order.
 */
import { BIRTHDAY_PORT_COUNT } from '../timing.ts';
import {
  type Explanation,
  helpForReason,
  isWithin,
  type LaneCase,
  portEvidence,
  portsText,
  told,
  wireOf,
} from './lane-case.ts';

/** Begins a reason that follows from what is known of the NATs. */
export const NOT_TRIED = 'not tried: ';

type Rule = (one: LaneCase) => Explanation | null;

const NAMES = { 'tcp-punch': 'TCP hole punching', 'udp-punch': 'UDP hole punching' } as const;

/** @returns the first rule's explanation that fits; the last one always does */
export function causeOf(one: LaneCase): Explanation {
  for (const rule of RULES) {
    const found = rule(one);
    if (found !== null) return found;
  }
  return unexplained(one);
}

const couldNotStart: Rule = ({ own, peer }) => {
  if (own.reason.startsWith(NOT_TRIED))
    return told(own, 'likely', `${NAMES[own.method]} was not tried: ${own.reason.slice(NOT_TRIED.length)}`, {
      help: helpForReason(own.reason),
    });
  if (own.reason !== '')
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
    'certain',
    `${whose} gives every destination a random port, and ${guesses} guesses hit none of ${BIRTHDAY_PORT_COUNT}; the chance was ${odds} %`,
    {
      evidence: [`${guesses} ports were tried`, 'no answer came'],
      help: 'try again: each time the odds are the same; or forward a port on one router',
    },
  );
};

const ownMappingMoved: Rule = ({ own, peer }) => {
  const came = own.seen ?? peer?.heardFrom ?? null;
  const { foreseen } = own;
  if (came === null || foreseen === null || isWithin(came, foreseen)) return null;
  return told(
    own,
    own.seen === null ? 'likely' : 'certain',
    `our mapping moved from ${portsText(foreseen)} to ${came} while we punched: another program on your network is opening connections`,
    {
      evidence: [`port ${portsText(foreseen)} was foreseen`, `the other side saw us come from ${came}`],
      help: 'close what opens many connections (downloads, browsers) on your network, and try again',
    },
  );
};

const peerMappingMoved: Rule = ({ own, peer }) => {
  const came = peer?.seen ?? own.heardFrom;
  const foreseen = peer?.foreseen ?? null;
  if (came === null || foreseen === null || isWithin(came, foreseen)) return null;
  return told(
    own,
    own.heardFrom === null ? 'likely' : 'certain',
    `the other side’s mapping moved from ${portsText(foreseen)} to ${came} while we punched: another program on their network is opening connections`,
    {
      evidence: [`they foresaw port ${portsText(foreseen)}`, `they came from ${came}`],
      help: 'let them close what opens many connections, and try again',
    },
  );
};

const bothHeard: Rule = ({ own, peer }) => {
  if (own.received === 0 || own.opened) return null;
  if (peer !== null && peer.received === 0) return null;
  const evidence = [`${own.received} packets of theirs came in`];
  if (peer !== null) evidence.push(`${peer.received} of ours reached them`);
  return told(
    own,
    'likely',
    'packets went both ways, but no encrypted connection came of them: the way loses most packets, or drops large ones',
    { evidence, help: 'try another network on one side, or without its VPN' },
  );
};

const oneWayOut: Rule = ({ own, peer }) => {
  if (own.received > 0 || peer === null || peer.received === 0) return null;
  return told(
    own,
    'likely',
    `our packets reached them, and none of the ${peer.sent} that they sent reached us: our router lets in only ports it has sent to`,
    {
      evidence: [`they received ${peer.received} of our ${own.sent} packets`, 'nothing of theirs came in'],
      help: 'forward a port on your router, or let UPnP do it',
    },
  );
};

const oneWayIn: Rule = ({ own, peer }) => {
  if (own.received === 0 || peer === null || peer.received > 0) return null;
  return told(
    own,
    'likely',
    `their packets reached us, and none of the ${own.sent} that we sent reached them: their router lets in only ports it has sent to`,
    {
      evidence: [`${own.received} of their ${peer.sent} packets came in`, 'they received nothing of ours'],
      help: 'let them forward a port on their router, or let UPnP do it',
    },
  );
};

const notTheirs: Rule = ({ own, peer, reported }) => {
  if (peer !== null || !reported) return null;
  return told(own, 'likely', `the other side took no part in ${NAMES[own.method]}`, {
    evidence: [`we sent ${own.sent} packets`, 'their report does not name this method'],
    help: 'let them allow it (--methods) and use the same version',
  });
};

const blockedHere: Rule = ({ own, ownNat, peerNat }) => {
  const blocked = ownNat.type === 7 ? 'your' : peerNat.type === 7 ? 'their' : null;
  if (blocked === null || own.received > 0) return null;
  return told(own, 'likely', `${blocked} network lets no ${wireOf(own)} through`, {
    evidence: [`no server answered over ${wireOf(own)} there`, `none of ${own.sent} packets was answered`],
    help: 'try another network there, such as a phone’s',
  });
};

const nobodySent: Rule = ({ own, peer }) => {
  if (own.sent > 0) {
    if (peer === null || peer.sent > 0) return null;
    return told(own, 'certain', `the other side sent nothing: it could not tell where to`, {
      evidence: [`we sent ${own.sent} packets`, 'they sent none'],
      help: 'try again in a moment: their router may not have been looked at yet',
    });
  }
  return told(own, 'certain', 'we sent nothing: nobody could tell where the other side would come from', {
    evidence: ['0 packets sent'],
    help: 'forward a port on one router',
  });
};

const silentBoth: Rule = ({ own, peer, ownNat, peerNat }) => {
  if (own.received > 0 || peer === null) return null;
  const random = [ownNat, peerNat].filter(({ type, delta }) => type === 6 && delta === 6).length;
  if (random === 2)
    return told(
      own,
      'likely',
      'both routers seem to give every destination a random port, which nobody can hit',
      {
        evidence: [
          'servers saw random ports on both sides',
          `${own.sent} and ${peer.sent} packets met nothing`,
        ],
        help: 'forward a port on one router, or use IPv6',
      },
    );
  return told(
    own,
    'likely',
    `no packet arrived from them although they sent ${peer.sent}: their router or ours lets in only ports it has sent to, and they came from others`,
    {
      evidence: [`we sent ${own.sent}, they sent ${peer.sent}`, ...portEvidence(own, peer)],
      help: 'forward a port on one router, or use IPv6',
    },
  );
};

const RULES: readonly Rule[] = [
  couldNotStart,
  blockedHere,
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

/** The peer told nothing: what was seen here is all there is. */
function unexplained({ own }: LaneCase): Explanation {
  return told(
    own,
    'possible',
    `none of our ${own.sent} packets was answered, and the other side has not said what it saw: it may have gone offline`,
    { evidence: [`we sent ${own.sent}`, 'no report came'], help: 'see whether the other program still runs' },
  );
}
