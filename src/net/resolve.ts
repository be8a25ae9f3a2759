/** Names to addresses, each asked once and kept for a while. Effects through Io. */
import type { Io } from './io/io.ts';
import type { Family } from './wire/endpoint.ts';
import { canonicalIp, familyOf } from './wire/ip.ts';

/** Never rejects: [] for what has no address of that family. */
export type Resolve = (host: string, family: Family, signal: AbortSignal) => Promise<readonly string[]>;

/** ms that addresses are kept; failures shorter, as networks come back. */
const KEEP = 300_000;
const KEEP_FAILURE = 5_000;
const MAX_NAMES = 256;

interface Kept {
  readonly addresses: Promise<readonly string[]>;
  until: number;
}

export function createResolver(io: Io): Resolve {
  const kept = new Map<string, Kept>();
  return async (host, family, signal) => {
    const literal = literalOf(host);
    if (literal !== null) return literal.filter((ip) => familyOf(ip) === family);
    const key = `${family} ${host.toLowerCase()}`;
    const known = kept.get(key);
    if (known !== undefined && io.now() < known.until) return known.addresses;
    const addresses = io.lookup(host, family, signal).catch((): readonly string[] => []);
    const entry = { addresses, until: io.now() + KEEP };
    keep(kept, key, entry);
    if ((await addresses).length === 0) entry.until = io.now() + KEEP_FAILURE;
    return addresses;
  };
}

/** What needs no asking; null for a name. */
function literalOf(host: string): readonly string[] | null {
  if (host.toLowerCase() === 'localhost') return ['127.0.0.1', '::1'];
  const ip = canonicalIp(host.replace(/^\[|\]$/g, ''));
  return ip === null ? null : [ip];
}

function keep(kept: Map<string, Kept>, key: string, entry: Kept): void {
  kept.delete(key);
  kept.set(key, entry);
  for (const oldest of kept.keys()) {
    if (kept.size <= MAX_NAMES) break;
    kept.delete(oldest);
  }
}
