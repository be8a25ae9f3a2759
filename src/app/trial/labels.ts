/** What all readings of a trial call its parts, and how they write figures. Pure. */
import {
  deltaName,
  type Family,
  type NatReport,
  type NatSide,
  type NatType,
  natName,
  natSideOf,
  type Pathway,
} from '../../net/index.ts';
import { METHOD_NAMES } from '../config.ts';
import type { SideName, TrialCell, TrialDocument, TrialSide } from './document.ts';

export const SIDES: readonly SideName[] = ['a', 'b'];
export const OTHER: Readonly<Record<SideName, SideName>> = { a: 'b', b: 'a' };
/** Every reading lists methods in this order. */
export const METHOD_ORDER: readonly TrialCell['method'][] = [
  'direct',
  'reverse',
  'tcp-punch',
  'udp-punch',
  'relay',
];

export function sideLabel(side: SideName): 'A' | 'B' {
  return side === 'a' ? 'A' : 'B';
}

/** Who asks whom. */
export function directionOf(initiator: SideName, arrow = '→'): string {
  return `${sideLabel(initiator)} ${arrow} ${sideLabel(OTHER[initiator])}`;
}

export function placeName(path: Pathway, family: Family): string {
  return `${path === 'external' ? 'Internet' : 'local network'}, IPv${family}`;
}

/** `UDP punch, Internet, IPv4, A → B`. */
export function cellName({ method, path, family, initiator }: CellWay, arrow = '→'): string {
  return `${METHOD_NAMES[method]}, ${placeName(path, family)}, ${directionOf(initiator, arrow)}`;
}

export type CellWay = Pick<TrialCell, 'method' | 'path' | 'family' | 'initiator'>;

export function isSameWay(a: CellWay, b: CellWay): boolean {
  return a.method === b.method && a.path === b.path && a.family === b.family && a.initiator === b.initiator;
}

/** `7.5 ms`, `91 ms`, `1.25 s`, `34 s`. */
export function duration(ms: number): string {
  if (ms >= 9_950) return `${Math.round(ms / 1000)} s`;
  if (ms >= 999.5) return `${(ms / 1000).toFixed(2)} s`;
  return ms >= 9.95 || ms === 0 ? `${Math.round(ms)} ms` : `${ms.toFixed(1)} ms`;
}

/** 10⁶ bits a second, three digits. */
export function mbps(value: number): string {
  return value >= 99.5 ? String(Math.round(value)) : value.toFixed(value >= 9.95 ? 0 : 1);
}

/** `80 %`. */
export function percent(share: number): string {
  return `${Math.round(share * 100)} %`;
}

/** `2026-11-30 05:40 UTC`. */
export function dateOf(unix: number): string {
  return `${new Date(unix).toISOString().slice(0, 16).replace('T', ' ')} UTC`;
}

/** `B's clock is 3.2 ms ahead, ± 1.1 ms`. */
export function clockText(clock: TrialDocument['clock']): string {
  if (clock === null) return 'The clocks of the two were not compared.';
  const { offset, error } = clock;
  const where = offset < 0 ? 'behind' : 'ahead of';
  return `B's clock is ${duration(Math.abs(offset))} ${where} A's, ± ${duration(error)}.`;
}

/** The report that stands for a side: of that family, of the interface whose NAT is known best. */
export function reportOf({ reports }: Pick<TrialSide, 'reports'>, family: Family): NatReport | null {
  const mine = reports.filter((report) => report.family === family);
  return (
    mine.find(({ udp }) => udp.type !== null) ?? mine.find(({ tcp }) => tcp.type !== null) ?? mine[0] ?? null
  );
}

/** IPv4 where there is one. */
export function mainReport(side: Pick<TrialSide, 'reports'>): NatReport | null {
  return reportOf(side, 4) ?? reportOf(side, 6);
}

/** A side's NAT over UDP, over TCP where that tells more. */
export function natOf(side: Pick<TrialSide, 'reports'>, family: Family): NatSide {
  const report = reportOf(side, family);
  if (report === null) return { type: null, delta: null };
  return natSideOf(report.udp.type === null ? report.tcp : report.udp);
}

/** `symmetric, random ports`. */
export function natTitle({ type, delta }: NatSide): string {
  if (type === null) return 'unknown NAT';
  return delta === null || delta === 1 ? natName(type) : `${natName(type)}, ${deltaName(delta)} ports`;
}

const PLAIN: Readonly<Record<NatType, string>> = {
  1: 'No NAT, no firewall: anybody can reach it.',
  2: 'No NAT, but a firewall: it lets in only those to whom it has sent first.',
  3: 'A lenient NAT: once it has sent anything, everybody can reach that port.',
  4: 'An ordinary NAT: it lets in every port of a machine to which it has sent.',
  5: 'A strict NAT: it lets in only the exact address and port to which it has sent.',
  6: 'A NAT that takes another port for each destination: others must guess which one.',
  7: 'Nothing comes back through this network.',
};

/** What a NAT means, for people who never heard of NATs. */
export function natPlain({ type, delta }: NatSide): string {
  if (type === null) return 'What stands between it and the Internet could not be found out.';
  if (type !== 6) return PLAIN[type];
  if (delta === 6) return `${PLAIN[6]} It chooses them at random.`;
  return delta === null || delta === 1 ? PLAIN[6] : `${PLAIN[6]} They follow a rule, so that can be done.`;
}
