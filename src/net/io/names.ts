/**
 * Names to addresses by `dns.Resolver`: `dns.lookup` waits for one of libuv's four threads, so thirty
 * names at 40 ms took 632 ms that way and 42 ms this way. Only names of the own network go the
 * system's way, since its hosts file and mDNS know them and no name server does. Effects only.
 */
import { Resolver, lookup as systemLookup } from 'node:dns/promises';
import type { Family } from '../wire/endpoint.ts';

/** ms for one try; the first answer of any public resolver comes sooner. */
const TRY_TIMEOUT = 700;
const TRIES = 2;

/** Names that mean something in the own network only (RFC 6762, RFC 8375, and what routers hand out). */
const LOCAL_NAME = /^[^.]+$|\.(local|lan|home|internal|localdomain|home\.arpa)$/i;

/** @throws the resolver's error; an AbortError when the signal aborts */
export async function lookup(host: string, family: Family, signal: AbortSignal): Promise<readonly string[]> {
  signal.throwIfAborted();
  if (LOCAL_NAME.test(host))
    return (await systemLookup(host, { family, all: true })).map(({ address }) => address);
  const resolver = new Resolver({ timeout: TRY_TIMEOUT, tries: TRIES });
  const cancel = () => resolver.cancel();
  signal.addEventListener('abort', cancel, { once: true });
  try {
    return await (family === 4 ? resolver.resolve4(host) : resolver.resolve6(host));
  } finally {
    signal.removeEventListener('abort', cancel);
  }
}
