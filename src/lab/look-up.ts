/**
 * A machine asks the name server. Only whether it is reached is simulated (a route, a plugged
 * cable), not its packets.
 */
import type { Family } from '../net/wire/endpoint.ts';
import { familyOf } from '../net/wire/ip.ts';
import type { Host } from './host.ts';

/** Where the name server is: whoever has a route there can ask it. */
const SERVERS = ['198.51.100.53', '2001:db8:53::53'] as const;

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
