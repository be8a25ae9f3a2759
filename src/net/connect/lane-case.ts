/** One lane of a hole punch as both sides saw it, and the words of its explanation. Pure. */
import type { ExplanationEvent } from '../events.ts';
import type { NatSide } from '../nat/matrix.ts';
import type { LaneReport } from '../signal/lane-report.ts';

export type Explanation = Omit<ExplanationEvent, 'event' | 'pipe'>;

/** One lane of a punch as both sides saw it. */
export interface LaneCase {
  readonly own: LaneReport;
  /** null: the peer told nothing of this lane. */
  readonly peer: LaneReport | null;
  /** Whether the peer told anything at all. */
  readonly reported: boolean;
  /** How much later the peer began to send than this side, ms; null = not known. */
  readonly gap: number | null;
  /** ± ms. */
  readonly gapError: number;
  /** NATs as far as they are known. */
  readonly ownNat: NatSide;
  readonly peerNat: NatSide;
}

/** null: it does not fit. */
export type Rule = (one: LaneCase) => Explanation | null;

export function told(
  { method }: LaneReport,
  confidence: Explanation['confidence'],
  sentence: string,
  { evidence = [], help = null }: { evidence?: readonly string[]; help?: string | null },
): Explanation {
  return { method, sentence, confidence, evidence, help };
}

export function isWithin(port: number, [lowest, highest]: readonly [number, number]): boolean {
  return port >= lowest && port <= highest;
}

export function portsText([lowest, highest]: readonly [number, number]): string {
  return lowest === highest ? `${lowest}` : `${lowest} to ${highest}`;
}

export function wireOf({ method }: LaneReport): string {
  return method === 'udp-punch' ? 'UDP' : 'TCP';
}

export function helpForReason(reason: string): string {
  if (reason.includes('udx-native')) return 'use TCP there: --methods drp';
  if (reason.includes('wait')) return 'try again in a while';
  if (reason.includes('random')) return 'forward a port on one router, or use IPv6';
  return 'see p2pd-demo interfaces and p2pd-demo nat there';
}
