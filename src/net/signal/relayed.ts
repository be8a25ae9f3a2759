/** Relayed addresses inside `connect` (docs/wire.md, "Signalling"): at its end, left out where there are none. Codec only. */
import { DecodeError } from '../wire/decode-error.ts';
import type { Endpoint } from '../wire/endpoint.ts';
import { bytesToIp, familyOf, ipToBytes, reachOf } from '../wire/ip.ts';
import type { Reader } from '../wire/reader.ts';
import type { Writer } from '../wire/writer.ts';

/** Where a relay lets the recipient in. */
export interface RelayedAddress extends Endpoint {
  /** By what it has to come there: a connection, or the probes of a UDP punch. */
  readonly transport: 'tcp' | 'udp';
}

const MAX_RELAYED = 2;
/** Added to the family where it is UDP: those who know TCP only take it for a family that does not exist. */
const UDP = 0x10;

/** @throws RangeError for what is out of bounds */
export function writeRelayed(writer: Writer, relayed: readonly RelayedAddress[]): void {
  if (relayed.length === 0) return;
  if (relayed.length > MAX_RELAYED) throw new RangeError(`${relayed.length} relayed addresses`);
  writer.u8(relayed.length);
  for (const { ip, port, transport } of relayed) {
    const bytes = ipToBytes(ip);
    if (bytes === null) throw new RangeError(`${ip} is no IP address`);
    writer
      .u8(familyOf(ip) + (transport === 'udp' ? UDP : 0))
      .bytes(bytes)
      .u16(port);
  }
}

/** @throws DecodeError */
export function readRelayed(reader: Reader): RelayedAddress[] {
  const count = reader.u8('relayed addresses');
  if (count === 0 || count > MAX_RELAYED)
    throw new DecodeError('relayed addresses', `${count} of them, 1 to ${MAX_RELAYED} are possible`);
  return Array.from({ length: count }, (_, i) => {
    const place = `relayed address ${i + 1}`;
    const kind = reader.u8(place);
    const family = kind & ~UDP;
    if (family !== 4 && family !== 6) throw new DecodeError(place, `family ${family} is not known`);
    const ip = bytesToIp(reader.bytes(family === 4 ? 4 : 16, place));
    const port = reader.u16(place);
    if (reachOf(ip) === 'unusable' || port === 0) throw new DecodeError(place, 'is no address of a machine');
    return { ip, port, transport: kind === family ? 'tcp' : 'udp' };
  });
}
