/**
 * The NAT that a report tells of, as rules of a simulated one: mapping, filtering, delta, range,
 * hairpinning and what strangers get, UDP and TCP apart. What a report leaves open is assumed to be
 * the commonest, and said. Pure.
 */
import type { Delta, NatReport, TcpReport, TransportReport } from '../net/index.ts';
import type { Dependence, NatOptions, Protocol } from './nat.ts';
import type { DeltaType } from './nat-ports.ts';
import { firewallPreset, natPreset } from './nat-preset.ts';

export interface ReplayNat {
  /** null: nothing stands before the machine. */
  readonly nat: NatOptions | null;
  /** How many outer addresses it has. */
  readonly externals: number;
  /** What the report left open, as sentences. */
  readonly assumed: readonly string[];
}

type Rules = Pick<
  NatOptions,
  'mapping' | 'filtering' | 'delta' | 'range' | 'habits' | 'hairpin' | 'unsolicited'
>;

/** Ports that a program without rights may have. */
const ALL_PORTS = [1024, 65535] as const;
const DELTAS: Readonly<Record<number, DeltaType>> = {
  2: 'equal',
  3: 'preserving',
  4: 'independent',
  5: 'dependent',
  6: 'random',
};
const BLOCKED = 7;

export function natOfReport({ family, udp, tcp }: NatReport): ReplayNat {
  const assumed: string[] = [];
  const assume = (what: string) =>
    void assumed.push(`${what} over IPv${family} is not known: the commonest is taken`);
  const blocked = (['udp', 'tcp'] as const).filter((proto) => ({ udp, tcp })[proto].type === BLOCKED);
  const facts = blocked.includes('udp') ? tcp : udp;
  const translates = family === 4 && isTranslated([udp, tcp]);
  const externals = Math.max(1, family === 4 ? new Set([...udp.external, ...tcp.external]).size : 1);
  if (!translates) return { nat: firewallOf(udp, tcp, blocked, assume), externals, assumed };
  const filtering = udp.filtering ?? tcp.filtering;
  if (filtering === null && blocked.length < 2) assume('filtering');
  const shared = { filtering: filtering ?? 'address-and-port-dependent', unsolicited: strangersGet(tcp) };
  const rules = (report: TransportReport, name: Protocol): Rules => {
    const isOpen = report.type !== BLOCKED;
    if (isOpen && report.mapping === null) assume(`the mapping of ${name}`);
    if (isOpen && report.delta.type === null) assume(`the delta of ${name}`);
    return { ...shared, ...mappingOf(report, facts), hairpin: report.hairpin ?? false };
  };
  const nat = natPreset('restrict port', 'equal', {
    ...rules(udp, 'udp'),
    tcp: rules(tcp, 'tcp'),
    blocked,
    pooling: udp.external.length > 1 ? 'arbitrary' : 'paired',
  });
  return { nat, externals, assumed };
}

/** A range is told only where addresses are translated. */
function isTranslated(reports: readonly TransportReport[]): boolean {
  if (reports.some(({ type }) => type === 1 || type === 2)) return false;
  const seen = reports.filter(({ external }) => external.length > 0);
  return seen.length === 0 || seen.some(({ range }) => range !== null);
}

/** Without translation: a firewall that filters as was seen, or nothing at all. */
function firewallOf(
  udp: TransportReport,
  tcp: TcpReport,
  blocked: readonly Protocol[],
  assume: (what: string) => void,
): NatOptions | null {
  const { filtering } = udp;
  if (filtering === null && blocked.length < 2) assume('the firewall');
  const isOpen = filtering === 'endpoint-independent';
  if (isOpen && blocked.length === 0) return null;
  return firewallPreset({
    filtering: isOpen ? 'open' : (filtering ?? 'address-and-port-dependent'),
    unsolicited: strangersGet(tcp),
    blocked,
  });
}

function strangersGet({ unsolicited }: TcpReport): 'drop' | 'reset' {
  return unsolicited === 'reset' ? 'reset' : 'drop';
}

/** @param other what is taken where this transport tells nothing */
function mappingOf(
  report: TransportReport,
  other: TransportReport,
): Pick<Rules, 'mapping' | 'delta' | 'range' | 'habits'> {
  const mapping: Dependence = report.mapping ?? other.mapping ?? 'endpoint-independent';
  const delta = deltaOf(report.delta.type === null ? other.delta : report.delta);
  const range = rangeOf(delta.type, report.range === null ? other : report);
  const habits = report.parity === true && delta.type === 'random' ? { parity: true } : undefined;
  return { mapping, delta, range, ...(habits && { habits }) };
}

function deltaOf({ type, value }: Delta): NatOptions['delta'] {
  return { type: DELTAS[type ?? 2] ?? 'equal', value };
}

/** Of random ports the outermost seen enclose a known share of all: the rest lies around them. */
function rangeOf(delta: DeltaType, { range, confidence }: TransportReport): readonly [number, number] {
  if (range === null || delta !== 'random' || confidence.range <= 0) return ALL_PORTS;
  const [lowest, highest] = range;
  const missing = Math.round(((highest - lowest) * (1 / confidence.range - 1)) / 2);
  return [Math.max(ALL_PORTS[0], lowest - missing), Math.min(ALL_PORTS[1], highest + missing)];
}
