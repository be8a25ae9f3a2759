/**
 * Which servers a nickname's ending stands for: `.p2p` the first, `.node` the second, `.peer` all of them (P2PD's
 * rule). The ending is not part of what a server keeps. Pure.
 */
export const TLDS = ['.p2p', '.node', '.peer'] as const;
export type Tld = (typeof TLDS)[number];

/** The name that servers keep, and the ending; null = none was given. */
export function splitName(full: string): { readonly name: string; readonly tld: Tld | null } {
  const tld = TLDS.find((one) => full.endsWith(one) && full.length > one.length) ?? null;
  return { name: tld === null ? full : full.slice(0, -tld.length), tld };
}

/** Which of so many servers keep names of that ending, by their places. */
export function placesOf(tld: Tld | null, servers: number): number[] {
  const all = Array.from({ length: servers }, (_, i) => i);
  if (tld === '.p2p') return all.slice(0, 1);
  if (tld === '.node') return all.slice(1, 2);
  return all;
}

/** The ending of a name that these took; null where none did. */
export function tldFor(took: readonly number[]): Tld | null {
  if (took.length === 0) return null;
  if (took.length > 1) return '.peer';
  return took[0] === 0 ? '.p2p' : '.node';
}
