/** All evidence of one transport to its report: the folds put together. Pure; whatever is not known stays null. */

import { reachOf } from '../wire/ip.ts';
import { type Delta, natTypeOf, type TransportReport } from './behavior.ts';
import { type DeltaVerdict, foldDelta, type Sample } from './delta.ts';
import { foldFiltering } from './filtering.ts';
import { foldMapping, type MappingVerdict } from './mapping.ts';
import { evidenceOf, inOrder, type Observation } from './observation.ts';
import { foldRange } from './range.ts';

const UNKNOWN_DELTA: Delta = { type: null, value: 0 };
/** Servers at so many addresses must be silent before it is the path. */
const SILENT_SERVERS = 2;

/**
 * @param canFilter whether filtering can be tested over this transport at all
 * @param other what was seen over the other transport: who is alive there is not dead here
 */
export function verdictOf(
  observations: readonly Observation[],
  canFilter: boolean,
  other: readonly Observation[] = [],
): TransportReport {
  const mapped = foldMapping(observations);
  const trusted = observations.filter(
    ({ operator, test }) => test !== 'hairpin' && !mapped.liars.has(operator),
  );
  const { blocked, doubt } = blockage(observations, other);
  const filtered = canFilter
    ? foldFiltering(trusted, mapped.varies)
    : { filtering: null, unknown: 'filtering: over TCP no server can test it, only a peer' };
  const { delta, confidence, reason } = deltaFor(trusted, mapped, blocked);
  const pairs = trusted.flatMap(({ local, mapped: seen }) =>
    seen === null ? [] : [{ local: local.port, external: seen.port }],
  );
  const range = foldRange(pairs, delta.type);
  const { translated, mapping, varies } = mapped;
  const type = natTypeOf({
    translated,
    mapping,
    mappingVaries: varies,
    filtering: filtered.filtering,
    blocked,
  });
  const liars = [...mapped.liars].map((liar) => `${liar} was left out: it contradicts all others`);
  const unknown = blocked ? [] : reasonsFor(mapped, filtered.unknown, reason, observations);
  const doubts = [doubt, nearnessOf(trusted)].filter((text) => text !== null);
  return {
    type,
    mapping: mapped.mapping,
    filtering: filtered.filtering,
    delta,
    range: mapped.translated === false ? null : range.range,
    external: [...new Set(trusted.flatMap(({ mapped: seen }) => (seen === null ? [] : [seen.ip])))],
    hairpin: mapped.translated === true ? hairpinOf(observations, mapped.varies) : null,
    parity: mapped.translated === true ? range.parity : null,
    confidence: { delta: confidence, range: mapped.translated === true ? range.confidence : 0 },
    unknown: [...unknown, ...doubts, ...liars],
    evidence: evidenceOf(observations),
  };
}

/** Where nobody was heard at all, that is all there is to say. */
function reasonsFor(
  mapped: MappingVerdict,
  filtered: string | null,
  delta: string | null,
  observations: readonly Observation[],
): string[] {
  if (observations.length === 0)
    return ['no server could be asked: none of this family can be reached from here'];
  const reasons = mapped.translated === null ? [mapped.unknown] : [mapped.unknown, filtered, delta];
  return reasons.filter((text) => text !== null);
}

/** The samples of the delta test that came back, with their place in their run. */
export function samplesOf(observations: readonly Observation[]): Sample[] {
  const places = new Map<number, number>();
  return inOrder(observations).flatMap(({ test, local, mapped, run }) => {
    if (test !== 'scattered' && test !== 'consecutive') return [];
    const order = places.get(run) ?? 0;
    places.set(run, order + 1);
    return mapped === null ? [] : [{ kind: test, local: local.port, external: mapped.port, run, order }];
  });
}

/** What the delta test has so far, servers that lie left out. */
export function deltaOf(observations: readonly Observation[]): DeltaVerdict {
  const { liars } = foldMapping(observations);
  return foldDelta(samplesOf(observations.filter(({ operator }) => !liars.has(operator))));
}

/** Our outer addresses as those see them who do not contradict the others. */
export function trustedIps(observations: readonly Observation[]): ReadonlySet<string> {
  const { liars, translated } = foldMapping(observations);
  const trusted = observations.filter(({ operator }) => translated !== null && !liars.has(operator));
  return new Set(trusted.flatMap(({ mapped }) => (mapped === null ? [] : [mapped.ip])));
}

function deltaFor(trusted: readonly Observation[], mapped: MappingVerdict, blocked: boolean) {
  if (blocked || mapped.translated === false)
    return { delta: { type: 1, value: 0 } as const, confidence: 1, reason: null };
  if (mapped.translated === null) return { delta: UNKNOWN_DELTA, confidence: 0, reason: null };
  const samples = samplesOf(trusted);
  const { delta, confidence } = foldDelta(samples);
  const reason =
    delta.type === null
      ? `delta: ${samples.length} mappings do not show a pattern, nor that there is none`
      : null;
  return { delta, confidence, reason };
}

function hairpinOf(observations: readonly Observation[], varies: boolean): boolean | null {
  const tests = observations.filter(({ test }) => test === 'hairpin');
  if (tests.some(({ outcome }) => outcome === 'answered')) return true;
  // A mapping of its own for each destination cannot be opened from the other side: silence tells nothing.
  return tests.length === 0 || varies ? null : false;
}

interface Blockage {
  readonly blocked: boolean;
  /** What else it may be. */
  readonly doubt: string | null;
}

/**
 * Nothing comes back though servers at several addresses were asked: those that are alive by what they
 * say over the other transport, or all of them where nobody is heard over either.
 */
function blockage(observations: readonly Observation[], other: readonly Observation[]): Blockage {
  const asked = observations.filter(({ test }) => test === 'mapping');
  const isHeard = ({ outcome }: Observation) => outcome === 'answered' || outcome === 'ignored';
  const none = { blocked: false, doubt: null };
  if (asked.some(isHeard)) return none;
  const ipsOf = (some: readonly Observation[]) => new Set(some.map(({ server }) => server.ip));
  const refusing = ipsOf([...asked, ...other].filter(({ outcome }) => outcome === 'refused'));
  const silent = ipsOf(
    asked.filter(({ outcome, server }) => outcome === 'silent' && !refusing.has(server.ip)),
  );
  if (silent.size < SILENT_SERVERS) return none;
  const heard = ipsOf(other.filter(isHeard));
  if (heard.size === 0) return { blocked: true, doubt: 'blocked, or all of these servers are dead' };
  const alive = [...silent].filter((ip) => heard.has(ip));
  return alive.length >= SILENT_SERVERS
    ? { blocked: true, doubt: 'blocked, or these servers do not answer over this transport' }
    : none;
}

/** Servers in a private network see how this one looks from there, and no more. */
function nearnessOf(trusted: readonly Observation[]): string | null {
  const seen = trusted.flatMap(({ mapped }) => (mapped === null ? [] : [mapped.ip]));
  const isNear = (ip: string) => reachOf(ip) !== 'global';
  return seen.length > 0 && seen.every(isNear)
    ? 'seen from a private network only: how the Internet sees this machine is not known'
    : null;
}
