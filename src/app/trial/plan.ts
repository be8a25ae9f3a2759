/**
 * Which cells a trial has, in which order, and what to expect of each: from both sides' NAT reports and addresses. Pure.
 */
import {
  type Expectation,
  expectOutcomes,
  type Family,
  type Method,
  type NatReport,
  type NatSide,
  type NodeAddress,
  natSideOf,
  type Pathway,
  sameSubnet,
} from '../../net/index.ts';
import type { SideName, TrialCell } from './document.ts';
import { inThirdPerson } from './wording.ts';

/** What is known of one side before anything is tried. */
export interface PlanSide {
  readonly reports: readonly NatReport[];
  /** What its address tells. */
  readonly address: Pick<NodeAddress, 'interfaces' | 'machineId' | 'brokers'>;
  /** Whether it knows a TURN server. */
  readonly hasRelay: boolean;
}

export interface PlanTask {
  readonly a: PlanSide;
  readonly b: PlanSide;
  readonly methods: readonly Method[];
  readonly paths: readonly Pathway[];
  readonly families: readonly Family[];
  /** Runs of each cell; those that are expected to come to nothing have one. */
  readonly repeat: number;
  /** Which sides may ask; both unless the other one takes no part. */
  readonly initiators: readonly SideName[];
}

export type PlannedCell = Omit<TrialCell, 'runs' | 'surprise'> & {
  /** Runs that it is to have. */
  readonly wanted: number;
};

type Entry = PlanSide['address']['interfaces'][number];
type Forecast = Pick<Expectation, 'expected' | 'why'>;

/** Cells in the order in which reports show them: pathway, family, method, who asks. */
export function planTrial(task: PlanTask): PlannedCell[] {
  const { methods, paths, families, repeat, initiators } = task;
  const shared = families.filter((family) =>
    [task.a, task.b].every((side) => entriesOf(side, family).length > 0),
  );
  return paths.flatMap((path) =>
    shared.flatMap((family) =>
      methods
        // A relay is a way over the Internet.
        .filter((method) => path === 'external' || method !== 'relay')
        .flatMap((method) =>
          initiators.map((initiator): PlannedCell => {
            const other = initiator === 'a' ? 'b' : 'a';
            const { expected, why } = forecast(task[initiator], task[other], method, path, family);
            const wanted = expected === 'no' ? 1 : repeat;
            const told = inThirdPerson(why, initiator);
            return { method, path, family, initiator, predicted: expected, why: told, wanted };
          }),
        ),
    ),
  );
}

function forecast(from: PlanSide, to: PlanSide, method: Method, path: Pathway, family: Family): Forecast {
  const unaskable = method === 'direct' ? null : forecastUnasked(from, to, method, family);
  if (unaskable !== null) return unaskable;
  return path === 'local'
    ? forecastLocal(from, to, sharedNat(from, to, family), family)
    : forecastExternal(from, to, method, family);
}

function forecastExternal(from: PlanSide, to: PlanSide, method: Method, family: Family): Forecast {
  const shares = sharedNat(from, to, family);
  if (method === 'relay' && !from.hasRelay && !to.hasRelay) return no('neither side knows a TURN server');
  const isMapped = (side: PlanSide) => entriesOf(side, family).some((entry) => entry.mappedPort !== null);
  if (method === 'direct' && isMapped(to)) return yes('the router of the other side forwards its port');
  // No router stands between neighbours, whatever it keeps out.
  if ((method === 'direct' || method === 'reverse') && areNeighbours(from, to, family))
    return (method === 'direct' ? yes : maybe)('both are on one network, with addresses of the Internet');
  if (method === 'reverse' && isMapped(from)) return yes('the router of this side forwards its port');
  if (shares !== null && method !== 'relay') return forecastHairpin(from, to, family, method, shares);
  const transport = method === 'udp-punch' ? 'udp' : 'tcp';
  const pairs = sidesOf(from, family, transport).flatMap((a) =>
    sidesOf(to, family, transport).map((b) => expectOutcomes(a, b)[method]),
  );
  return best(pairs);
}

/** Everything but dialling needs the other side's help. */
function forecastUnasked(from: PlanSide, to: PlanSide, method: Method, family: Family): Forecast | null {
  if (to.address.brokers.length === 0)
    return no('the other side cannot be asked for it: its address names no broker');
  if ((method === 'reverse' || method === 'relay') && isOneMachine(from, to, family))
    return no('both are on one machine, and no node dials its own machine because somebody asks');
  return null;
}

/** Behind one router, by its outer address: what comes back depends on whether it turns packets round (RFC 4787 §6). */
function forecastHairpin(
  from: PlanSide,
  to: PlanSide,
  family: Family,
  method: Method,
  outer: string,
): Forecast {
  const reports = [...from.reports, ...to.reports].filter((report) => report.family === family);
  const hairpins = reports.map(({ udp, tcp }) => (method === 'udp-punch' ? udp : tcp).hairpin);
  if (hairpins.includes(true)) return maybe(`both are behind ${outer}, which sends its own people back`);
  return no(
    `both are behind ${outer}, which does not send its own people back: that is what the local pathway is for`,
  );
}

function forecastLocal(from: PlanSide, to: PlanSide, shares: string | null, family: Family): Forecast {
  if (isOneMachine(from, to, family)) return yes('both are on one machine');
  const isNear = entriesOf(from, family).some((one) =>
    entriesOf(to, family).some((other) => sharesSubnet(one, other, family)),
  );
  const hasOuter = [from, to].every((side) => entriesOf(side, family).some(({ outer }) => outer.length > 0));
  const isUnique = areNeighbours(from, to, family);
  if (isUnique || (isNear && (shares !== null || !hasOuter))) return yes('both are on one network');
  if (shares !== null) return maybe('both leave by one router, from different networks behind it');
  return no('the two are on different networks');
}

/** By IPv6 addresses that servers see as they are: a /64 is one link, anywhere. */
function areNeighbours(from: PlanSide, to: PlanSide, family: Family): boolean {
  if (family === 4) return false;
  const untranslated = (side: PlanSide) =>
    entriesOf(side, family).map((entry) => ({
      ...entry,
      inner: entry.inner.filter((ip) => entry.outer.includes(ip)),
    }));
  const others = untranslated(to);
  return untranslated(from).some((one) => others.some((other) => sharesSubnet(one, other, family)));
}

/** Machine ids alone do not tell: copies of one image have the same. */
function isOneMachine(from: PlanSide, to: PlanSide, family: Family): boolean {
  const own = entriesOf(from, family).flatMap(({ inner }) => inner);
  const theirs = entriesOf(to, family).flatMap(({ inner }) => inner);
  return from.address.machineId === to.address.machineId && own.some((ip) => theirs.includes(ip));
}

/** IPv4 networks of homes and offices are /24 or smaller; an IPv6 link is a /64 (RFC 7421). */
function sharesSubnet(a: Entry, b: Entry, family: Family): boolean {
  const prefix = family === 4 ? 24 : 64;
  return a.inner.some((ip) => b.inner.some((other) => sameSubnet(ip, other, prefix)));
}

/** The outer address of a NAT that both are behind; null: of none. */
function sharedNat(from: PlanSide, to: PlanSide, family: Family): string | null {
  const translated = (side: PlanSide) =>
    entriesOf(side, family).flatMap(({ inner, outer }) => outer.filter((ip) => !inner.includes(ip)));
  const others = translated(to);
  return translated(from).find((ip) => others.includes(ip)) ?? null;
}

function entriesOf({ address }: PlanSide, family: Family): readonly Entry[] {
  return address.interfaces.filter((entry) => entry.family === family);
}

/** The NATs that a side may go through: by its reports, else by what its address tells; at least one, perhaps unknown. */
function sidesOf(side: PlanSide, family: Family, transport: 'udp' | 'tcp'): readonly NatSide[] {
  const reports = side.reports.filter((report) => report.family === family);
  const known = reports.length > 0 ? reports : entriesOf(side, family);
  return known.map(({ udp, tcp }) => (transport === 'udp' ? merged(udp, tcp) : merged(tcp, udp)));
}

type Facts = Parameters<typeof natSideOf>[0];

/** TCP's filtering nobody can test, and it is the same router; that one transport is blocked tells nothing of the other. */
function merged(first: Facts | null, second: Facts | null): NatSide {
  const other = second?.type === 7 ? null : second;
  const delta = first?.delta.type == null ? other?.delta : first.delta;
  return natSideOf({ type: first?.type ?? other?.type ?? null, delta: delta ?? { type: null } });
}

function best(pairs: readonly Expectation[]): Forecast {
  const ranked = (['yes', 'maybe', 'no'] as const).map((expected) =>
    pairs.find((pair) => pair.expected === expected),
  );
  return ranked.find((pair) => pair !== undefined) ?? maybe('nothing is known of either side');
}

const yes = (why: string): Forecast => ({ expected: 'yes', why });
const maybe = (why: string): Forecast => ({ expected: 'maybe', why });
const no = (why: string): Forecast => ({ expected: 'no', why });
