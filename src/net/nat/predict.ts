/**
 * Which external ports the next mappings of a NAT get, from its type, its delta and what was seen last
 * (the punch chapter of docs/nat-behaviour.md). Pure.
 */
import type { NatSide } from './matrix.ts';

/**
 * How the external port of a fresh local port is found out, for any destination:
 * local = it is the local one · asked = by asking a server from that very port · next = it follows
 * from the mapping seen last · none = nobody can tell.
 */
export type PortSource = 'local' | 'asked' | 'next' | 'none';

export interface PortFacts extends NatSide {
  /** Ports between successive mappings. */
  readonly value: number;
  /** Lowest and highest external port seen; null = not known. */
  readonly range: readonly [number, number] | null;
}

/** Of what is not known the commonest is assumed: one mapping for all destinations (RFC 4787 REQ-1). */
export function portSourceOf({ type, delta }: NatSide): PortSource {
  if (type === 7) return 'none';
  if (type === 1 || type === 2 || delta === 1 || delta === 2) return 'local';
  if (type !== 6) return 'asked';
  return delta === 3 || delta === 4 || delta === 5 ? 'next' : 'none';
}

/**
 * External ports of the next `count` mappings of local ports that follow each other.
 *
 * @param seen a mapping just made: its local port is the one before
 */
export function nextPorts(
  { delta, value, range }: PortFacts,
  seen: { readonly local: number; readonly external: number },
  count: number,
): number[] {
  const step = delta === 3 ? 1 : value;
  return Array.from({ length: count }, (_, i) => within(seen.external + step * (i + 1), range));
}

/** What lies beyond the range goes on at its other end. */
function within(port: number, range: readonly [number, number] | null): number {
  const [lowest, highest] = range ?? [1_024, 65_535];
  // The range that was seen lies within the real one: just beyond it nothing is known.
  const beyond = port > 65_535 || port < 1_024;
  if (!beyond) return port;
  const size = highest - lowest + 1;
  return lowest + ((((port - lowest) % size) + size) % size);
}
