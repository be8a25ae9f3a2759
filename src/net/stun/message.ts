/**
 * STUN Binding messages (RFC 8489) with the attributes of RFC 5780 that tell other addresses of a
 * server. The fence around the package `stun`: only its codec is used, it sees only messages that
 * the guard took apart and that hold nothing but attributes we read (it refuses a message whole for
 * one odd attribute that nobody asked about), and its objects stay here. Addresses and FINGERPRINT
 * are read and written by ourselves: its 3.2.1 unmasks IPv6 addresses with a transaction id of
 * zeros, writes `1::` as `0:1::`, throws for port 0, and checks a fingerprint against what it would
 * have written. No integrity: nobody has a key. Pure.
 */
import { createMessage, decode, encode } from 'stun';
import { DecodeError } from '../wire/decode-error.ts';
import type { Endpoint } from '../wire/endpoint.ts';
import { Writer } from '../wire/writer.ts';
import { addressValue, appended, endpointOf, finished, isAddress, masked } from './attributes.ts';
import { type Envelope, MAGIC_COOKIE, openEnvelope, type RawAttribute } from './guard.ts';

export const TRANSACTION_ID_LENGTH = 12;

/** Binding with each class (RFC 8489 §5). */
const TYPES = { request: 0x0001, indication: 0x0011, response: 0x0101, error: 0x0111 } as const;
const KINDS = Object.entries(TYPES) as readonly (readonly [StunKind, number])[];

const MAPPED_ADDRESS = 0x0001;
export const CHANGE_REQUEST = 0x0003;
const MESSAGE_INTEGRITY = 0x0008;
const ERROR_CODE = 0x0009;
const MESSAGE_INTEGRITY_SHA256 = 0x001c;
const XOR_MAPPED_ADDRESS = 0x0020;
const RESPONSE_PORT = 0x0027;
const RESPONSE_ORIGIN = 0x802b;
const OTHER_ADDRESS = 0x802c;

/** Attributes that must be understood and are: read here, or rightly left aside by who has no key. */
const UNDERSTOOD: ReadonlySet<number> = new Set([
  MAPPED_ADDRESS,
  CHANGE_REQUEST,
  // SOURCE-ADDRESS and CHANGED-ADDRESS, which servers of RFC 3489's time still add to answers.
  0x0004,
  0x0005,
  // USERNAME, MESSAGE-INTEGRITY, ERROR-CODE, UNKNOWN-ATTRIBUTES, REALM, NONCE.
  0x0006,
  MESSAGE_INTEGRITY,
  ERROR_CODE,
  0x000a,
  0x0014,
  0x0015,
  // MESSAGE-INTEGRITY-SHA256, PASSWORD-ALGORITHM, USERHASH.
  MESSAGE_INTEGRITY_SHA256,
  0x001d,
  0x001e,
  XOR_MAPPED_ADDRESS,
]);
/** Attributes from here on may be left aside by whoever does not know them. */
const OPTIONAL = 0x8000;

const CHANGE_IP = 0x04;
const CHANGE_PORT = 0x02;

export type StunKind = 'request' | 'response' | 'error' | 'indication';

/** What a request asks of where the answer comes from (CHANGE-REQUEST, RFC 5780 §7.2). */
export interface Change {
  readonly ip: boolean;
  readonly port: boolean;
}

export interface StunMessage {
  readonly kind: StunKind;
  readonly transactionId: Uint8Array;
  /** XOR-MAPPED-ADDRESS, MAPPED-ADDRESS where it is missing. */
  readonly mapped: Endpoint | null;
  /** Where the server listens besides: another IP and another port (RFC 5780 §7.4). */
  readonly otherAddress: Endpoint | null;
  /** Where the server says the answer comes from (RFC 5780 §7.3). */
  readonly responseOrigin: Endpoint | null;
  readonly change: Change;
  /** 300 to 699, of an error only. */
  readonly errorCode: number | null;
  /** Attributes that must be understood and are not, each once. */
  readonly unknownRequired: readonly number[];
  /** Whether a FINGERPRINT came along, and fitted. */
  readonly fingerprint: boolean;
}

export interface RequestOptions {
  readonly changeIp?: boolean;
  readonly changePort?: boolean;
  /** Where to send the answer instead of the port that asked (RFC 5780 §7.5). */
  readonly responsePort?: number | null;
}

export interface ResponseFields {
  readonly mapped: Endpoint;
  readonly otherAddress?: Endpoint | null;
  readonly responseOrigin?: Endpoint | null;
  readonly software?: string;
  /** As the request had one (RFC 8489 §7). */
  readonly fingerprint?: boolean;
}

export interface ErrorFields {
  readonly code: number;
  /** UNKNOWN-ATTRIBUTES, for 420. */
  readonly unknown?: readonly number[];
  readonly fingerprint?: boolean;
}

export function encodeBindingRequest(
  transactionId: Uint8Array,
  { changeIp = false, changePort = false, responsePort = null }: RequestOptions = {},
): Uint8Array {
  const message = createMessage(TYPES.request, Buffer.from(transactionId));
  const flags = (changeIp ? CHANGE_IP : 0) | (changePort ? CHANGE_PORT : 0);
  if (flags !== 0) message.addAttribute(CHANGE_REQUEST, flags);
  if (responsePort === null) return Uint8Array.from(encode(message));
  const value = new Writer().u16(responsePort).u16(0).finish();
  return appended(encode(message), [{ type: RESPONSE_PORT, value }]);
}

export function encodeBindingResponse(transactionId: Uint8Array, fields: ResponseFields): Uint8Array {
  const { mapped, otherAddress, responseOrigin, software, fingerprint = false } = fields;
  const message = createMessage(TYPES.response, Buffer.from(transactionId));
  if (software !== undefined) message.addSoftware(software);
  const more = [{ type: XOR_MAPPED_ADDRESS, value: masked(addressValue(mapped), transactionId) }];
  if (responseOrigin) more.push({ type: RESPONSE_ORIGIN, value: addressValue(responseOrigin) });
  if (otherAddress) more.push({ type: OTHER_ADDRESS, value: addressValue(otherAddress) });
  return finished(appended(encode(message), more), fingerprint);
}

export function encodeErrorResponse(transactionId: Uint8Array, fields: ErrorFields): Uint8Array {
  const { code, unknown = [], fingerprint = false } = fields;
  const message = createMessage(TYPES.error, Buffer.from(transactionId));
  message.addError(code);
  if (unknown.length > 0) message.addUnknownAttributes(unknown);
  return finished(encode(message), fingerprint);
}

/** @throws DecodeError for anything but a whole Binding message */
export function decodeStun(bytes: Uint8Array): StunMessage {
  const envelope = openEnvelope(bytes);
  const kind = KINDS.find(([, type]) => type === envelope.type)?.[0];
  if (kind === undefined) throw new DecodeError('STUN type', 'no Binding message');
  const attributes = readable(envelope.attributes);
  const message = parse(envelope, attributes);
  const valueFor = (type: number) => attributes.find((attribute) => attribute.type === type)?.value;
  const xored = valueFor(XOR_MAPPED_ADDRESS);
  const flags = message.getAttribute(CHANGE_REQUEST)?.value;
  return {
    kind,
    transactionId: envelope.transactionId,
    mapped: endpointOf(xored ? masked(xored, envelope.transactionId) : valueFor(MAPPED_ADDRESS)),
    otherAddress: endpointOf(valueFor(OTHER_ADDRESS)),
    responseOrigin: endpointOf(valueFor(RESPONSE_ORIGIN)),
    change: { ip: hasFlag(flags, CHANGE_IP), port: hasFlag(flags, CHANGE_PORT) },
    errorCode: kind === 'error' ? (message.getError()?.code ?? null) : null,
    unknownRequired: unknownIn(envelope.attributes),
    fingerprint: envelope.fingerprint,
  };
}

/** Has the package read the message, with those attributes of it that are its part. */
function parse(envelope: Envelope, attributes: readonly RawAttribute[]) {
  const header = new Writer().u16(envelope.type).u16(0).u32(MAGIC_COOKIE).bytes(envelope.transactionId);
  const own = attributes.filter(({ type }) => type === CHANGE_REQUEST || type === ERROR_CODE);
  try {
    return decode(Buffer.from(appended(header.finish(), own)));
  } catch (cause) {
    throw new DecodeError('STUN attributes', cause instanceof Error ? cause.message : String(cause));
  }
}

/**
 * The attributes we read and the package reads well. Of several of one type the first counts (RFC
 * 8489 §14), after an integrity none does (§14.5).
 */
function readable(attributes: readonly RawAttribute[]): RawAttribute[] {
  const found = new Map<number, RawAttribute>();
  for (const attribute of attributes) {
    const { type, value } = attribute;
    if (type === MESSAGE_INTEGRITY || type === MESSAGE_INTEGRITY_SHA256) break;
    if (!found.has(type) && isWellFormed(type, value)) found.set(type, attribute);
  }
  return [...found.values()];
}

/** @throws DecodeError for an attribute that the message cannot do without */
function isWellFormed(type: number, value: Uint8Array): boolean {
  switch (type) {
    case XOR_MAPPED_ADDRESS:
    case MAPPED_ADDRESS:
      if (!isAddress(value)) throw new DecodeError('STUN mapped address', 'no address of IPv4 or IPv6');
      return true;
    case OTHER_ADDRESS:
    case RESPONSE_ORIGIN:
      return isAddress(value);
    case CHANGE_REQUEST:
      if (value.length !== 4) throw new DecodeError('STUN change request', 'not 4 bytes');
      return true;
    case ERROR_CODE:
      if (!isErrorCode(value)) throw new DecodeError('STUN error code', 'not of 300 to 699');
      return true;
    default:
      return false;
  }
}

function isErrorCode(value: Uint8Array): boolean {
  const [, , hundreds = 0, rest = 0] = value;
  return value.length >= 4 && hundreds >= 3 && hundreds <= 6 && rest < 100;
}

function hasFlag(value: unknown, flag: number): boolean {
  return typeof value === 'number' && (value & flag) !== 0;
}

function unknownIn(attributes: readonly RawAttribute[]): number[] {
  const types = attributes.map(({ type }) => type).filter((type) => type < OPTIONAL && !UNDERSTOOD.has(type));
  return [...new Set(types)];
}
