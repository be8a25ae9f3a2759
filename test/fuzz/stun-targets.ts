/** The decoder of STUN messages: what it accepts, written anew from what was read, is read the same. */
import { isDeepStrictEqual } from 'node:util';
import {
  decodeStun,
  encodeBindingRequest,
  encodeBindingResponse,
  encodeErrorResponse,
  type StunMessage,
} from '../../src/net/stun/message.ts';
import { DecodeError } from '../../src/net/wire/decode-error.ts';
import type { Target } from './targets.ts';

const id = new Uint8Array(12).fill(7);
const v4 = { ip: '192.0.2.1', port: 32853 };
const v6 = { ip: '2001:db8::1', port: 3478 };

/** null where there is nothing to write: an answer without an address, an error without a code. */
function written(read: StunMessage): Uint8Array | null {
  const { kind, transactionId, mapped, otherAddress, responseOrigin, change, errorCode, fingerprint } = read;
  if (kind === 'request')
    return encodeBindingRequest(transactionId, { changeIp: change.ip, changePort: change.port });
  if (kind === 'response' && mapped !== null)
    return encodeBindingResponse(transactionId, { mapped, otherAddress, responseOrigin, fingerprint });
  if (kind === 'error' && errorCode !== null)
    return encodeErrorResponse(transactionId, { code: errorCode, fingerprint });
  return null;
}

/** What of a message is written again: neither attributes that were not understood nor, in requests, the rest. */
function essence({
  kind,
  transactionId,
  mapped,
  otherAddress,
  responseOrigin,
  change,
  errorCode,
}: StunMessage) {
  if (kind === 'request') return [kind, transactionId, change];
  if (kind === 'error') return [kind, transactionId, errorCode];
  return [kind, transactionId, mapped, otherAddress, responseOrigin];
}

export const STUN_TARGETS: readonly Target[] = [
  {
    name: 'stun message',
    samples: [
      encodeBindingRequest(id),
      encodeBindingRequest(id, { changeIp: true, changePort: true }),
      encodeBindingResponse(id, { mapped: v4, otherAddress: v4, responseOrigin: v4, software: 'p2pd-demo' }),
      encodeBindingResponse(id, { mapped: v6, otherAddress: v6, responseOrigin: v6, fingerprint: true }),
      encodeErrorResponse(id, { code: 420, unknown: [0x24, 0x25] }),
    ],
    decode(input) {
      try {
        const read = decodeStun(input);
        const again = written(read);
        if (again !== null && !isDeepStrictEqual(essence(decodeStun(again)), essence(read)))
          throw new Error(`written as ${Buffer.from(again).toString('hex')}`);
        return input;
      } catch (error) {
        if (error instanceof DecodeError) return null;
        throw error;
      }
    },
  },
];
