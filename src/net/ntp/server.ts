/**
 * A time server for people without one (RFC 5905, as SNTP does): tells the time of this machine,
 * which nobody disciplines here, and says so by its stratum. Answers requests of clients and nothing
 * else: other modes have been used to flood third parties. Effects through Io.
 */
import type { Io } from '../io/io.ts';
import type { RunningServer, ServerUse } from '../server-use.ts';
import { TokenBuckets } from '../token-bucket.ts';
import { encodeBase16 } from '../wire/base16.ts';
import type { Endpoint } from '../wire/endpoint.ts';
import { ipToBytes } from '../wire/ip.ts';
import { decodeNtpRequest, encodeNtpAnswer, type NtpRequest } from './packet.ts';

/** A clock of its own, far from any reference (RFC 5905 §7.3: LOCL). */
const CLOCK = { stratum: 10, reference: 'LOCL', rootDispersion: 10 } as const;

export interface NtpServerTask {
  readonly io: Io;
  readonly locals: readonly Endpoint[];
  readonly report: (use: ServerUse) => void;
}

/** @throws the system's error (`code` EADDRINUSE, EACCES…), nothing being open then */
export async function startNtpServer({ io, locals, report }: NtpServerTask): Promise<RunningServer> {
  const buckets = new TokenBuckets({ rate: 20, burst: 50, maxKeys: 8_192 });
  const opening = await Promise.allSettled(
    locals.map(async (local) => {
      const socket = await io.openUdp(local, {
        datagram(data, remote) {
          const receivedAt = io.wallClock();
          const request = requestOf(data);
          if (request === null)
            report({ kind: 'ntp', client: remote.ip, what: 'error', detail: 'no NTP request' });
          else if (!buckets.take(keyOf(remote.ip), io.now()))
            report({ kind: 'ntp', client: remote.ip, what: 'refused', detail: 'too many requests' });
          else {
            socket.send(encodeNtpAnswer(request, CLOCK, receivedAt, io.wallClock()), remote);
            report({ kind: 'ntp', client: remote.ip, what: 'request' });
          }
        },
      });
      return socket;
    }),
  );
  const sockets = opening.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []));
  const close = async () => {
    for (const socket of sockets) socket.close();
  };
  const failed = opening.find((result) => result.status === 'rejected');
  if (failed !== undefined) {
    await close();
    throw failed.reason;
  }
  return { close };
}

/** null for anything but a client's request. */
function requestOf(data: Uint8Array): NtpRequest | null {
  try {
    return decodeNtpRequest(data);
  } catch {
    return null;
  }
}

/** One IPv4 address, or one IPv6 /64. */
function keyOf(ip: string): string {
  const bytes = ipToBytes(ip);
  return bytes === null ? ip : encodeBase16(bytes.subarray(0, 8));
}
