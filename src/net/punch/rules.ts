/**
 * What a stranger may make a node punch by calling it: addresses of its own signed address and nothing
 * else, from places of ours that could meet it, and few packets at a time. Rule only.
 */
import type { NodeAddress } from '../address.ts';
import type { PathChoice } from '../connect/pathway.ts';
import { isAllowed, speaksForSameLan } from '../connect/reverse.ts';
import type { PunchCall, PunchOffer } from '../signal/punch-call.ts';
import { MAX_PUNCHES, MAX_PUNCHES_PER_PEER } from '../timing.ts';
import { TokenBuckets } from '../token-bucket.ts';
import { familyOf } from '../wire/ip.ts';
import type { Match } from './answerer.ts';
import { kindOf, planFlows } from './flows.ts';
import { aimsAt, externalPlaces, localPlace, type Standpoint, type Transport } from './place.ts';

export interface CallQuestion {
  readonly own: Standpoint;
  readonly machineId: string;
  readonly asker: NodeAddress;
  /** What the asker chose. */
  readonly choice: PathChoice;
  /** The call came by a broker that only this machine's networks reach. */
  readonly localBroker: boolean;
}

/** Offers that may be met, each with the own places that can. */
export function matchesFor(question: CallQuestion, call: PunchCall): Match[] {
  const { choice } = question;
  return call.offers
    .filter(({ path, ip }) => choice.paths.includes(path) && choice.families.includes(familyOf(ip)))
    .flatMap((offer) => (offer.path === 'external' ? outside(question, offer) : inside(question, offer)));
}

function outside({ own, asker, choice }: CallQuestion, offer: PunchOffer): Match[] {
  const entries = asker.interfaces;
  const isTheirs = entries.some(
    ({ outer, inner }) => outer.includes(offer.ip) || (outer.length === 0 && inner.includes(offer.ip)),
  );
  const places = externalPlaces(own, [familyOf(offer.ip)], transportOf(offer));
  // Through one router only those meet that it turns round.
  const isShared = places.some(({ outer }) => outer === offer.ip);
  if (!isTheirs || isShared || !isAllowed(offer.ip, offer.ports[0] ?? 65_535, own.interfaces, false))
    return [];
  const peer = aimsAt(asker, choice, transportOf(offer)).find(
    ({ path, ip }) => path === 'external' && ip === offer.ip,
  );
  return places.map((place) => ({ offer, place, peer }));
}

function inside({ own, asker, machineId, localBroker }: CallQuestion, offer: PunchOffer): Match[] {
  const near = speaksForSameLan({ outer: own.outer, asker, localBroker });
  const isTheirs = asker.interfaces.some(({ inner }) => inner.includes(offer.ip));
  const place = localPlace(own, offer.ip, transportOf(offer));
  if (!near || !isTheirs || place === null) return [];
  // Another node of this machine has our address.
  const isHere = place.local === offer.ip && asker.machineId === machineId;
  const allowed = isHere || isAllowed(offer.ip, offer.ports[0] ?? 65_535, own.interfaces, near);
  return allowed ? [{ offer, place, peer: undefined }] : [];
}

function transportOf({ method }: PunchOffer): Transport {
  return method === 'tcp-punch' ? 'tcp' : 'udp';
}

/** What strangers may have us send and hold. */
export class PunchBudget {
  /** Flows: a call between NATs that count takes ten, over either transport. */
  readonly #destinations;
  readonly #all;
  /** Guesses by the thousand: where, and whether any are under way. */
  readonly #guessed;
  #guessing = false;
  readonly #running = new Map<string, number>();
  #total = 0;

  /** @param times what strangers may have sent */
  constructor(times = 1) {
    this.#destinations = new TokenBuckets({ rate: 4 * times, burst: 96 * times, maxKeys: 4_096 });
    this.#all = new TokenBuckets({ rate: 80 * times, burst: 2_048 * times, maxKeys: 1 });
    this.#guessed = new TokenBuckets({ rate: times / 15, burst: 3 * times, maxKeys: 4_096 });
  }

  /** Takes a place for a punch of that peer; false where it, or all together, have too many. */
  enter(nodeId: string): boolean {
    const own = this.#running.get(nodeId) ?? 0;
    if (own >= MAX_PUNCHES_PER_PEER || this.#total >= MAX_PUNCHES) return false;
    this.#running.set(nodeId, own + 1);
    this.#total++;
    return true;
  }

  /**
   * Takes the one place for guessing; null where it is taken, or a stranger had that address guessed at
   * too often.
   *
   * @param asked whether somebody else wants it
   * @returns how to give it back
   */
  enterChance(ip: string, asked: boolean, now: number): (() => void) | null {
    if (this.#guessing || (asked && !this.#guessed.take(ip, now))) return null;
    this.#guessing = true;
    return () => {
      this.#guessing = false;
    };
  }

  leave(nodeId: string): void {
    const left = (this.#running.get(nodeId) ?? 1) - 1;
    if (left > 0) this.#running.set(nodeId, left);
    else this.#running.delete(nodeId);
    this.#total--;
  }

  /** The matches that may still be met; each flow counts against its destination, whoever asked. */
  spend(matches: readonly Match[], now: number): Match[] {
    return matches.filter(({ offer, place }) => {
      const own = kindOf(place.source === 'next' ? [1, 2] : [1]);
      const flows = planFlows('answerer', own, offer).flatMap(({ remotes }) => remotes).length;
      for (let i = 0; i < flows; i++)
        if (!this.#destinations.take(offer.ip, now) || !this.#all.take('all', now)) return false;
      return true;
    });
  }
}
