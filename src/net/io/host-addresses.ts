/** Which addresses of a host are dialled: two of each family, as a real and a simulated machine do. */
import type { Family } from '../wire/endpoint.ts';
import { canonicalIp } from '../wire/ip.ts';

/** @throws the resolver's error where neither family has an address */
export async function addressesOf(
  host: string,
  signal: AbortSignal,
  lookup: (host: string, family: Family, signal: AbortSignal) => Promise<readonly string[]>,
): Promise<readonly string[]> {
  const literal = canonicalIp(host);
  if (literal !== null) return [literal];
  if (host === 'localhost') return ['127.0.0.1', '::1'];
  const [ipv4, ipv6] = await Promise.allSettled([lookup(host, 4, signal), lookup(host, 6, signal)]);
  const found = [ipv4, ipv6].flatMap((part) => (part.status === 'fulfilled' ? part.value.slice(0, 2) : []));
  if (found.length === 0)
    throw ipv4.status === 'rejected' ? ipv4.reason : new Error(`${host} has no address`);
  return found;
}
