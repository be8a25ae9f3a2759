/**
 * What a STUN server answers (RFC 8489 §6.3, RFC 5780 §6), and from where. Pure.
 *
 * With one address it serves its second port too and honours a wish to be answered from there, which
 * needs no more; RFC 5780 §6 would have it refuse, as OTHER-ADDRESS must name another IP *and* port,
 * so that attribute is told only where there is such an address. A wish that cannot be granted is an
 * attribute not understood (420). RESPONSE-PORT and PADDING are not offered: they make a server
 * send to others, and more than it got.
 *
 * An answer has at most 92 bytes (120 with FINGERPRINT) for 20 (28) or more: on the wire, with IP
 * and UDP headers, under 2.1 times the request.
 */
import type { Endpoint } from '../wire/endpoint.ts';
import { CHANGE_REQUEST, encodeBindingResponse, encodeErrorResponse, type StunMessage } from './message.ts';
import type { Transport } from './transaction.ts';

/** Where a request came in, and where else its answer can leave from; null = nowhere. */
export interface Listening {
  readonly local: Endpoint;
  readonly otherPort: Endpoint | null;
  readonly otherIp: Endpoint | null;
  /** Another address and another port: OTHER-ADDRESS. */
  readonly otherBoth: Endpoint | null;
}

export interface Reply {
  readonly data: Uint8Array;
  /** Where it is to leave from. */
  readonly from: Endpoint;
}

/** null for what is not to be answered: answers and indications. */
export function replyTo(
  request: StunMessage,
  client: Endpoint,
  at: Listening,
  transport: Transport,
): Reply | null {
  if (request.kind !== 'request') return null;
  const { transactionId, unknownRequired, fingerprint } = request;
  const refuse = (unknown: readonly number[]): Reply => ({
    data: encodeErrorResponse(transactionId, { code: 420, unknown, fingerprint }),
    from: at.local,
  });
  if (unknownRequired.length > 0) return refuse(unknownRequired);
  const from = originFor(request, at, transport);
  if (from === null) return refuse([CHANGE_REQUEST]);
  const fields = { mapped: client, responseOrigin: from, otherAddress: at.otherBoth, fingerprint };
  return { data: encodeBindingResponse(transactionId, fields), from };
}

/** null where the wish cannot be granted; over TCP an answer can only come from where it was asked. */
function originFor({ change }: StunMessage, at: Listening, transport: Transport): Endpoint | null {
  if (!change.ip && !change.port) return at.local;
  if (transport === 'tcp') return null;
  if (change.ip) return change.port ? at.otherBoth : at.otherIp;
  return at.otherPort;
}
