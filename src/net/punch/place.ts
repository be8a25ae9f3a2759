/**
 * Where a node can punch from towards a peer: own interface × family × pathway, and what of the peer it
 * can aim at. Rule only.
 */
import type { NodeAddress } from '../address.ts';
import type { AddressInterface, NatFacts } from '../address-interface.ts';
import type { PathChoice } from '../connect/pathway.ts';
import type { OuterFact, Pathway } from '../events.ts';
import type { NetworkInterface } from '../io/io.ts';
import type { KnownFacts, KnownNat } from '../nat/known.ts';
import { natSideOf } from '../nat/matrix.ts';
import { type PortFacts, type PortSource, portSourceOf } from '../nat/predict.ts';
import type { Family } from '../wire/endpoint.ts';
import { reachOf, sameSubnet } from '../wire/ip.ts';

/** What a node knows of itself. */
export interface Standpoint {
  readonly interfaces: readonly NetworkInterface[];
  readonly outer: readonly OuterFact[];
  readonly nats: readonly KnownNat[];
}

/** What carries a punch. */
export type Transport = 'tcp' | 'udp';

/** One own place. */
export interface Place {
  readonly transport: Transport;
  readonly path: Pathway;
  readonly family: Family;
  /** The own address. */
  readonly local: string;
  /** The same as the peer sees it. */
  readonly outer: string;
  readonly facts: PortFacts;
  readonly source: PortSource;
}

/** Nothing translates: the port is what it is. */
const PLAIN: PortFacts = { type: null, delta: 1, value: 0, range: null };
/** Interfaces of one family that are punched from. */
const MAX_PLACES = 2;

/** There is a NAT of which neither type nor delta is known. */
export function isUnknownPlace({ path, facts }: Place): boolean {
  return path === 'external' && facts.type === null && facts.delta === null;
}

/** Own places that the whole Internet sees, those with a default route first. */
export function externalPlaces(
  { interfaces, outer, nats }: Standpoint,
  families: readonly Family[],
  transport: Transport,
): Place[] {
  return families.flatMap((family) => {
    const routed = [...interfaces].sort(
      (a, b) => Number(b.defaultRoute[family]) - Number(a.defaultRoute[family]),
    );
    return routed
      .flatMap((nic): Place[] => {
        const seen = outer.find((fact) => fact.interface === nic.id && fact.family === family);
        const own = nic.addresses.find((a) => a.family === family && a.reach === 'global');
        const local = seen?.inner ?? own?.ip;
        if (local === undefined) return [];
        const facing = seen?.outer ?? local;
        const report = nats.find((one) => one.interface === nic.id && one.family === family);
        const facts = factsOf(transport, report, facing === local);
        return [
          { transport, path: 'external', family, local, outer: facing, facts, source: portSourceOf(facts) },
        ];
      })
      .slice(0, MAX_PLACES);
  });
}

/** The own place on a link that an inner address of the peer is on; null where there is none. */
export function localPlace(
  { interfaces }: Pick<Standpoint, 'interfaces'>,
  ip: string,
  transport: Transport,
): Place | null {
  const own = interfaces
    .flatMap((nic) => (nic.kind === 'loopback' ? [] : nic.addresses))
    .find((address) => address.reach !== 'link-local' && sameSubnet(address.ip, ip, address.prefix));
  if (own === undefined) return null;
  return {
    transport,
    path: 'local',
    family: own.family,
    local: own.ip,
    outer: own.ip,
    facts: PLAIN,
    source: 'local',
  };
}

/** Where a peer is, by its address. */
export interface Aim {
  readonly path: Pathway;
  readonly family: Family;
  readonly ip: string;
  readonly facts: PortFacts;
  readonly source: PortSource;
}

/** What the pathways and families that are chosen leave of a peer's address, in their order. */
export function aimsAt(peer: NodeAddress, { paths, families }: PathChoice, transport: Transport): Aim[] {
  const entries = families.flatMap((family) => peer.interfaces.filter((entry) => entry.family === family));
  return paths.flatMap((path) =>
    entries.flatMap((entry): Aim[] => {
      const { family } = entry;
      if (path === 'local')
        return entry.inner
          .filter((ip) => reachOf(ip) !== 'link-local')
          .map((ip) => ({ path, family, ip, facts: PLAIN, source: 'local' }));
      const facing = entry.outer[0] ?? entry.inner.find((ip) => reachOf(ip) === 'global');
      if (facing === undefined) return [];
      const facts = addressFactsOf(transport, entry, entry.inner.includes(facing));
      return [{ path, family, ip: facing, facts, source: portSourceOf(facts) }];
    }),
  );
}

/** An own place, and what of the peer can be met from it. */
export interface Stand {
  readonly place: Place;
  readonly aims: readonly Aim[];
}

/** Own places that can meet a peer, in the order of the choice; none through the router that both share. */
export function standsFor(
  own: Standpoint,
  peer: NodeAddress,
  choice: PathChoice,
  transport: Transport,
): Stand[] {
  const aims = aimsAt(peer, choice, transport);
  const outside = externalPlaces(own, choice.families, transport);
  const shared = new Set(outside.map(({ outer }) => outer));
  return choice.paths.flatMap((path) => {
    if (path === 'external')
      return outside.flatMap((place) => {
        const met = aims.filter(
          (aim) => aim.path === 'external' && aim.family === place.family && !shared.has(aim.ip),
        );
        return met.length === 0 ? [] : [{ place, aims: met }];
      });
    const stands = new Map<string, { place: Place; aims: Aim[] }>();
    for (const aim of aims.filter((one) => one.path === 'local')) {
      const place = localPlace(own, aim.ip, transport);
      if (place === null) continue;
      const known = stands.get(place.local);
      if (known === undefined) stands.set(place.local, { place, aims: [aim] });
      else known.aims.push(aim);
    }
    return [...stands.values()];
  });
}

/** What a transport does is told by it; TCP's filtering nobody can test, and it is the same router. */
function factsOf(transport: Transport, report: KnownNat | undefined, plain: boolean): PortFacts {
  if (report === undefined) return plain ? PLAIN : { ...PLAIN, delta: null };
  const { udp, tcp } = report;
  return transport === 'tcp' ? merged(tcp, udp, plain) : merged(udp, tcp, plain);
}

function addressFactsOf(transport: Transport, { udp, tcp }: AddressInterface, plain: boolean): PortFacts {
  return transport === 'tcp' ? merged(tcp, udp, plain) : merged(udp, tcp, plain);
}

function merged(
  first: KnownFacts | NatFacts | null,
  other: KnownFacts | NatFacts | null,
  plain: boolean,
): PortFacts {
  // That nothing comes through over the other transport tells nothing of this one.
  const second = other?.type === 7 ? null : other;
  const delta = first !== null && first.delta.type !== null ? first : second;
  const type = first?.type ?? second?.type ?? null;
  const side = natSideOf({ type, delta: delta?.delta ?? { type: null } });
  const known = side.type === null && side.delta === null ? plain : false;
  if (known) return PLAIN;
  const range = delta?.range ?? null;
  const usable = range !== null && range[1] > range[0] ? range : null;
  return { ...side, value: delta?.delta.value ?? 0, range: usable };
}
