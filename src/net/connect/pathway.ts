/**
 * Which pairs of own and peer's addresses are worth a direct connection, and in which order.
 * P2PD's pathways: *local* goes to an address on a shared link or of private reach (LAN, same
 * machine), *external* to one that the whole Internet can reach. Rule only.
 */
import type { AddressInterface } from '../address-interface.ts';
import type { Pathway } from '../events.ts';
import type { InterfaceAddress, NetworkInterface } from '../io/io.ts';
import { MAX_DIRECT_ATTEMPTS } from '../timing.ts';
import { type Endpoint, type Family, formatEndpoint } from '../wire/endpoint.ts';
import { reachOf, sameSubnet } from '../wire/ip.ts';

/** One pair to try. */
export interface Candidate {
  readonly path: Pathway;
  readonly family: Family;
  /** Port 0: the system chooses. */
  readonly local: Endpoint;
  readonly remote: Endpoint;
}

export interface PathChoice {
  /** In order of preference. */
  readonly paths: readonly Pathway[];
  /** In order of preference. */
  readonly families: readonly Family[];
}

interface Ranked extends Candidate {
  /** Lower is tried first within its pathway. */
  readonly rank: number;
}

/**
 * Pairs to dial, best first: by pathway in the order asked for, shared links before routed ones,
 * families alternating from the first asked for (RFC 8305 §4).
 */
export function directCandidates(
  own: readonly NetworkInterface[],
  peer: readonly AddressInterface[],
  choice: PathChoice,
): Candidate[] {
  const all = peer
    .filter((entry) => choice.families.includes(entry.family))
    .flatMap((entry) => own.flatMap((nic) => pairsOf(nic, entry, choice.paths)));
  const ordered = choice.paths.flatMap((path) => {
    const ranked = all.filter((pair) => pair.path === path).sort((a, b) => a.rank - b.rank);
    return interleave(choice.families.map((family) => ranked.filter((pair) => pair.family === family)));
  });
  return withoutRepeats(ordered).slice(0, MAX_DIRECT_ATTEMPTS);
}

/** Which pathway a connection took, as seen from the side that was dialled. */
export function pathwayOf(own: readonly NetworkInterface[], remoteIp: string): Pathway {
  if (reachOf(remoteIp) !== 'global') return 'local';
  const onLink = own.some((nic) => nic.addresses.some((a) => sameSubnet(a.ip, remoteIp, a.prefix)));
  return onLink ? 'local' : 'external';
}

function pairsOf(nic: NetworkInterface, entry: AddressInterface, paths: readonly Pathway[]): Ranked[] {
  const sources = nic.addresses.filter((address) => address.family === entry.family);
  if (sources.length === 0) return [];
  // One that a server on the same LAN saw is no way across the Internet.
  const { mappedPort } = entry;
  const mapped =
    mappedPort === null || mappedPort === entry.port
      ? []
      : entry.outer.slice(0, 1).map((ip) => {
          const forwarded = { ...entry, port: mappedPort };
          return pairOf(nic, sources, forwarded, ip, pathTo(sources, ip, paths));
        });
  const outer = entry.outer.map((ip) => pairOf(nic, sources, entry, ip, pathTo(sources, ip, paths)));
  const inner = entry.inner.map((ip) => pairOf(nic, sources, entry, ip, pathTo(sources, ip, paths)));
  return [...mapped, ...outer, ...inner].filter((pair) => pair !== null);
}

/** An address of global reach on a shared link is local, unless only the external pathway is asked for. */
function pathTo(sources: readonly InterfaceAddress[], ip: string, paths: readonly Pathway[]): Pathway {
  if (reachOf(ip) !== 'global') return 'local';
  const onLink = sources.some((source) => sameSubnet(source.ip, ip, source.prefix));
  return onLink && paths.includes('local') ? 'local' : 'external';
}

function pairOf(
  nic: NetworkInterface,
  sources: readonly InterfaceAddress[],
  entry: AddressInterface,
  ip: string,
  path: Pathway,
): Ranked | null {
  const reach = reachOf(ip);
  const isLinkLocal = reach === 'link-local';
  if ((reach === 'loopback') !== (nic.kind === 'loopback')) return null;
  const onLink = sources.find((source) => sameSubnet(source.ip, ip, source.prefix));
  const routed =
    sources.find((source) => source.reach === reach) ?? sources.find((s) => s.reach !== 'link-local');
  const source = onLink ?? (isLinkLocal ? undefined : routed);
  if (source === undefined) return null;
  const scope = isLinkLocal && entry.family === 6 ? `%${nic.id}` : '';
  return {
    path,
    family: entry.family,
    local: { ip: source.ip + scope, port: 0 },
    remote: { ip: ip + scope, port: entry.port },
    rank: isLinkLocal ? 2 : onLink ? 0 : nic.defaultRoute[entry.family] ? 1 : 3,
  };
}

function interleave<T>(lists: readonly (readonly T[])[]): T[] {
  const longest = Math.max(0, ...lists.map((list) => list.length));
  return Array.from({ length: longest }, (_, i) => lists.flatMap((list) => list.slice(i, i + 1))).flat();
}

function withoutRepeats(pairs: readonly Ranked[]): Candidate[] {
  const seen = new Set<string>();
  return pairs.flatMap(({ rank: _rank, ...pair }) => {
    const key = `${formatEndpoint(pair.local)} ${formatEndpoint(pair.remote)}`;
    if (seen.has(key)) return [];
    seen.add(key);
    return [pair];
  });
}
