/**
 * What becomes of a name when somebody asks for a change: the rules of the Peer Name Protocol (P2PD's limits,
 * lifetimes and penalty), with what its reference leaves open closed. Pure; times are Unix seconds of the
 * server's clock.
 */
import type { AddressKey } from './address-key.ts';

/** Seconds that a name lives after its last refresh, less the penalty. */
export const NAME_LIFETIME = 604_800;
/** Seconds that a request's clock may differ from the server's, either way. */
export const CLOCK_TOLERANCE = 3_600;
/** Names of one IPv4 address, and of one IPv6 address. */
export const MAX_NAMES_IPV4 = 20;
export const MAX_NAMES_IPV6 = 5;
/** Addresses with names in one IPv6 /64, and /64s with names in one /48. */
export const MAX_HOSTS_PER_SUBNET = 20;
export const MAX_SUBNETS_PER_SITE = 15_000;
/** A refresh of the last name that an address may have leaves it a minute. */
const MAX_PENALTY = NAME_LIFETIME - 60;

export interface Limits {
  readonly namesIpv4: number;
  readonly namesIpv6: number;
  readonly hostsPerSubnet: number;
  readonly subnetsPerSite: number;
}

export const DEFAULT_LIMITS: Limits = {
  namesIpv4: MAX_NAMES_IPV4,
  namesIpv6: MAX_NAMES_IPV6,
  hostsPerSubnet: MAX_HOSTS_PER_SUBNET,
  subnetsPerSite: MAX_SUBNETS_PER_SITE,
};

export interface NameRow {
  readonly name: Uint8Array;
  readonly value: Uint8Array;
  readonly owner: Uint8Array;
  /** As the owner signed it: no older request is believed. */
  readonly updated: number;
  /** `updated` less the penalty: the name lives until NAME_LIFETIME after it. */
  readonly timestamp: number;
  readonly at: AddressKey;
}

/** A signed request whose signature is the claimed owner's. */
export interface NameWrite {
  readonly name: Uint8Array;
  /** Empty: the name is to go. */
  readonly value: Uint8Array;
  readonly owner: Uint8Array;
  readonly updated: number;
  readonly at: AddressKey;
}

/** How much of its limits an address has used; names that have expired do not count. */
export interface Usage {
  readonly names: number;
  /** Whether that address has a name, and its /64. */
  readonly knownHost: boolean;
  readonly knownSubnet: boolean;
  readonly hosts: number;
  readonly subnets: number;
}

export type RefusalReason =
  /** Another key owns the name. */
  | 'taken'
  /** It is not newer than what is known: an old request, or one played again. */
  | 'stale'
  /** Its time is too far from the server's. */
  | 'clock'
  /** The address has as many names as it may. */
  | 'limit'
  /** The signature is not the owner's. */
  | 'signature'
  /** No name is empty. */
  | 'invalid'
  /** Too many requests from there. */
  | 'busy'
  /** The server's store has failed. */
  | 'store';

export type Verdict =
  /** Nothing to do: it is so already. */
  | { readonly kind: 'done' }
  | { readonly kind: 'put'; readonly row: NameRow }
  | { readonly kind: 'remove' }
  | { readonly kind: 'refuse'; readonly why: RefusalReason };

/** What a store looks up before it decides. */
export interface Known {
  /** The name's row, null where there is none or it has expired. */
  readonly row: NameRow | null;
  /** When this owner deleted the name last, as it signed it; null = not within what is remembered. */
  readonly deleted: number | null;
  readonly usage: Usage;
}

const refuse = (why: RefusalReason): Verdict => ({ kind: 'refuse', why });

export function decide(write: NameWrite, known: Known, limits: Limits, now: number): Verdict {
  const { row, deleted } = known;
  if (write.name.length === 0) return refuse('invalid');
  if (Math.abs(write.updated - now) > CLOCK_TOLERANCE) return refuse('clock');
  if (row === null) return decideFree(write, known, limits);
  if (!same(row.owner, write.owner)) return refuse('taken');
  // A copy of what was done already, as networks make them, changes nothing.
  if (row.updated === write.updated && same(row.value, write.value)) return { kind: 'done' };
  if (write.updated <= Math.max(row.updated, deleted ?? 0)) return refuse('stale');
  return write.value.length === 0
    ? { kind: 'remove' }
    : { kind: 'put', row: renewed(write, row, known.usage, limits) };
}

function decideFree(write: NameWrite, { deleted, usage }: Known, limits: Limits): Verdict {
  // A name that is not there need not be deleted.
  if (write.value.length === 0) return { kind: 'done' };
  if (deleted !== null && write.updated <= deleted) return refuse('stale');
  if (!hasRoom(write.at, usage, limits)) return refuse('limit');
  return { kind: 'put', row: { ...write, timestamp: write.updated } };
}

/** The name moves to where the request came from, unless that address is full: then it stays counted where it was. */
function renewed(write: NameWrite, row: NameRow, usage: Usage, limits: Limits): NameRow {
  const stays = same(row.at.address, write.at.address);
  const moves = !stays && hasRoom(write.at, usage, limits);
  const used = usage.names + (moves ? 1 : 0);
  const limit = write.at.family === 4 ? limits.namesIpv4 : limits.namesIpv6;
  return {
    ...write,
    at: stays || moves ? write.at : row.at,
    timestamp: write.updated - penaltyFor(used, limit),
  };
}

/** Seconds of its life that a refreshed name loses where its address has many: P2PD's rule. */
export function penaltyFor(used: number, limit: number): number {
  return used > 0 ? Math.floor(Math.min((used / limit) * NAME_LIFETIME + 1, MAX_PENALTY)) : 0;
}

function hasRoom({ family }: AddressKey, usage: Usage, limits: Limits): boolean {
  if (family === 4) return usage.names < limits.namesIpv4;
  return (
    usage.names < limits.namesIpv6 &&
    (usage.knownHost || usage.hosts < limits.hostsPerSubnet) &&
    (usage.knownSubnet || usage.subnets < limits.subnetsPerSite)
  );
}

function same(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, i) => byte === b[i]);
}
