/** Parts of STUN messages that all methods share (RFC 8489 §14): addresses, masked or not, and attributes at a message's end. Pure. */
import type { Endpoint } from '../wire/endpoint.ts';
import { bytesToIp, ipToBytes } from '../wire/ip.ts';
import { Writer } from '../wire/writer.ts';
import { FINGERPRINT, fingerprintOf, HEADER_LENGTH, MAGIC_COOKIE, type RawAttribute } from './guard.ts';

/** The message with more attributes at its end. */
export function appended(message: Uint8Array, attributes: readonly RawAttribute[]): Uint8Array {
  const writer = new Writer().bytes(message);
  for (const { type, value } of attributes) {
    const padding = new Uint8Array((4 - (value.length % 4)) % 4);
    writer.u16(type).u16(value.length).bytes(value).bytes(padding);
  }
  const whole = writer.finish();
  new DataView(whole.buffer).setUint16(2, whole.length - HEADER_LENGTH);
  return whole;
}

/** @param fingerprint whether one is put at the end */
export function finished(message: Uint8Array, fingerprint: boolean): Uint8Array {
  if (!fingerprint) return Uint8Array.from(message);
  // The CRC covers the length as it is with the FINGERPRINT (RFC 8489 §14.7).
  const whole = appended(message, [{ type: FINGERPRINT, value: new Uint8Array(4) }]);
  new DataView(whole.buffer).setUint32(whole.length - 4, fingerprintOf(whole.subarray(0, message.length)));
  return whole;
}

/** Family 1 with 4 bytes of address, 2 with 16 (RFC 8489 §14.1). */
export function isAddress(value: Uint8Array): boolean {
  return (value[1] === 1 && value.length === 8) || (value[1] === 2 && value.length === 20);
}

/** @throws RangeError for what is no address: our own fault */
export function addressValue({ ip, port }: Endpoint): Uint8Array {
  const bytes = ipToBytes(ip);
  if (bytes === null) throw new RangeError(`${ip} is no IP address`);
  const family = bytes.length === 4 ? 1 : 2;
  return new Writer().u8(0).u8(family).u16(port).bytes(bytes).finish();
}

/** Port and address XORed with cookie and transaction id, both ways (RFC 8489 §14.2). */
export function masked(value: Uint8Array, transactionId: Uint8Array): Uint8Array {
  const key = new Writer().u32(MAGIC_COOKIE).bytes(transactionId).finish();
  // The port has the key's first two bytes, the address behind it begins with the first again.
  return value.map((byte, at) => (at < 2 ? byte : byte ^ (key[at < 4 ? at - 2 : at - 4] ?? 0)));
}

/** Of an address attribute that is well-formed; port 0 is none. */
export function endpointOf(value: Uint8Array | undefined): Endpoint | null {
  const port = ((value?.[2] ?? 0) << 8) | (value?.[3] ?? 0);
  return value === undefined || port === 0 ? null : { ip: bytesToIp(value.subarray(4)), port };
}
