/**
 * Which method is expected to connect which NATs: a rule for each method over NAT type × delta of
 * both sides, from measurements in docs/nat-behaviour.md. Of a side that is not known it tells what
 * all NATs that it may have agree on, else maybe. Pure.
 */
import type { Method } from '../events.ts';
import type { DeltaType, NatType } from './behavior.ts';

/** One side's NAT; null = not known. */
export interface NatSide {
  readonly type: NatType | null;
  readonly delta: DeltaType | null;
}

export interface Expectation {
  readonly expected: 'yes' | 'no' | 'maybe';
  /** One sentence. */
  readonly why: string;
  /** Packets or connections that it may take; null where that is not the question. */
  readonly probes: number | null;
  /** How long it may take at 40 ms round trips, once both know of each other; null where it does not connect. */
  readonly seconds: number | null;
}

export type Outcomes = Readonly<Record<Method, Expectation>>;

export interface MatrixCell {
  readonly a: NatSide;
  readonly b: NatSide;
  readonly outcomes: Outcomes;
}

const TYPES: readonly NatType[] = [1, 2, 3, 4, 5, 6, 7];
const DELTAS: readonly DeltaType[] = [2, 3, 4, 5, 6];

/** Every NAT there is: a delta belongs to what translates. */
export const COMBINATIONS: readonly NatSide[] = TYPES.flatMap((type): readonly NatSide[] =>
  type === 1 || type === 2 || type === 7 ? [{ type, delta: 1 }] : DELTAS.map((delta) => ({ type, delta })),
);

/** Every ordered pair; a asks, b is asked. */
export function natMatrix(): MatrixCell[] {
  return COMBINATIONS.flatMap((a) => COMBINATIONS.map((b) => ({ a, b, outcomes: expectOutcomes(a, b) })));
}

/** @throws nothing: numbers that are no types are as unknown */
export function natSideOf(facts: {
  readonly type: number | null;
  readonly delta: { readonly type: number | null };
}): NatSide {
  const type = TYPES.find((known) => known === facts.type) ?? null;
  const delta = DELTAS.find((known) => known === facts.delta.type) ?? (facts.delta.type === 1 ? 1 : null);
  return { type, delta };
}

/** @param a the side that asks */
export function expectOutcomes(a: NatSide, b: NatSide): Outcomes {
  return {
    direct: reachable(a, b, 'the other side', 0.1),
    reverse: reachable(b, a, 'this side', 0.2),
    'tcp-punch': punch(a, b, 'tcp'),
    'udp-punch': punch(a, b, 'udp'),
    relay: relay(a, b),
  };
}

const yes = (why: string, seconds: number, probes: number | null = null): Expectation => ({
  expected: 'yes',
  why,
  probes,
  seconds,
});
const maybe = (why: string, seconds: number | null, probes: number | null = null): Expectation => ({
  expected: 'maybe',
  why,
  probes,
  seconds,
});
const no = (why: string): Expectation => ({ expected: 'no', why, probes: null, seconds: null });

/** Whether `to` takes connections that nobody there asked for. */
function reachable(from: NatSide, to: NatSide, who: string, seconds: number): Expectation {
  if (from.type === 7 || to.type === 7) return no('a network that is blocked lets nothing through');
  switch (to.type) {
    case null:
      return maybe(`it is not known whether ${who} can be reached`, seconds);
    case 1:
      return from.type === null
        ? maybe(`${who} is on the open Internet; whether its peer is blocked is not known`, seconds)
        : yes(`${who} is on the open Internet`, seconds);
    case 2:
      return no(`kept out by the firewall of ${who}`);
    case 3:
      return maybe(`only where the router of ${who} forwards its port`, seconds);
    default:
      return no(`kept out by the NAT of ${who}, unless it forwards a port`);
  }
}

function relay(a: NatSide, b: NatSide): Expectation {
  if (a.type === 7 || b.type === 7) return maybe('only where one transport passes, to a TURN server', 0.5);
  if (a.type === null || b.type === null) return maybe('where a TURN server is known and both reach it', 0.4);
  return yes('both reach a TURN server, where one is known', 0.4);
}

const UNKNOWN_PORTS = 'it is not known how the ports of one side change';

type Wire = 'udp' | 'tcp';

/** How hard it is to say where a side's packets will come from. */
type Mapping = 'known' | 'steady' | 'counted' | 'fragile' | 'random' | 'unknown';

function mappingOf({ type, delta }: NatSide): Mapping {
  if (type !== 6) return 'known';
  if (delta === null) return 'unknown';
  if (delta === 2 || delta === 3) return 'steady';
  if (delta === 4) return 'counted';
  return delta === 5 ? 'fragile' : 'random';
}

/** Whether it takes packets from a port that it never sent to, at an address that it did. */
function isLenient({ type }: NatSide): boolean {
  return type === 1 || type === 3 || type === 4;
}

function punch(a: NatSide, b: NatSide, wire: Wire): Expectation {
  if (a.type === 7 || b.type === 7) return no('a network that is blocked lets nothing through');
  if (a.type === null || b.type === null) return maybe('the NAT of one side is not known', 1);
  const quick = wire === 'udp' ? 0.05 : 0.07;
  const [hard, easy] = a.type === 6 ? [a, b] : [b, a];
  if (hard.type !== 6) return yes('both keep one mapping for all destinations', quick, 1);
  if (easy.type === 6) return bothVary(mappingOf(a), mappingOf(b), quick);
  if (isLenient(easy)) return answersAnyPort(hard, easy, wire, quick);
  return oneVaries(mappingOf(hard), wire, quick);
}

/** One side has a mapping for each destination, the other answers the port that it hears from. */
function answersAnyPort(hard: NatSide, easy: NatSide, wire: Wire, quick: number): Expectation {
  const predictable = mappingOf(hard) !== 'random' && mappingOf(hard) !== 'unknown';
  // A SYN from an unforeseen port that comes too early is dropped; the kernel's next one is a second later.
  const waits = wire === 'tcp' && !predictable && easy.type !== 1;
  return yes('one side may answer whatever port the other comes from', waits ? SYN_AGAIN : quick * 2, 1);
}

/** The worst that was measured where the first SYN was dropped. */
const SYN_AGAIN = 1.1;

/** One side has a mapping for each destination, the other lets in only the port that it sent to. */
function oneVaries(mapping: Mapping, wire: Wire, quick: number): Expectation {
  switch (mapping) {
    case 'known':
    case 'steady':
      return yes('the next mapping follows from the local port', quick, 1);
    case 'counted':
      return yes('the next mappings can be counted; eight are tried', quick, 8);
    case 'fragile':
      return maybe('countable until somebody else there gets a port', quick, 5);
    case 'random':
      if (wire === 'tcp') return no('ports are random, and TCP cannot try thousands of them');
      return maybe('by chance: 256 ports against up to 1,024 guesses', 0.9, 1024);
    case 'unknown':
      return wire === 'tcp' ? maybe(UNKNOWN_PORTS, quick, 8) : maybe(UNKNOWN_PORTS, 0.9, 1024);
  }
}

function bothVary(a: Mapping, b: Mapping, quick: number): Expectation {
  const has = (mapping: Mapping) => a === mapping || b === mapping;
  if (has('random')) return no('random ports, and a new one for each guess');
  if (has('unknown')) return maybe(UNKNOWN_PORTS, quick, 5);
  if (has('fragile')) return maybe('one foreign mapping on that side breaks the row', quick, 5);
  if (a === 'steady' && b === 'steady') return yes('both mappings follow from local ports', quick, 1);
  return maybe('predicted on both sides; a foreign mapping shifts one', quick, 5);
}
