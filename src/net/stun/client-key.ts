/** Whose use of a server counts together. Pure. */
import { familyOf, ipToBytes } from '../wire/ip.ts';

/** An IPv4 address, or an IPv6 /64: whoever has one address of it has them all (RFC 4291 §2.5.4). */
export function clientKey(ip: string): string {
  return familyOf(ip) === 4 ? ip : Buffer.from(ipToBytes(ip)?.subarray(0, 8) ?? []).toString('hex');
}
