/** The NAT × NAT matrix as rows and marks, for the command and the screen alike. Pure. */
import {
  COMBINATIONS,
  deltaName,
  type Expectation,
  expectOutcomes,
  type Method,
  type NatSide,
  natName,
  type RememberedReports,
} from '../net/index.ts';
import type { NatReportState, State } from './state.ts';

/** In order of preference: the best expected one stands for a pair. */
export const MATRIX_METHODS: readonly { readonly method: Method; readonly letter: string }[] = [
  { method: 'direct', letter: 'd' },
  { method: 'reverse', letter: 'r' },
  { method: 'tcp-punch', letter: 'p' },
  { method: 'udp-punch', letter: 'u' },
  { method: 'relay', letter: 't' },
];

const SHORT_NAT = ['open', 'fire', 'full', 'rest', 'port', 'symm', 'blkd'] as const;
const SHORT_DELTA = ['', '=', '+n', 'i', 'd', '?'] as const;

/** `symmetric, random`. */
export function sideName({ type, delta }: NatSide): string {
  if (type === null) return 'unknown';
  return delta === null || delta === 1 ? natName(type) : `${natName(type)}, ${deltaName(delta)}`;
}

/** `symm ?`: eight columns at most. */
export function shortSide({ type, delta }: NatSide): string {
  if (type === null) return '?';
  const short = delta === null ? '' : (SHORT_DELTA[delta - 1] ?? '');
  return `${SHORT_NAT[type - 1]} ${short}`.trimEnd();
}

/** The letter of the method that is expected to connect; capital = maybe; `-` = none does. */
export function bestMark(a: NatSide, b: NatSide): string {
  const outcomes = expectOutcomes(a, b);
  const directly = MATRIX_METHODS.filter(({ method }) => method !== 'relay');
  const sure = directly.find(({ method }) => outcomes[method].expected === 'yes');
  if (sure !== undefined) return sure.letter;
  const perhaps = directly.find(({ method }) => outcomes[method].expected === 'maybe');
  if (perhaps !== undefined) return perhaps.letter.toUpperCase();
  if (outcomes.relay.expected === 'no') return '-';
  return outcomes.relay.expected === 'yes' ? 't' : 'T';
}

/** `yes 0.1s`, `maybe 1024` (tries), `no`. */
export function expectationText({ expected, probes, seconds }: Expectation): string {
  if (expected === 'no' || seconds === null) return expected;
  return probes === null || probes === 1 ? `${expected} ${seconds.toFixed(1)}s` : `${expected} ${probes}`;
}

type RememberedReport = RememberedReports['reports'][number];

/** The NAT to be marked as one's own: over UDP and IPv4 where that is known. */
export function ownSide(
  remembered: { readonly reports: readonly Pick<RememberedReport, 'family' | 'udp'>[] } | null,
): NatSide | null {
  const known = [...(remembered?.reports ?? [])]
    .sort((a, b) => a.family - b.family)
    .map(({ udp }) => ({ type: udp.type, delta: udp.delta.type }))
    .find(({ type }) => type !== null);
  return known ?? null;
}

export function isSameSide(a: NatSide | null, b: NatSide): boolean {
  return a !== null && a.type === b.type && (a.delta === b.delta || b.delta === 1);
}

/** One's own NAT against each other one, with how each method fares. */
export function rowsAgainst(own: NatSide) {
  return COMBINATIONS.map((other) => {
    const outcomes = expectOutcomes(own, other);
    return {
      other,
      name: sideName(other),
      cells: MATRIX_METHODS.map(({ method }) => ({ method, ...outcomes[method] })),
    };
  });
}

/** A NAT of which nothing is known. */
export const UNKNOWN_SIDE: NatSide = { type: null, delta: null };

/** This machine's NAT by its reports: over UDP, IPv4 first; null where it is not known. */
export function ownNat(reports: readonly NatReportState[]): NatSide | null {
  return ownSide({ reports: reports.map(({ report }) => report) });
}

/** The NAT of the peer that was asked for last and tells it; the same object as long as it is the same. */
export function peerSide({ pipes }: Pick<State, 'pipes'>): NatSide | null {
  return pipes.findLast(({ peerNat }) => peerNat !== null)?.peerNat ?? null;
}
