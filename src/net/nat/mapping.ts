/**
 * Evidence to mapping behaviour (RFC 4787 §4.1, RFC 5780 §4.3): what servers at several addresses
 * and ports saw of one local port. Pure; the order of the evidence does not matter.
 */
import { formatEndpoint } from '../wire/endpoint.ts';
import type { Dependence } from './behavior.ts';
import type { Observation } from './observation.ts';

export interface MappingVerdict {
  /** null where nothing came back, or servers contradict each other. */
  readonly translated: boolean | null;
  readonly mapping: Dependence | null;
  /** Mappings depend on the destination. */
  readonly varies: boolean;
  /** Operators that contradict all others: nothing that they say counts. */
  readonly liars: ReadonlySet<string>;
  readonly unknown: string | null;
}

interface Seen {
  readonly operator: string;
  readonly ip: string;
  readonly port: number;
  readonly mapped: string;
}

export function foldMapping(all: readonly Observation[]): MappingVerdict {
  // Hairpinning has no server: what comes back tells nothing of an outer address.
  const observations = all.filter(({ test }) => test !== 'hairpin');
  const { liars, contradiction } = findLiars(observations);
  const nothing = { translated: null, mapping: null, varies: false, liars };
  if (contradiction) return { ...nothing, unknown: 'servers contradict each other about the outer address' };
  const heard = observations.filter((o) => o.mapped !== null && !liars.has(o.operator));
  const [first] = heard;
  if (first === undefined) return { ...nothing, unknown: 'no server answered' };
  // One honest mapping that is no mapping is enough: no NAT leaves address and port alone by chance twice.
  const same = heard.filter((o) => formatEndpoint(o.local) === formatEndpoint(o.mapped ?? o.server));
  const translated = same.length * 2 < heard.length;
  const seen = heard.filter((o) => o.test === 'mapping').map(seenOf);
  if (!translated) {
    return { translated, mapping: 'endpoint-independent', varies: false, liars, unknown: null };
  }
  const { outvoted = [], ...dependence } = dependenceOf(seen);
  return { translated, liars: new Set([...liars, ...outvoted]), ...dependence };
}

interface Dependency extends Pick<MappingVerdict, 'mapping' | 'varies' | 'unknown'> {
  /** Operators that see another endpoint than most do. */
  readonly outvoted?: readonly string[];
}

function seenOf({ operator, server, mapped }: Observation): Seen {
  return { operator, ip: server.ip, port: server.port, mapped: formatEndpoint(mapped ?? server) };
}

function dependenceOf(seen: readonly Seen[]): Dependency {
  const groups = grouped(seen, ({ mapped }) => mapped);
  const ips = new Set(seen.map(({ ip }) => ip));
  const unknown = (reason: string) => ({ mapping: null, varies: false, unknown: reason });
  if (groups.size === 1) {
    if (ips.size > 1) return { mapping: 'endpoint-independent', varies: false, unknown: null };
    return unknown('only one server address answered: mapping needs two');
  }
  if (groups.size === 0) return unknown('no server answered the mapping test');
  const operators = grouped(seen, ({ operator }) => operator);
  const agreeing = [...groups.values()].map((group) => new Set(group.map(({ operator }) => operator)));
  const most = agreeing.reduce((best, one) => (one.size > best.size ? one : best));
  if (most.size >= 2 && most.size * 2 > operators.size) {
    const outvoted = [...operators.keys()].filter((operator) => !most.has(operator));
    return { mapping: 'endpoint-independent', varies: false, unknown: null, outvoted };
  }
  // Who has two addresses and sees one endpoint from both says that it does not vary.
  const consistent = [...operators.values()].some(
    (own) => new Set(own.map(({ ip }) => ip)).size > 1 && new Set(own.map(({ mapped }) => mapped)).size === 1,
  );
  if (consistent && operators.size > 1) return unknown('servers contradict each other about the mapping');
  return { varies: true, ...partOf(seen) };
}

/** Which part of the destination a varying mapping depends on. */
function partOf(seen: readonly Seen[]): Pick<MappingVerdict, 'mapping' | 'unknown'> {
  const byIp = [...grouped(seen, ({ ip }) => ip).values()].filter(
    (own) => new Set(own.map(({ port }) => port)).size > 1,
  );
  const differs = byIp.some((own) => new Set(own.map(({ mapped }) => mapped)).size > 1);
  if (differs) return { mapping: 'address-and-port-dependent', unknown: null };
  if (byIp.length > 0) return { mapping: 'address-dependent', unknown: null };
  return {
    mapping: null,
    unknown: 'no server has a second port: on which part of the destination mappings depend',
  };
}

/**
 * Who names an outer address that nobody else sees, while others agree on one; and who sees one
 * endpoint for two local ports. Where only two speak and differ, nobody can tell. Only what an operator
 * says from its own address has a vote: other addresses are but its word.
 */
function findLiars(observations: readonly Observation[]): {
  readonly liars: ReadonlySet<string>;
  readonly contradiction: boolean;
} {
  const heard = observations.filter((o) => o.mapped !== null && o.server.ip === o.operator);
  const all = [...grouped(heard, ({ operator }) => operator)];
  const repeating = all.filter(([, own]) => repeats(own)).map(([operator]) => operator);
  const claims = all
    .filter(([operator]) => !repeating.includes(operator))
    .map(([operator, own]) => ({ operator, ips: new Set(own.map(({ mapped }) => mapped?.ip ?? '')) }));
  const support = (ip: string) => claims.filter(({ ips }) => ips.has(ip)).length;
  const seen = new Set(claims.flatMap(({ ips }) => [...ips]));
  const agreed = [...seen].filter((ip) => support(ip) > 1);
  if (agreed.length === 0) return { liars: new Set(repeating), contradiction: claims.length > 1 };
  const alone = claims.filter(({ ips }) => [...ips].every((ip) => support(ip) === 1));
  // Several addresses that others see too are a pool, of which one may see another part.
  const liars = agreed.length > 1 ? [] : alone.map(({ operator }) => operator);
  return { liars: new Set([...repeating, ...liars]), contradiction: false };
}

/** No NAT gives one endpoint to two local ports that talk to one place. */
function repeats(own: readonly Observation[]): boolean {
  const locals = grouped(
    own,
    ({ server, mapped }) => `${formatEndpoint(server)} ${formatEndpoint(mapped ?? server)}`,
  );
  return [...locals.values()].some((same) => new Set(same.map(({ local }) => local.port)).size > 1);
}

export function grouped<T>(items: readonly T[], keyOf: (item: T) => string): Map<string, T[]> {
  const groups = new Map<string, T[]>();
  for (const item of items) {
    const key = keyOf(item);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [item]);
    else group.push(item);
  }
  return groups;
}
