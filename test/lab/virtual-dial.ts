/** Dialling by name on a simulated machine, the way Node's `net.connect` does it. */
import type { ByteStream, Io } from '../../src/net/io/io.ts';
import { canonicalIp } from '../../src/net/wire/ip.ts';

/** ms for each address but the last: Node's autoSelectFamilyAttemptTimeout. */
const ATTEMPT_TIMEOUT = 250;

/** @throws the resolver's error */
export async function addressesOf(io: Io, host: string, signal: AbortSignal): Promise<readonly string[]> {
  const literal = canonicalIp(host);
  if (literal !== null) return [literal];
  if (host === 'localhost') return ['127.0.0.1', '::1'];
  const [ipv4, ipv6] = await Promise.allSettled([io.lookup(host, 4, signal), io.lookup(host, 6, signal)]);
  const found = [ipv4, ipv6].flatMap((part) => (part.status === 'fulfilled' ? part.value.slice(0, 2) : []));
  if (found.length === 0)
    throw ipv4.status === 'rejected' ? ipv4.reason : new Error(`${host} has no address`);
  return found;
}

/** Tries one address after the other. @throws the last one's error */
export async function dialAny(
  io: Io,
  ips: readonly string[],
  port: number,
  signal: AbortSignal,
): Promise<ByteStream> {
  for (const ip of ips.slice(0, -1)) {
    const limit = new AbortController();
    const over = new AbortController();
    void io.sleepUntil(io.now() + ATTEMPT_TIMEOUT, over.signal).then(() => limit.abort());
    try {
      return await io.dialTcp(null, { ip, port }, AbortSignal.any([signal, limit.signal]));
    } catch {
      signal.throwIfAborted();
    } finally {
      over.abort();
    }
  }
  return io.dialTcp(null, { ip: ips.at(-1) ?? '', port }, signal);
}
