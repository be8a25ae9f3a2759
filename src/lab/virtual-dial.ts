/** Dialling one of several addresses on a simulated machine, the way Node's `net.connect` does it. */
import type { ByteStream, Io } from '../net/io/io.ts';

/** ms for each address but the last: Node's autoSelectFamilyAttemptTimeout. */
const ATTEMPT_TIMEOUT = 250;

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
