/**
 * The names of a simulated network and the name server that knows them. Only whether it is reached
 * is simulated (a route, a plugged cable), not its packets.
 */
import type { Family } from '../../src/net/wire/endpoint.ts';
import { familyOf } from '../../src/net/wire/ip.ts';
import type { Host } from './host.ts';

/** Where the name server is: whoever has a route there can ask it. */
const SERVERS = ['198.51.100.53', '2001:db8:53::53'] as const;

export interface NameOptions {
  /** ms until the answer; the table's when left out. */
  readonly delay?: number;
  /** A code that looking it up fails with (`ESERVFAIL`), instead of an answer. */
  readonly failure?: string;
}

interface Entry extends NameOptions {
  readonly ips: readonly string[];
}

export class NameTable {
  /** ms until an answer. */
  delay = 5;
  /** ms until a resolver gives up a server that does not answer: 700 and 1400, as ours. */
  timeout = 2_100;
  /** The name server answers nobody. */
  silent = false;
  readonly #entries = new Map<string, Entry>();

  add(name: string, ips: string | readonly string[], options: NameOptions = {}): void {
    this.#entries.set(name, { ...options, ips: typeof ips === 'string' ? [ips] : ips });
  }

  remove(name: string): void {
    this.#entries.delete(name);
  }

  get(name: string): Entry | null {
    return this.#entries.get(name) ?? null;
  }
}

/** As Io's. */
export async function lookUp(
  host: Host,
  name: string,
  family: Family,
  signal: AbortSignal,
): Promise<readonly string[]> {
  signal.throwIfAborted();
  const { clock, names } = host.network;
  const entry = names.get(name);
  const found = entry?.ips.filter((ip) => familyOf(ip) === family) ?? [];
  const outcome = reachability(host) ?? entry?.failure ?? (entry === null ? 'ENOTFOUND' : null);
  const wait = { ECONNREFUSED: 0, ETIMEOUT: names.timeout }[outcome ?? ''] ?? entry?.delay ?? names.delay;
  await clock.sleepUntil(clock.now() + wait, signal);
  if (signal.aborted) throw failure('ECANCELLED', name, family);
  if (outcome !== null) throw failure(outcome, name, family);
  if (found.length === 0) throw failure('ENODATA', name, family);
  return found;
}

/** What asking comes to before any name counts; null when the server answers. */
function reachability(host: Host): string | null {
  const sources = SERVERS.flatMap((server) => host.sourceFor(server) ?? []);
  if (sources.length === 0) return 'ECONNREFUSED';
  const isPlugged = host.nics.some(
    (nic) => nic.connected && nic.addresses.some(({ ip }) => sources.includes(ip)),
  );
  return isPlugged && !host.network.names.silent ? null : 'ETIMEOUT';
}

function failure(code: string, hostname: string, family: Family): Error {
  const syscall = family === 4 ? 'queryA' : 'queryAaaa';
  return Object.assign(new Error(`${syscall} ${code} ${hostname}`), { code, syscall, hostname });
}
