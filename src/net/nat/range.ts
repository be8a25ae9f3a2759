/** External ports and addresses that were seen: range, parity (RFC 4787 §4.2), pool. Pure. */
import type { DeltaType } from './behavior.ts';

export interface PortPair {
  readonly local: number;
  readonly external: number;
}

export interface RangeVerdict {
  /** Lowest and highest seen. */
  readonly range: readonly [number, number] | null;
  /** Expected share of the whole range that lies between them. */
  readonly confidence: number;
  /** null = not yet told from chance. */
  readonly parity: boolean | null;
}

/** All ports that a program without rights may have. */
const ALL_PORTS = 65_535 - 1_024;
/** So many ports of the local port's parity in a row are no chance. */
const PARITY_PROOF = 8;

export function foldRange(pairs: readonly PortPair[], delta: DeltaType | null): RangeVerdict {
  if (pairs.length === 0) return { range: null, confidence: 0, parity: null };
  const ports = [...new Set(pairs.map(({ external }) => external))];
  const range = [Math.min(...ports), Math.max(...ports)] as const;
  const width = range[1] - range[0];
  // Of n ports drawn from a range the outermost enclose (n − 1) / (n + 1) of it; a row that goes up step
  // by step tells nothing of its ends.
  const isRow = delta === 4;
  const share = isRow ? width / ALL_PORTS : (ports.length - 1) / (ports.length + 1);
  const kept = pairs.every(({ local, external }) => local % 2 === external % 2);
  const locals = new Set(pairs.map(({ local }) => local)).size;
  const parity = kept ? (locals >= PARITY_PROOF ? true : null) : false;
  return { range, confidence: Math.round(Math.min(1, share) * 100) / 100, parity };
}
