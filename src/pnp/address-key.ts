/** What the limits of a name server count by: an address, and of IPv6 the networks around it. Pure. */
import { familyOf, ipToBytes } from '../net/index.ts';

export interface AddressKey {
  readonly family: 4 | 6;
  /** 4 or 16 bytes. */
  readonly address: Uint8Array;
  /** The /64; empty of IPv4. */
  readonly subnet: Uint8Array;
  /** The /48; empty of IPv4. */
  readonly site: Uint8Array;
}

const SUBNET_LENGTH = 8;
const SITE_LENGTH = 6;

/** @param ip canonical, without a zone @throws TypeError for anything else */
export function addressKeyOf(ip: string): AddressKey {
  const bytes = ipToBytes(ip);
  if (bytes === null) throw new TypeError(`${ip} is no address`);
  const isIpv6 = familyOf(ip) === 6;
  const network = (length: number) => (isIpv6 ? bytes.slice(0, length) : new Uint8Array(0));
  return {
    family: isIpv6 ? 6 : 4,
    address: bytes,
    subnet: network(SUBNET_LENGTH),
    site: network(SITE_LENGTH),
  };
}
