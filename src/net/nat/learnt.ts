/** A NAT report with what a hole punch has shown besides. Pure. */
import type { Evidence, NatReport, TransportReport } from '../nat-report.ts';
import { LIFETIME_STEPS } from '../nat-timing.ts';
import { type Endpoint, type Family, formatEndpoint } from '../wire/endpoint.ts';
import type { Lifetime } from './lifetime.ts';

/** What a punch shows of the NAT in front of an own address. */
export type LearntFact =
  | { readonly kind: 'unsolicited'; readonly family: Family; readonly answer: 'drop' | 'reset' }
  | ({ readonly kind: 'lifetime'; readonly family: Family } & Lifetime)
  | {
      readonly kind: 'mapping';
      readonly family: Family;
      readonly transport: 'udp' | 'tcp';
      readonly local: Endpoint;
      /** Who saw it. */
      readonly by: Endpoint;
      readonly mapped: Endpoint;
      /** ms; null = not measured. */
      readonly rtt: number | null;
    };

const TEST = 'hole punch';
const LIFETIME_TEST = 'mapping lifetime';
/** Of punches that a report keeps; the newest push out the oldest. */
const MAX_LEARNT = 20;

/** @returns the same report where there is nothing new in it */
export function withLearnt(report: NatReport, fact: LearntFact): NatReport {
  if (fact.kind === 'unsolicited') {
    if (report.tcp.unsolicited === fact.answer) return report;
    return { ...report, tcp: { ...report.tcp, unsolicited: fact.answer } };
  }
  if (fact.kind === 'lifetime') return { ...report, udp: withLifetime(report.udp, fact) };
  const evidence: Evidence = {
    test: TEST,
    server: formatEndpoint(fact.by),
    local: formatEndpoint(fact.local),
    mapped: formatEndpoint(fact.mapped),
    rtt: fact.rtt === null ? null : Math.round(fact.rtt),
  };
  if (fact.transport === 'udp') return { ...report, udp: withMapping(report.udp, fact, evidence) };
  return { ...report, tcp: withMapping(report.tcp, fact, evidence) };
}

function withLifetime<T extends TransportReport>(report: T, fact: Lifetime): T {
  const { atLeast, server, local, mapped } = fact;
  const [shortest = 0] = LIFETIME_STEPS;
  const found = atLeast > 0 ? `at least ${atLeast / 1000} s` : `less than ${shortest / 1000} s`;
  const evidence: Evidence = {
    test: `${LIFETIME_TEST}: ${found}`,
    server: formatEndpoint(server),
    local: formatEndpoint(local),
    mapped: formatEndpoint(mapped),
    rtt: null,
  };
  const others = report.evidence.filter(({ test }) => !test.startsWith(LIFETIME_TEST));
  return { ...report, evidence: [...others, evidence] };
}

/** The range grows; where ports were said to be kept and one was not, the delta is not known any more. */
function withMapping<T extends TransportReport>(
  report: T,
  fact: Extract<LearntFact, { kind: 'mapping' }>,
  evidence: Evidence,
): T {
  const { local, mapped } = fact;
  const isMapped = report.type !== 1 && report.type !== 2;
  const [lowest, highest] = report.range ?? [mapped.port, mapped.port];
  const isKept = local.port === mapped.port;
  const contradicts = isMapped && report.delta.type === 2 && !isKept;
  const earlier = report.evidence.filter(({ test }) => test === TEST);
  const tests = report.evidence.filter(({ test }) => test !== TEST);
  return {
    ...report,
    delta: contradicts ? { type: null, value: 0 } : report.delta,
    range: isMapped ? [Math.min(lowest, mapped.port), Math.max(highest, mapped.port)] : report.range,
    external: report.external.includes(mapped.ip) ? report.external : [...report.external, mapped.ip],
    unknown: contradicts
      ? [...report.unknown, `the delta: a hole punch came from ${mapped.port} instead of ${local.port}`]
      : report.unknown,
    evidence: [...tests, ...earlier.slice(1 - MAX_LEARNT), evidence],
  };
}
