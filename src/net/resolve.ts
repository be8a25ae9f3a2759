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
  /** Ends the look-up: when nobody waits for it any more. */
  readonly over: AbortController;
  waiting: number;
  until: number;
}

export function createResolver(io: Io): Resolve {
  const kept = new Map<string, Kept>();
  return async (host, family, signal) => {
    const literal = literalOf(host);
    if (literal !== null) return literal.filter((ip) => familyOf(ip) === family);
    if (signal.aborted) return [];
    const key = `${family} ${host.toLowerCase()}`;
    const known = kept.get(key);
    if (known !== undefined && io.now() < known.until) return addressesOf(known, signal);
    const entry = ask(io, host, family);
    keep(kept, key, entry);
    return addressesOf(entry, signal);
  };
}

function ask(io: Io, host: string, family: Family): Kept {
  const over = new AbortController();
  const addresses = io.lookup(host, family, over.signal).catch((): readonly string[] => []);
  const entry = { addresses, over, waiting: 0, until: io.now() + KEEP };
  void addresses.then(({ length }) => {
    if (length === 0 && !over.signal.aborted) entry.until = io.now() + KEEP_FAILURE;
  });
  return entry;
}

/** Whoever stops waiting gets [], and takes nothing from the others who wait for the same name. */
function addressesOf(entry: Kept, signal: AbortSignal): Promise<readonly string[]> {
  return new Promise((resolve) => {
    const leave = () => {
      resolve([]);
      if (--entry.waiting > 0) return;
      entry.until = Number.NEGATIVE_INFINITY;
      entry.over.abort();
    };
    entry.waiting++;
    signal.addEventListener('abort', leave, { once: true });
    void entry.addresses.then((addresses) => {
      signal.removeEventListener('abort', leave);
      resolve(addresses);
    });
  });
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
