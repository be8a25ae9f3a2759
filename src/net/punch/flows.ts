/**
 * Which local port sends to which of the peer's: simultaneous open (RFC 5128 §3.4) from ports that are
 * known or foreseen. Others may get mappings in between, so more ports are tried than one. Pure.
 *
 *   known   × known     one flow
 *   known   × foreseen  one port to the next FAN mappings: FAN − 1 may be others'
 *   foreseen × foreseen the caller's flow i to the answerer's mapping i, the answerer's flow j to the
 *                       caller's mapping 2j. If others got a on the caller's side and b on the answerer's,
 *                       flow i = a + 2b meets flow j = a + b; the caller waits longer for its use, so that
 *                       more are forgiven there
 *   × nobody can tell   the known side opens its hole and listens; the other one dials it
 */
import { type Endpoint, formatEndpoint } from '../wire/endpoint.ts';

/** Mappings of others between a look at the NAT and its use that are forgiven: on a side, and on both. */
const FAN = 10;
const FOREIGN = { caller: 7, answerer: 4 } as const;
/** Ports that are told the other side: what its flows may aim at. */
export const FORESEEN = 2 * (FOREIGN.caller + FOREIGN.answerer) + 1;
/** Nobody need be there: it opens filters that let in whatever comes from an address sent to. */
const HOLE_PORT = 33_434;

export type PunchRole = 'caller' | 'answerer';

/** Of one side's place: one port that is known, the next mappings, or nothing. */
export type PortKind = 'known' | 'foreseen' | 'unknown';

export interface Flow {
  /** Local port after that of the place. */
  readonly offset: number;
  readonly remotes: readonly Endpoint[];
  /** It only opens a filter. */
  readonly isHole?: boolean;
}

export function kindOf(ports: readonly number[]): PortKind {
  if (ports.length === 0) return 'unknown';
  return ports.length === 1 ? 'known' : 'foreseen';
}

/** @returns none where no flow could meet another */
export function planFlows(
  role: PunchRole,
  own: PortKind,
  peer: { readonly ip: string; readonly ports: readonly number[] },
): Flow[] {
  const { ip, ports } = peer;
  const [first] = ports;
  const theirs = kindOf(ports);
  if (first === undefined)
    return own === 'known' ? [{ offset: 0, remotes: [{ ip, port: HOLE_PORT }], isHole: true }] : [];
  if (theirs === 'known') return [{ offset: own === 'foreseen' ? 1 : 0, remotes: [{ ip, port: first }] }];
  if (own === 'unknown') return [];
  if (own === 'known') return [{ offset: 0, remotes: ports.slice(0, FAN).map((port) => ({ ip, port })) }];
  const { caller, answerer } = FOREIGN;
  const count = caller + answerer * (role === 'caller' ? 2 : 1) + 1;
  return Array.from({ length: count }, (_, i) => {
    const port = ports[role === 'caller' ? i : 2 * i];
    return { offset: i + 1, remotes: port === undefined ? [] : [{ ip, port }] };
  });
}

/** A peer as a site aims at it. */
export interface Aimed {
  readonly ip: string;
  /** As in a PunchOffer. */
  readonly ports: readonly number[];
}

/** What was begun from one site: each aim is taken once, and foreseen ports are used up one by one. */
export class FlowBook {
  readonly #role: PunchRole;
  readonly #own: PortKind;
  readonly #aims = new Set<string>();
  /** The highest offset that is in use. */
  #used = -1;

  /** @param ports of the site */
  constructor(role: PunchRole, ports: readonly number[]) {
    this.#role = role;
    this.#own = kindOf(ports);
  }

  /** @returns what is to be begun for this aim; null where there is no way */
  take(peer: Aimed): Flow[] | null {
    const flows = planFlows(this.#role, this.#own, peer);
    if (flows.length === 0) return null;
    const key = peer.ports.map((port) => formatEndpoint({ ip: peer.ip, port })).join(' ') || peer.ip;
    if (this.#aims.has(key)) return [];
    this.#aims.add(key);
    const used = this.#own === 'foreseen' ? this.#used : -1;
    return flows.map((flow) => {
      const offset = used < 0 ? flow.offset : used + Math.max(1, flow.offset);
      this.#used = Math.max(this.#used, offset);
      return { ...flow, offset, remotes: flow.remotes.filter(isUsable) };
    });
  }
}

/** Below are services' own ports (RFC 6335 §6): no peer of ours is there, and none can make us knock. */
function isUsable({ port }: Endpoint): boolean {
  return port >= 1_024;
}
