/** What the probes of one interface and family share: whom to ask, where to note it. Effects only through Io. */

import type { Io } from '../io/io.ts';
import { NAT_NEAR, NAT_PACE } from '../nat-timing.ts';
import type { StunServer } from '../servers.ts';
import type { Route } from '../stun/route.ts';
import { type Endpoint, formatEndpoint } from '../wire/endpoint.ts';
import { canonicalIp, familyOf, reachOf } from '../wire/ip.ts';
import type { Budget } from './budget.ts';
import type { Observation } from './observation.ts';
import { randomBelow } from './ports.ts';

export interface ProbeTask {
  readonly io: Io;
  readonly route: Route;
  /** In the order in which they are to be asked. */
  readonly servers: readonly StunServer[];
  readonly resolve: (host: string, family: 4 | 6, signal: AbortSignal) => Promise<readonly string[]>;
  readonly signal: AbortSignal;
  readonly budget: Budget;
  readonly notes: Notes;
}

/** What has been seen over one transport; tells whenever there is more. */
export class Notes {
  readonly #observations: Observation[] = [];
  readonly #changed: () => void;
  /** What servers call their other address. */
  readonly #claims = new Map<string, string>();
  readonly #listed = new Set<string>();
  #order = 0;

  constructor(changed: () => void) {
    this.#changed = changed;
  }

  get all(): readonly Observation[] {
    return this.#observations.map((o) => ({ ...o, operator: this.operatorOf(o.server.ip) }));
  }

  /** Taken when something is sent, so that mappings can be told in their order. */
  next(): number {
    return ++this.#order;
  }

  add(observation: Omit<Observation, 'operator'>): void {
    this.#observations.push({ ...observation, operator: '' });
    this.#changed();
  }

  /** A server that the list names: nobody else can speak for it. */
  list(ip: string): void {
    this.#listed.add(ip);
  }

  /** A server says that another address is its own too. */
  relate(ip: string, other: string): void {
    this.#claims.set(ip, other);
  }

  /** Who runs the server at an address: whoever claims it, and is claimed by it where the list names both. */
  operatorOf(ip: string): string {
    const claims = [...this.#claims].filter(([claimer]) => claimer !== ip);
    if (!this.#listed.has(ip)) return claims.find(([, other]) => other === ip)?.[0] ?? ip;
    const mutual = claims.find(
      ([claimer, other]) => other === ip && this.#claims.get(ip) === claimer && this.#listed.has(claimer),
    );
    return mutual !== undefined && mutual[0] < ip ? mutual[0] : ip;
  }
}

/**
 * Where a server is, once its name is resolved; null where this route does not lead there, or it is
 * in `taken` already: two names may lead to one.
 */
export async function endpointOf(
  { route, resolve, signal, notes }: ProbeTask,
  { host, port }: StunServer,
  taken: Set<string>,
): Promise<Endpoint | null> {
  const literal = canonicalIp(host);
  // A signal of its own: Node warns of many listeners at one.
  const own = AbortSignal.any([signal]);
  const ips = literal === null ? await resolve(host, route.family, own) : [literal];
  const ip = ips.find((one) => familyOf(one) === route.family && route.accepts(one));
  if (ip !== undefined) notes.list(ip);
  if (ip === undefined || taken.has(formatEndpoint({ ip, port }))) return null;
  taken.add(formatEndpoint({ ip, port }));
  return { ip, port };
}

/**
 * Whether what a server calls its other address may be asked: another address and port (RFC 5780 §6),
 * of its own kind, so that no public server makes us send into our own network, and where this route leads.
 */
export function isPartner({ route }: Pick<ProbeTask, 'route'>, server: Endpoint, other: Endpoint): boolean {
  return (
    other.ip !== server.ip &&
    other.port !== server.port &&
    other.port !== 0 &&
    reachOf(other.ip) === reachOf(server.ip) &&
    route.accepts(other.ip)
  );
}

/** A server that has answered. */
export interface Heard {
  readonly server: Endpoint;
  /** Round trip of one packet, ms. */
  readonly rtt: number;
}

/** Servers of different addresses, of the first one each, without those much farther away than the nearest. */
export function nearest(heard: readonly Heard[]): Heard[] {
  const least = Math.min(...heard.map(({ rtt }) => rtt));
  const near = heard.filter(({ rtt }) => rtt <= Math.max(2 * least, least + NAT_NEAR));
  return near.filter(({ server }, i) => near.findIndex((one) => one.server.ip === server.ip) === i);
}

/** Does something for each item, one every few ms, so that they leave in this order and not in a burst. */
export async function paced<T>(
  { io, signal }: Pick<ProbeTask, 'io' | 'signal'>,
  items: readonly T[],
  action: (item: T) => Promise<void>,
): Promise<void> {
  const startedAt = io.now();
  const running: Promise<void>[] = [];
  for (const [i, item] of items.entries()) {
    await io.sleepUntil(startedAt + i * NAT_PACE, signal);
    if (signal.aborted) break;
    running.push(action(item));
  }
  await Promise.all(running);
}

/** A uniformly random port of [lowest, highest]. */
export function randomPort(io: Io, lowest: number, highest: number): number {
  return lowest + randomBelow(io, highest - lowest + 1);
}
