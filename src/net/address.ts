/**
 * A node's address ↔ bytes ↔ text (docs/wire.md, "Address"): one word that says who the node is
 * and every way to reach it, signed by its key. What it does not do: decide which way to try.
 */
import { type AddressInterface, decodeInterface, encodeInterface } from './address-interface.ts';
import { P2pdError } from './errors.ts';
import {
  type Identity,
  isPublicKey,
  nodeIdOf,
  PUBLIC_KEY_LENGTH,
  SIGNATURE_LENGTH,
  verifySignature,
} from './identity.ts';
import { decodeBase16, encodeBase16 } from './wire/base16.ts';
import { decodeBase32, encodeBase32 } from './wire/base32.ts';
import { DecodeError } from './wire/decode-error.ts';
import { Reader } from './wire/reader.ts';
import { Writer } from './wire/writer.ts';

export const ADDRESS_PREFIX = 'p2pd1';
/** Bytes of an address at most (contract). */
export const MAX_ADDRESS = 480;
/** Bytes of a machine id in the address. */
export const MACHINE_ID_LENGTH = 8;

const VERSION = 1;
const MAX_TEXT = ADDRESS_PREFIX.length + Math.ceil((MAX_ADDRESS * 8) / 5);
const MAX_INTERFACES = 16;
const MAX_BROKERS = 8;
const MAX_BROKER_URL = 64;
/** Keeps a signature over an address from being taken for one over anything else. */
const DOMAIN = new TextEncoder().encode('p2pd-demo address\0');

export interface AddressFields {
  /** A newer address of the same node has a larger number; Unix seconds of its making, at least one more than the last. */
  readonly sequence: number;
  /** 16 hex digits: a keyed hash of the machine's own id, equal for nodes on one machine. */
  readonly machineId: string;
  /** URLs of the MQTT brokers where the node listens for signals, at most 8. */
  readonly brokers: readonly string[];
  readonly interfaces: readonly AddressInterface[];
}

export interface NodeAddress extends AddressFields {
  /** 33 bytes, compressed. */
  readonly publicKey: Uint8Array;
  readonly nodeId: string;
}

/**
 * The signed text of an address. Where it would be longer than 480 bytes, what helps least is left
 * out first: second addresses, then interfaces without a default route, then the last ones.
 */
export function encodeAddress(identity: Identity, fields: AddressFields): string {
  let interfaces = fields.interfaces.slice(0, MAX_INTERFACES);
  let body = encodeBody(identity.publicKey, { ...fields, interfaces });
  while (body.length + SIGNATURE_LENGTH > MAX_ADDRESS && interfaces.length > 0) {
    interfaces = withoutLeastUseful(interfaces);
    body = encodeBody(identity.publicKey, { ...fields, interfaces });
  }
  const signature = identity.sign(signedBytes(body));
  return ADDRESS_PREFIX + encodeBase32(new Writer().bytes(body).bytes(signature).finish());
}

/** The bytes of an address that `encodeAddress` made. */
export function addressBytes(text: string): Uint8Array {
  return decodeBase32(text.slice(ADDRESS_PREFIX.length), ADDRESS_PREFIX.length + 1);
}

/** The word for the bytes of an address. */
export function addressText(bytes: Uint8Array): string {
  return ADDRESS_PREFIX + encodeBase32(bytes);
}

/**
 * Reads an address as a person pastes it (line breaks and case do not matter) and checks its signature.
 *
 * @throws P2pdError ADDRESS_FOREIGN, ADDRESS_DAMAGED or ADDRESS_TOO_NEW, saying which part is wrong
 */
export function parseAddress(text: string): NodeAddress {
  const word = text.replace(/\s+/g, '');
  assertOurs(word);
  try {
    if (word.length > MAX_TEXT)
      throw new DecodeError('length', `${word.length} letters, at most ${MAX_TEXT} are possible`);
    return decodeAddress(decodeBase32(word.slice(ADDRESS_PREFIX.length), ADDRESS_PREFIX.length + 1));
  } catch (error) {
    if (!(error instanceof DecodeError)) throw error;
    throw new P2pdError('ADDRESS_DAMAGED', `the address is damaged: ${error.message}`, { cause: error });
  }
}

/**
 * Decodes and verifies the bytes of an address.
 *
 * @throws DecodeError for damage, P2pdError ADDRESS_TOO_NEW for another version
 */
export function decodeAddress(bytes: Uint8Array): NodeAddress {
  if (bytes.length > MAX_ADDRESS)
    throw new DecodeError('length', `${bytes.length} bytes, at most ${MAX_ADDRESS} are possible`);
  const reader = new Reader(bytes);
  const version = reader.u8('version');
  if (version === 0) throw new DecodeError('version', '0 does not exist');
  if (version !== VERSION) throw tooNew(String(version));
  const sequence = reader.u32('sequence number');
  const publicKey = reader.bytes(PUBLIC_KEY_LENGTH, 'public key');
  if (!isPublicKey(publicKey)) throw new DecodeError('public key', 'is no point of secp256k1');
  const machineId = encodeBase16(reader.bytes(MACHINE_ID_LENGTH, 'machine id'));
  const brokers = decodeBrokers(reader);
  const interfaces = decodeInterfaces(reader);
  const bodyLength = reader.offset;
  const signature = reader.bytes(SIGNATURE_LENGTH, 'signature');
  reader.end('signature');
  if (!verifySignature(publicKey, signedBytes(bytes.subarray(0, bodyLength)), signature)) {
    throw new DecodeError('signature', 'does not fit the rest: some letters were changed');
  }
  return { sequence, publicKey, nodeId: nodeIdOf(publicKey), machineId, brokers, interfaces };
}

/** As `decodeAddress`; null for whatever it refuses. */
export function addressOf(bytes: Uint8Array): NodeAddress | null {
  try {
    return decodeAddress(bytes);
  } catch {
    return null;
  }
}

function assertOurs(word: string): void {
  const start = word.slice(0, ADDRESS_PREFIX.length).toLowerCase();
  if (start === ADDRESS_PREFIX) return;
  if (/^p2pd[2-9]/.test(start)) throw tooNew(start.slice(4));
  const shown = JSON.stringify(word.length > 24 ? `${word.slice(0, 24)}…` : word);
  if (/^[^-]*-[^-]*-[^-]*-[0-9a-f]{25}-/.test(word)) {
    throw new P2pdError(
      'ADDRESS_FOREIGN',
      `${shown} is an address of P2PD in Python, whose nodes speak another protocol`,
      {
        hint: 'start p2pd-demo on the other side too',
      },
    );
  }
  const why = word === '' ? 'it is empty' : `it does not begin with ${ADDRESS_PREFIX}`;
  throw new P2pdError('ADDRESS_FOREIGN', `${shown} is no address of p2pd-demo: ${why}`);
}

function tooNew(version: string): P2pdError {
  return new P2pdError(
    'ADDRESS_TOO_NEW',
    `the address has format version ${version}; this p2pd-demo reads version ${VERSION}`,
  );
}

function encodeBody(publicKey: Uint8Array, fields: AddressFields): Uint8Array {
  const writer = new Writer().u8(VERSION).u32(fields.sequence).bytes(publicKey);
  writer.bytes(decodeBase16(fields.machineId) ?? new Uint8Array(MACHINE_ID_LENGTH));
  const brokers = fields.brokers.filter((url) => url.length <= MAX_BROKER_URL).slice(0, MAX_BROKERS);
  writer.u8(brokers.length);
  for (const url of brokers) {
    const ascii = new TextEncoder().encode(url);
    writer.u8(ascii.length).bytes(ascii);
  }
  writer.u8(fields.interfaces.length);
  for (const entry of fields.interfaces) encodeInterface(writer, entry);
  return writer.finish();
}

function decodeBrokers(reader: Reader): string[] {
  const count = reader.u8('brokers');
  if (count > MAX_BROKERS)
    throw new DecodeError('brokers', `${count} of them, at most ${MAX_BROKERS} are possible`);
  return Array.from({ length: count }, (_, i) => {
    const place = `broker ${i + 1}`;
    const length = reader.u8(place);
    if (length > MAX_BROKER_URL)
      throw new DecodeError(place, `${length} letters, at most ${MAX_BROKER_URL} are possible`);
    const url = String.fromCharCode(...reader.bytes(length, place));
    if (!/^(mqtts?|wss?):\/\/[\w.:[\]/-]+$/.test(url)) throw new DecodeError(place, 'is no URL of a broker');
    return url;
  });
}

function decodeInterfaces(reader: Reader): AddressInterface[] {
  const count = reader.u8('interfaces');
  if (count > MAX_INTERFACES) {
    throw new DecodeError('interfaces', `${count} of them, at most ${MAX_INTERFACES} are possible`);
  }
  return Array.from({ length: count }, (_, i) => decodeInterface(reader, `interface ${i + 1}`));
}

/** One step of making room: a second address from the back, else an entry without default route, else the last entry. */
function withoutLeastUseful(interfaces: readonly AddressInterface[]): AddressInterface[] {
  const lastIndex = (test: (entry: AddressInterface) => boolean) => interfaces.map(test).lastIndexOf(true);
  const second = lastIndex((entry) => entry.inner.length > 1);
  if (second >= 0) {
    return interfaces.map((entry, i) =>
      i === second ? { ...entry, inner: entry.inner.slice(0, -1) } : entry,
    );
  }
  const idle = lastIndex((entry) => !entry.defaultRoute);
  const drop = idle >= 0 ? idle : interfaces.length - 1;
  return interfaces.filter((_, i) => i !== drop);
}

function signedBytes(body: Uint8Array): Uint8Array {
  return new Writer(DOMAIN.length + body.length).bytes(DOMAIN).bytes(body).finish();
}
