/**
 * Punches of which nothing arrived, on one side or on both: what may have swallowed the packets, by what is known
 * of the two NATs. Nothing was seen, so nothing is told as certain. Rules only.
 */
import type { NatSide } from '../nat/matrix.ts';
import type { LaneReport } from '../signal/lane-report.ts';
import { type Explanation, type LaneCase, portsText, type Rule, told, wireOf } from './lane-case.ts';

/** All rounds of a punch take fewer ports than this. */
const FAR = 1_000;
/** Its numbers began anew: how far they moved cannot be told. */
const WRAPPED = 50_000;
const CLOSE = 'close what opens many connections there (downloads, browsers), and try again';
const FORWARD = 'forward a port on one router, or use IPv6';

/** Ours arrived, theirs did not. */
export const oneWayOut: Rule = ({ own, peer, peerNat }) => {
  if (own.received > 0 || peer === null || peer.received === 0) return null;
  const why = isSteady(peerNat)
    ? `our router, or a firewall on this side, drops ${wireOf(own)} that comes in`
    : 'our router lets in only ports it has sent to, and theirs seem to be others';
  const sentence = `our packets reached them, and none of the ${peer.sent} that they sent reached us: ${why}`;
  return told(own, 'likely', sentence, {
    evidence: [`they received ${peer.received} of our ${own.sent} packets`, 'nothing of theirs came in'],
    help: 'forward a port on your router, or let UPnP do it',
  });
};

/** Theirs arrived, ours did not. */
export const oneWayIn: Rule = ({ own, peer, ownNat }) => {
  if (own.received === 0 || peer === null || peer.received > 0) return null;
  const why = isSteady(ownNat)
    ? `their router, or a firewall on their side, drops ${wireOf(own)} that comes in`
    : 'their router lets in only ports it has sent to, and ours seem to be others';
  const sentence = `their packets reached us, and none of the ${own.sent} that we sent reached them: ${why}`;
  return told(own, 'likely', sentence, {
    evidence: [`${own.received} of their ${peer.sent} packets came in`, 'they received nothing of ours'],
    help: 'let them forward a port on their router, or let UPnP do it',
  });
};

/** Both sent, neither heard. */
export const silentBoth: Rule = (one) => {
  const { own, peer, ownNat, peerNat } = one;
  if (own.received > 0 || peer === null) return null;
  if (isRandom(ownNat) && isRandom(peerNat))
    return told(
      own,
      'likely',
      'both routers seem to give every destination a random port, which nobody can hit',
      {
        evidence: [
          'servers saw random ports on both sides',
          `${own.sent} and ${peer.sent} packets met nothing`,
        ],
        help: FORWARD,
      },
    );
  const moved = movedOn(own, ownNat, 'your') ?? movedOn(peer, peerNat, 'their');
  if (moved !== null) return moved;
  const swallowed =
    own.method === 'udp-punch'
      ? `no packet arrived from them although they sent ${peer.sent}, and none of our ${own.sent} there`
      : 'both sides knocked and neither was heard';
  const { why, help } = whatSwallowed(one);
  const evidence = [`we sent ${own.sent}, they sent ${peer.sent}`, ...portEvidence(own, peer)];
  return told(own, 'possible', `${swallowed}: ${why}`, { evidence, help });
};

/** Rounds of one punch foresaw ports that are further apart than its own mappings can have moved them. */
function movedOn(lane: LaneReport, { type, delta }: NatSide, whose: 'your' | 'their'): Explanation | null {
  if (type !== 6 || delta !== 4 || lane.foreseen === null) return null;
  const [lowest, highest] = lane.foreseen;
  if (highest - lowest < FAR || highest - lowest > WRAPPED) return null;
  const sentence = `the ports of ${whose} router moved from ${lowest} to ${highest} while we punched: another program on ${whose} network seems to be opening many connections`;
  return told(lane, 'likely', sentence, {
    evidence: [`ports ${lowest} to ${highest} were foreseen, round after round`],
    help: CLOSE,
  });
}

/** The peer told nothing: what was seen here is all there is. */
export function unexplained({ own }: LaneCase): Explanation {
  return told(
    own,
    'possible',
    `${own.sent === 1 ? 'our packet was not' : `none of our ${own.sent} packets was`} answered, and the other side has not said what it saw: it may have gone offline`,
    { evidence: [`we sent ${own.sent}`, 'no report came'], help: 'see whether the other program still runs' },
  );
}

function whatSwallowed({ own, ownNat, peerNat }: LaneCase): { readonly why: string; readonly help: string } {
  const counting = [
    ...(counts(ownNat) ? (['your'] as const) : []),
    ...(counts(peerNat) ? (['their'] as const) : []),
  ];
  if (counting.length > 0)
    return {
      why: `the router of ${counting.join(' and of ')} network numbers its ports, and other programs there may have moved it on`,
      help: CLOSE,
    };
  if (isSteady(ownNat) && isSteady(peerNat))
    return {
      why: `a firewall on the way lets no ${wireOf(own)} through between the two, or a router does not keep to what servers saw of it`,
      help: own.method === 'udp-punch' ? 'try it over TCP (--methods p)' : 'try it over UDP (--methods u)',
    };
  return {
    why: 'a router lets in only ports it has sent to, and the packets seem to come from others',
    help: FORWARD,
  };
}

function portEvidence(own: LaneReport, peer: LaneReport): string[] {
  const side = (who: string, { foreseen }: LaneReport) =>
    foreseen === null
      ? `nobody could tell ${who} port`
      : `${who} port should have been ${portsText(foreseen)}`;
  return [side('our', own), side('their', peer)];
}

/** Servers saw one mapping for all destinations. */
function isSteady({ type }: NatSide): boolean {
  return type !== null && type < 6;
}

/** A mapping for each destination, one port after the other. */
function counts({ type, delta }: NatSide): boolean {
  return type === 6 && (delta === 4 || delta === 5);
}

function isRandom({ type, delta }: NatSide): boolean {
  return type === 6 && delta === 6;
}
