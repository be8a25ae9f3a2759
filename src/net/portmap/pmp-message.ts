/** NAT-PMP packets (RFC 6886 §3): 2 to 16 bytes. Codec only. */
import { DecodeError } from '../wire/decode-error.ts';
import { bytesToIp } from '../wire/ip.ts';
import { Reader } from '../wire/reader.ts';
import { Writer } from '../wire/writer.ts';

/** Of the router, for NAT-PMP and PCP (RFC 6886 §1.1, RFC 6887 §19.1). */
export const ROUTER_PORT = 5351;
const VERSION = 0;
const OPERATION_ADDRESS = 0;
const OPERATION_MAP_TCP = 2;
const RESPONSE = 128;
const MAP_LENGTH = 16;

export interface PmpMapQuestion {
  readonly internalPort: number;
  /** Asked for; 0 where the mapping is given back. */
  readonly externalPort: number;
  /** s; 0: gives it back. */
  readonly lifetime: number;
}

export type PmpAnswer =
  | { readonly kind: 'refused'; readonly operation: number; readonly reason: string }
  | { readonly kind: 'address'; readonly ip: string }
  | {
      readonly kind: 'map';
      readonly internalPort: number;
      readonly externalPort: number;
      /** s. */
      readonly lifetime: number;
    };

/** RFC 6886 §3.5. */
const RESULTS: Readonly<Record<number, string>> = {
  1: 'the router does not speak NAT-PMP',
  2: 'the router does not allow mappings',
  3: 'the router itself has no network',
  4: 'the router has no room for more mappings',
  5: 'the router does not know the request',
};

/** Asks for the router's outer address. */
export function encodePmpAddress(): Uint8Array {
  return new Uint8Array([VERSION, OPERATION_ADDRESS]);
}

/** Asks for a mapping of a TCP port. */
export function encodePmpMap({ internalPort, externalPort, lifetime }: PmpMapQuestion): Uint8Array {
  const writer = new Writer().u8(VERSION).u8(OPERATION_MAP_TCP).u16(0);
  return writer.u16(internalPort).u16(externalPort).u32(lifetime).finish();
}

/** @throws DecodeError */
export function decodePmp(bytes: Uint8Array): PmpAnswer {
  const reader = new Reader(bytes);
  const version = reader.u8('version');
  // A router that speaks PCP alone says so in its own form (RFC 6887 §9).
  if (version !== VERSION) throw new DecodeError('version', `${version} is not NAT-PMP`);
  const operation = reader.u8('operation') - RESPONSE;
  if (operation !== OPERATION_ADDRESS && operation !== OPERATION_MAP_TCP)
    throw new DecodeError('operation', 'is no answer to ours');
  const result = reader.u16('result');
  reader.u32('epoch');
  if (result !== 0)
    return { kind: 'refused', operation, reason: RESULTS[result] ?? `the router says ${result}` };
  if (operation === OPERATION_ADDRESS) return { kind: 'address', ip: bytesToIp(reader.bytes(4, 'address')) };
  if (bytes.length < MAP_LENGTH) throw new DecodeError('mapping', 'is cut off');
  return {
    kind: 'map',
    internalPort: reader.u16('internal port'),
    externalPort: reader.u16('external port'),
    lifetime: reader.u32('lifetime'),
  };
}
