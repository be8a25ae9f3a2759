/** Which local ports the delta test uses. */
import type { Io } from '../io/io.ts';

/** Ports that programs without rights may have. */
export const LOWEST_PORT = 1_024;
export const HIGHEST_PORT = 65_535;

/** 0 to n − 1; n at most 2^16. */
export function randomBelow(io: Io, n: number): number {
  const [a = 0, b = 0, c = 0, d = 0] = io.randomBytes(4);
  return (((a << 24) | (b << 16) | (c << 8) | d) >>> 0) % n;
}

/** One port of each of `count` equal parts of all ports, in random order. */
export function scatteredPorts(io: Io, count: number): number[] {
  const size = Math.floor((HIGHEST_PORT - LOWEST_PORT + 1) / count);
  const ports = Array.from({ length: count }, (_, i) => LOWEST_PORT + i * size + randomBelow(io, size));
  for (let i = ports.length - 1; i > 0; i--) {
    const j = randomBelow(io, i + 1);
    const [a, b] = [ports[i], ports[j]];
    if (a === undefined || b === undefined) break;
    ports[i] = b;
    ports[j] = a;
  }
  return ports;
}

/** Neighbours, somewhere within what the NAT was seen to use: there equal ports would be kept. */
export function consecutivePorts(io: Io, count: number, seen: readonly number[]): number[] {
  const lowest = Math.max(LOWEST_PORT, Math.min(...seen, HIGHEST_PORT));
  const highest = Math.min(HIGHEST_PORT, Math.max(...seen, LOWEST_PORT)) - count;
  const [from, to] = highest > lowest ? [lowest, highest] : [LOWEST_PORT, HIGHEST_PORT - count];
  const first = from + randomBelow(io, to - from + 1);
  return Array.from({ length: count }, (_, i) => first + i);
}
