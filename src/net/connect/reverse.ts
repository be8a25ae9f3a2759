/**
 * What a stranger may make a node dial by asking for a reverse connect: addresses of its own signed
 * address and nothing else, never ourselves or places that only this machine reaches, private
 * addresses only where something speaks for the same LAN, and few at a time. Rule only.
 */
import type { NodeAddress } from '../address.ts';
import type { OuterFact } from '../events.ts';
import type { NetworkInterface } from '../io/io.ts';
import { MAX_DIAL_BACKS } from '../timing.ts';
import { TokenBuckets } from '../token-bucket.ts';
import type { Endpoint, Family } from '../wire/endpoint.ts';
import { familyOf, reachOf, sameSubnet, withoutScope } from '../wire/ip.ts';
import { type Candidate, directCandidates, type PathChoice } from './pathway.ts';

/** Below are the ports of the system's own services (RFC 6335 §6). */
const LOWEST_PORT = 1_024;

/** Where clouds keep credentials of machines, and the services beside them: no peer lives there. */
const METADATA = new Set([
  '169.254.169.254',
  '169.254.170.2',
  '169.254.169.253',
  '100.100.100.200',
  '168.63.129.16',
  '192.0.0.192',
  'fd00:ec2::254',
  'fd20:ce::254',
]);

export interface DialBackQuestion {
  readonly own: readonly NetworkInterface[];
  /** How servers see us. */
  readonly outer: readonly OuterFact[];
  readonly asker: NodeAddress;
  /** What the asker chose. */
  readonly choice: PathChoice;
  /** The request came by a broker that only this machine's networks reach. */
  readonly localBroker: boolean;
  /** Where a pipe with the asker ends, which is proof that it is there; undefined: there is none. */
  readonly met?: string;
}

/** Pairs that may be dialled for this asker, best first, at most MAX_DIAL_BACKS. */
export function dialBackCandidates(question: DialBackQuestion): Candidate[] {
  const { own, asker, choice, met } = question;
  const near = speaksForSameLan(question) || (met !== undefined && reachOf(met) !== 'global');
  return directCandidates(own, asker.interfaces, choice)
    .filter(({ remote: { ip, port } }) => {
      const plain = withoutScope(ip);
      return (plain === met && port >= LOWEST_PORT) || isAllowed(plain, port, own, near);
    })
    .slice(0, MAX_DIAL_BACKS);
}

/** Pairs for relayed addresses that the asker names: they are a server's, so nothing of its own address speaks for them. */
export function relayCandidates(question: DialBackQuestion, relayed: readonly Endpoint[]): Candidate[] {
  const { own, choice } = question;
  const near = speaksForSameLan(question);
  return relayed.flatMap((remote): Candidate[] => {
    const family = familyOf(remote.ip);
    const local = sourceFor(own, family);
    const isFit = choice.families.includes(family) && isAllowed(remote.ip, remote.port, own, near);
    return isFit && local !== null
      ? [{ path: 'external', family, local: { ip: local, port: 0 }, remote }]
      : [];
  });
}

/** Of the interface that the default route leaves by, else of any. */
function sourceFor(own: readonly NetworkInterface[], family: Family): string | null {
  const ordered = [...own].sort((a, b) => Number(b.defaultRoute[family]) - Number(a.defaultRoute[family]));
  const addresses = ordered.flatMap((nic) => nic.addresses);
  return addresses.find((address) => address.family === family && address.reach !== 'link-local')?.ip ?? null;
}

/** Whether a stranger may make us send there. @param near something speaks for the same LAN */
export function isAllowed(
  ip: string,
  port: number,
  own: readonly NetworkInterface[],
  near: boolean,
): boolean {
  const addresses = own.flatMap((nic) => nic.addresses);
  if (port < LOWEST_PORT || METADATA.has(ip) || addresses.some((address) => address.ip === ip)) return false;
  switch (reachOf(ip)) {
    case 'global':
      return true;
    case 'private':
    case 'unique-local':
    case 'link-local':
      return near && addresses.some((address) => sameSubnet(address.ip, ip, address.prefix));
    default:
      return false;
  }
}

/**
 * An address alone proves nothing, as anybody may write ours into it; so this only opens addresses
 * of our own subnets, and budgets and vague reasons bound what is left to learn from it.
 */
export function speaksForSameLan({
  outer,
  asker,
  localBroker,
}: Pick<DialBackQuestion, 'outer' | 'asker' | 'localBroker'>): boolean {
  const seen = new Set(outer.map((fact) => fact.outer));
  return localBroker || asker.interfaces.some((entry) => entry.outer.some((ip) => seen.has(ip)));
}

/** How often strangers may make us dial. */
export class DialBackBudget {
  readonly #peers;
  readonly #destinations;
  readonly #all;

  /** @param times what strangers may ask for */
  constructor(times = 1) {
    this.#peers = new TokenBuckets({ rate: 0.5 * times, burst: 6 * times, maxKeys: 1_024 });
    this.#destinations = new TokenBuckets({ rate: 0.5 * times, burst: 12 * times, maxKeys: 4_096 });
    this.#all = new TokenBuckets({ rate: 10 * times, burst: 120 * times, maxKeys: 1 });
  }

  /** Takes a request's place; false when this peer has asked too often. */
  admit(nodeId: string, now: number): boolean {
    return this.#peers.take(nodeId, now);
  }

  /** The candidates that may still be dialled; each counts against its destination, whoever asked. */
  spend(candidates: readonly Candidate[], now: number): Candidate[] {
    return candidates.filter(
      ({ remote }) => this.#destinations.take(withoutScope(remote.ip), now) && this.#all.take('all', now),
    );
  }
}

/** What the asker is told of a failed attempt: of private places no more than that it failed. */
export function reasonToTell(candidate: Candidate, reason: string): string {
  return reachOf(withoutScope(candidate.remote.ip)) === 'global' ? reason : 'no way through';
}
