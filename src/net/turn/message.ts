/**
 * TURN messages (RFC 8656) and those for TCP allocations (RFC 6062), with MESSAGE-INTEGRITY by a long-term
 * key (RFC 8489 §9.2, §14.5). For client and server. Codec only.
 */
import { createHmac, timingSafeEqual } from 'node:crypto';
import { addressValue, appended, endpointOf, finished, isAddress, masked } from '../stun/attributes.ts';
import { MAGIC_COOKIE, openEnvelope, type RawAttribute } from '../stun/guard.ts';
import { DecodeError } from '../wire/decode-error.ts';
import type { Endpoint } from '../wire/endpoint.ts';
import { Writer } from '../wire/writer.ts';

const METHODS = {
  binding: 0x001,
  allocate: 0x003,
  refresh: 0x004,
  send: 0x006,
  data: 0x007,
  'create-permission': 0x008,
  'channel-bind': 0x009,
  connect: 0x00a,
  'connection-bind': 0x00b,
  'connection-attempt': 0x00c,
} as const;
const KINDS = { request: 0x000, indication: 0x010, success: 0x100, error: 0x110 } as const;

export const ATTRIBUTES = {
  username: 0x0006,
  integrity: 0x0008,
  errorCode: 0x0009,
  unknown: 0x000a,
  channel: 0x000c,
  lifetime: 0x000d,
  peer: 0x0012,
  data: 0x0013,
  realm: 0x0014,
  nonce: 0x0015,
  relayed: 0x0016,
  family: 0x0017,
  transport: 0x0019,
  mapped: 0x0020,
  connectionId: 0x002a,
  software: 0x8022,
  alternateServer: 0x8023,
} as const;

/** Bytes of text that are read (RFC 8489 §14.3: 508 to 763). */
const MAX_TEXT = 763;
const INTEGRITY_LENGTH = 20;

export type TurnMethod = keyof typeof METHODS;
export type TurnKind = keyof typeof KINDS;

export interface TurnFields {
  readonly method: TurnMethod;
  readonly kind: TurnKind;
  /** 12 bytes. */
  readonly transactionId: Uint8Array;
  readonly attributes: readonly RawAttribute[];
}

/** @param key of MESSAGE-INTEGRITY; null: none */
export function encodeTurn(fields: TurnFields, key: Uint8Array | null): Uint8Array {
  const { method, kind, transactionId, attributes } = fields;
  const header = new Writer().u16(typeOf(method, kind)).u16(0).u32(MAGIC_COOKIE).bytes(transactionId);
  const message = appended(header.finish(), attributes);
  if (key === null) return finished(message, true);
  const signed = appended(message, [{ type: ATTRIBUTES.integrity, value: new Uint8Array(INTEGRITY_LENGTH) }]);
  signed.set(hmac(key, signed.subarray(0, message.length)), signed.length - INTEGRITY_LENGTH);
  return finished(signed, true);
}

/** A message as it came in; of several attributes of one type the first counts, after an integrity none. */
export class TurnMessage {
  readonly method: TurnMethod;
  readonly kind: TurnKind;
  readonly transactionId: Uint8Array;
  readonly #bytes: Uint8Array;
  readonly #attributes: readonly RawAttribute[];
  /** Where MESSAGE-INTEGRITY begins; null where there is none. */
  readonly #integrityAt: number | null;

  /** @throws DecodeError for anything but a whole message of these methods */
  constructor(bytes: Uint8Array) {
    const envelope = openEnvelope(bytes);
    const found = partsOf(envelope.type);
    if (found === null) throw new DecodeError('TURN type', `${envelope.type} is not known`);
    this.method = found.method;
    this.kind = found.kind;
    this.transactionId = envelope.transactionId;
    this.#bytes = bytes;
    const at = envelope.attributes.findIndex(({ type }) => type === ATTRIBUTES.integrity);
    this.#attributes = at < 0 ? envelope.attributes : envelope.attributes.slice(0, at);
    this.#integrityAt = at < 0 ? null : 20 + lengthOf(this.#attributes);
    this.#integrity = at < 0 ? null : (envelope.attributes[at]?.value ?? null);
  }

  readonly #integrity: Uint8Array | null;

  get isSigned(): boolean {
    return this.#integrity !== null;
  }

  /** Whether its MESSAGE-INTEGRITY is of this key; compared in constant time. */
  isSignedBy(key: Uint8Array): boolean {
    if (this.#integrityAt === null || this.#integrity?.length !== INTEGRITY_LENGTH) return false;
    const before = Uint8Array.from(this.#bytes.subarray(0, this.#integrityAt));
    new DataView(before.buffer).setUint16(2, this.#integrityAt - 20 + 4 + INTEGRITY_LENGTH);
    return timingSafeEqual(hmac(key, before), this.#integrity);
  }

  has(type: number): boolean {
    return this.#valueOf(type) !== undefined;
  }

  /** @throws DecodeError where it is too long */
  text(type: number): string | null {
    const value = this.#valueOf(type);
    if (value === undefined) return null;
    if (value.length > MAX_TEXT) throw new DecodeError('TURN text', `${value.length} bytes are too many`);
    return Buffer.from(value).toString('utf8');
  }

  /** null where there is none. */
  bytes(type: number): Uint8Array | null {
    return this.#valueOf(type) ?? null;
  }

  /** @throws DecodeError where it has not four bytes */
  number(type: number): number | null {
    const value = this.#valueOf(type);
    if (value === undefined) return null;
    if (value.length !== 4) throw new DecodeError('TURN number', `has ${value.length} bytes`);
    return new DataView(value.buffer, value.byteOffset).getUint32(0);
  }

  /** XOR-…-ADDRESS. @throws DecodeError for what is no address */
  endpoint(type: number): Endpoint | null {
    const [value] = this.#valuesOf(type);
    return value === undefined ? null : this.#unmasked(value);
  }

  /** ALTERNATE-SERVER (RFC 8489 §14.15), which is not masked. @throws DecodeError for what is no address */
  alternate(): Endpoint | null {
    const value = this.#valueOf(ATTRIBUTES.alternateServer);
    return value === undefined ? null : endpointOf(checked(value));
  }

  /** Addresses of all XOR-PEER-ADDRESS, their ports aside. @throws DecodeError */
  peerIps(): string[] {
    return this.#valuesOf(ATTRIBUTES.peer).map((value) => {
      const [, , , , ...address] = masked(checked(value), this.transactionId);
      // Port 0 is usual here, and no endpoint.
      return endpointOf(Uint8Array.from([0, value[1] ?? 0, 0, 1, ...address]))?.ip ?? '';
    });
  }

  /** 300 to 699 and what the server says with it; null where it is no error. @throws DecodeError */
  error(): { readonly code: number; readonly reason: string } | null {
    const value = this.#valueOf(ATTRIBUTES.errorCode);
    if (this.kind !== 'error') return null;
    const [, , hundreds = 0, rest = 0] = value ?? [];
    if (value === undefined || hundreds < 3 || hundreds > 6 || rest > 99)
      throw new DecodeError('TURN error code', 'is not one of 300 to 699');
    return { code: hundreds * 100 + rest, reason: Buffer.from(value.subarray(4, 132)).toString('utf8') };
  }

  #unmasked(value: Uint8Array): Endpoint | null {
    return endpointOf(masked(checked(value), this.transactionId));
  }

  #valueOf(type: number): Uint8Array | undefined {
    return this.#attributes.find((attribute) => attribute.type === type)?.value;
  }

  #valuesOf(type: number): Uint8Array[] {
    return this.#attributes.filter((attribute) => attribute.type === type).map(({ value }) => value);
  }
}

export function textAttribute(type: number, text: string): RawAttribute {
  return { type, value: new Uint8Array(Buffer.from(text)) };
}

export function numberAttribute(type: number, value: number): RawAttribute {
  return { type, value: new Writer(4).u32(value).finish() };
}

export function endpointAttribute(type: number, at: Endpoint, transactionId: Uint8Array): RawAttribute {
  return { type, value: masked(addressValue(at), transactionId) };
}

export function errorAttribute(code: number, reason: string): RawAttribute {
  const head = new Writer()
    .u16(0)
    .u8(Math.floor(code / 100))
    .u8(code % 100);
  return { type: ATTRIBUTES.errorCode, value: head.bytes(new Uint8Array(Buffer.from(reason))).finish() };
}

/** Whether a message of STUN's kind is of a relay's methods, by its first two bytes. */
export function isTurn(bytes: Uint8Array): boolean {
  const parts = partsOf(((bytes[0] ?? 0) << 8) | (bytes[1] ?? 0));
  return parts !== null && parts.method !== 'binding';
}

function checked(value: Uint8Array): Uint8Array {
  if (!isAddress(value)) throw new DecodeError('TURN address', 'no address of IPv4 or IPv6');
  return value;
}

/** Bytes of attributes with their heads and padding. */
function lengthOf(attributes: readonly RawAttribute[]): number {
  return attributes.reduce((sum, { value }) => sum + 4 + Math.ceil(value.length / 4) * 4, 0);
}

/** Method and class interleaved (RFC 8489 §5). */
function typeOf(method: TurnMethod, kind: TurnKind): number {
  const bits = METHODS[method];
  return (bits & 0x00f) | ((bits & 0x070) << 1) | ((bits & 0xf80) << 2) | KINDS[kind];
}

function partsOf(type: number): { readonly method: TurnMethod; readonly kind: TurnKind } | null {
  for (const method of Object.keys(METHODS) as TurnMethod[])
    for (const kind of Object.keys(KINDS) as TurnKind[])
      if (typeOf(method, kind) === type) return { method, kind };
  return null;
}

function hmac(key: Uint8Array, bytes: Uint8Array): Buffer {
  return createHmac('sha1', key).update(bytes).digest();
}

/** Tells the client of a peer that has dialled (RFC 6062 §5.3). @param id of the connection */
export function encodeAttempt(
  id: number,
  peer: Endpoint,
  transactionId: Uint8Array,
  key: Uint8Array,
): Uint8Array {
  const attributes = [
    numberAttribute(ATTRIBUTES.connectionId, id),
    endpointAttribute(ATTRIBUTES.peer, peer, transactionId),
  ];
  return encodeTurn({ method: 'connection-attempt', kind: 'indication', transactionId, attributes }, key);
}
