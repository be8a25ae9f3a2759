/**
 * The NAT type that follows from mapping and filtering (P2PD's seven, RFC 3489 §5 by the terms of RFC
 * 4787), and the names of types and deltas. Tables and the rule only.
 */

import type { DeltaType, Dependence, NatType } from '../nat-report.ts';

export type * from '../nat-report.ts';

/** P2PD's names by number. */
export const NAT_NAMES: Readonly<Record<NatType, string>> = {
  1: 'open internet',
  2: 'udp firewall',
  3: 'full cone',
  4: 'restrict',
  5: 'restrict port',
  6: 'symmetric',
  7: 'blocked',
};

export const DELTA_NAMES: Readonly<Record<DeltaType, string>> = {
  1: 'not applicable',
  2: 'equal',
  3: 'preserving',
  4: 'independent',
  5: 'dependent',
  6: 'random',
};

/** P2PD's phrases: `delta_info` in the dict of an interface. */
export const DELTA_PHRASES: Readonly<Record<DeltaType, string>> = {
  1: 'not applicable',
  2: 'equal delta (local port == mapped port)',
  3: 'preserving delta ((local port + dist) == (mapped_start + dist))',
  4: 'independent delta (rand port == (last_mapped += delta))',
  5: 'dependent delta ((local port += [1 to delta]) == (last_mapped += [1 to delta]))',
  6: 'random delta (local port == rand port)',
};

export function natName(type: NatType | null): string {
  return type === null ? 'unknown' : NAT_NAMES[type];
}

export function deltaName(type: DeltaType | null): string {
  return type === null ? 'unknown' : DELTA_NAMES[type];
}

/** What the type follows from. */
export interface TypeFacts {
  /** Whether addresses are translated; null = nothing came back. */
  readonly translated: boolean | null;
  readonly mapping: Dependence | null;
  /** Whether mappings are known to depend on the destination, though perhaps not on which part of it. */
  readonly mappingVaries: boolean;
  readonly filtering: Dependence | null;
  /** Nothing comes back from anybody, though it was tried enough. */
  readonly blocked: boolean;
}

/** RFC 3489 §5 by the terms of RFC 4787; null where a fact is missing that would decide. */
export function natTypeOf({
  translated,
  mapping,
  mappingVaries,
  filtering,
  blocked,
}: TypeFacts): NatType | null {
  if (blocked) return 7;
  if (translated === null) return null;
  if (mappingVaries) return 6;
  if (mapping === null || filtering === null) return null;
  if (!translated) return filtering === 'endpoint-independent' ? 1 : 2;
  if (filtering === 'endpoint-independent') return 3;
  return filtering === 'address-dependent' ? 4 : 5;
}
