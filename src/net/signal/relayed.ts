/** Relayed addresses inside `connect` (docs/wire.md, "Signalling"): at its end, left out where there are none. Codec only. */
import { DecodeError } from '../wire/decode-error.ts';
import type { Endpoint } from '../wire/endpoint.ts';
import { bytesToIp, familyOf, ipToBytes, reachOf } from '../wire/ip.ts';
import type { Reader } from '../wire/reader.ts';
import type { Writer } from '../wire/writer.ts';

const MAX_RELAYED = 2;

/** @throws RangeError for what is out of bounds */
export function writeRelayed(writer: Writer, relayed: readonly Endpoint[]): void {
  if (relayed.length === 0) return;
  if (relayed.length > MAX_RELAYED) throw new RangeError(`${relayed.length} relayed addresses`);
  writer.u8(relayed.length);
  for (const { ip, port } of relayed) {
    const bytes = ipToBytes(ip);
    if (bytes === null) throw new RangeError(`${ip} is no IP address`);
    writer.u8(familyOf(ip)).bytes(bytes).u16(port);
  }
}

/** @throws DecodeError */
export function readRelayed(reader: Reader): Endpoint[] {
  const count = reader.u8('relayed addresses');
  if (count === 0 || count > MAX_RELAYED)
    throw new DecodeError('relayed addresses', `${count} of them, 1 to ${MAX_RELAYED} are possible`);
  return Array.from({ length: count }, (_, i) => {
    const place = `relayed address ${i + 1}`;
    const family = reader.u8(place);
    if (family !== 4 && family !== 6) throw new DecodeError(place, `family ${family} is not known`);
    const ip = bytesToIp(reader.bytes(family === 4 ? 4 : 16, place));
    const port = reader.u16(place);
    if (reachOf(ip) === 'unusable' || port === 0) throw new DecodeError(place, 'is no address of a machine');
    return { ip, port };
  });
}
