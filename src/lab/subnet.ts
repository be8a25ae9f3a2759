/**
 * Subnets as text (`192.168.1.0/24`) and what lies in them. Pure.
 */
import type { Family } from '../net/wire/endpoint.ts';
import { bytesToIp, familyOf, ipToBytes } from '../net/wire/ip.ts';

export interface Subnet {
  readonly family: Family;
  readonly bytes: Uint8Array;
  readonly prefix: number;
}

/** @throws RangeError when the text is no subnet */
export function parseSubnet(text: string): Subnet {
  const [ip = '', length = ''] = text.split('/');
  const bytes = ipToBytes(ip);
  const prefix = Number(length);
  if (bytes === null || length === '' || !(prefix >= 0 && prefix <= bytes.length * 8))
    throw new RangeError(`${text} is no subnet: write it as 192.168.1.0/24`);
  return { family: familyOf(ip), bytes, prefix };
}

/** Whether an address, as bytes, lies in a subnet. */
export function contains(subnet: Subnet, bytes: Uint8Array): boolean {
  if (bytes.length !== subnet.bytes.length) return false;
  for (let bit = 0; bit < subnet.prefix; bit += 8) {
    const mask = 0xff & (0xff << Math.max(0, 8 - (subnet.prefix - bit)));
    const i = bit >> 3;
    if (((subnet.bytes[i] ?? 0) & mask) !== ((bytes[i] ?? 0) & mask)) return false;
  }
  return true;
}

/** The n-th address of a subnet; 1 is the first that a machine may have. */
export function addressIn(subnet: Subnet, n: number): string {
  const bytes = Uint8Array.from(subnet.bytes);
  let carry = n;
  for (let i = bytes.length - 1; i >= 0 && carry > 0; i--) {
    carry += bytes[i] ?? 0;
    bytes[i] = carry & 0xff;
    carry >>= 8;
  }
  if (!contains(subnet, bytes)) throw new RangeError(`the subnet has no ${n} addresses`);
  return bytesToIp(bytes);
}
