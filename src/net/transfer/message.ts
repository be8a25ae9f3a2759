/** What the two sides of a file transfer say (docs/wire.md, "Control messages"): protocol 2. The file's bytes are bulk. Codec only. */
import { DecodeError } from '../wire/decode-error.ts';
import { Reader } from '../wire/reader.ts';
import { Writer } from '../wire/writer.ts';

export const PROTOCOL_FILE = 2;
const OPERATIONS = ['offer', 'accept', 'begin', 'end', 'done', 'refuse', 'withdraw'] as const;
/** Bytes of SHA-256. */
export const HASH_LENGTH = 32;
/** Bytes of a name and of a reason. */
const MAX_NAME = 1_024;
const MAX_REASON = 200;
/** 1 PiB: what is larger is a mistake. */
const MAX_SIZE = 2 ** 50;

export type FileMessage =
  /** The sender has a file. */
  | { readonly operation: 'offer'; readonly size: number; readonly name: string }
  /** It is wanted; so much of it is there already, and has this hash. */
  | { readonly operation: 'accept'; readonly offset: number; readonly hash: Uint8Array }
  /** Bytes follow from here on: where the receiver has them, or 0 where it has something else. */
  | { readonly operation: 'begin'; readonly offset: number }
  /** All bytes were sent; the hash of the whole file. */
  | { readonly operation: 'end'; readonly hash: Uint8Array }
  /** It is there, under this name. */
  | { readonly operation: 'done'; readonly name: string }
  /** It is not taken, or not any more. */
  | { readonly operation: 'refuse'; readonly reason: string }
  /** The sender does not send the rest. */
  | { readonly operation: 'withdraw'; readonly reason: string };

export function encodeFileMessage(message: FileMessage): Uint8Array {
  const writer = new Writer().u8(PROTOCOL_FILE).u8(OPERATIONS.indexOf(message.operation));
  switch (message.operation) {
    case 'offer':
      return writeText(writeCount(writer, message.size), message.name, MAX_NAME).finish();
    case 'accept':
      return writeCount(writer, message.offset).bytes(message.hash).finish();
    case 'begin':
      return writeCount(writer, message.offset).finish();
    case 'end':
      return writer.bytes(message.hash).finish();
    case 'done':
      return writeText(writer, message.name, MAX_NAME).finish();
    case 'refuse':
    case 'withdraw':
      return writeText(writer, message.reason, MAX_REASON).finish();
  }
}

/** @returns null for another protocol's message. @throws DecodeError */
export function decodeFileMessage(bytes: Uint8Array): FileMessage | null {
  const reader = new Reader(bytes);
  if (reader.u8('protocol') !== PROTOCOL_FILE) return null;
  const operation = OPERATIONS[reader.u8('operation')];
  if (operation === undefined) throw new DecodeError('operation', 'is unknown');
  const message = readBody(reader, operation);
  reader.end('file message');
  return message;
}

function readBody(reader: Reader, operation: (typeof OPERATIONS)[number]): FileMessage {
  switch (operation) {
    case 'offer':
      return { operation, size: readCount(reader), name: readText(reader, MAX_NAME) };
    case 'accept':
      return { operation, offset: readCount(reader), hash: reader.bytes(HASH_LENGTH, 'hash') };
    case 'begin':
      return { operation, offset: readCount(reader) };
    case 'end':
      return { operation, hash: reader.bytes(HASH_LENGTH, 'hash') };
    case 'done':
      return { operation, name: readText(reader, MAX_NAME) };
    case 'refuse':
    case 'withdraw':
      return { operation, reason: readText(reader, MAX_REASON) };
  }
}

function writeCount(writer: Writer, count: number): Writer {
  return writer.u32(Math.floor(count / 2 ** 32)).u32(count % 2 ** 32);
}

function readCount(reader: Reader): number {
  const count = reader.u32('count') * 2 ** 32 + reader.u32('count');
  if (count > MAX_SIZE) throw new DecodeError('count', `${count} is too much`);
  return count;
}

/** What is longer is cut. */
function writeText(writer: Writer, text: string, most: number): Writer {
  const bytes = new Uint8Array(Buffer.from(text)).subarray(0, most);
  return writer.u16(bytes.length).bytes(bytes);
}

function readText(reader: Reader, most: number): string {
  const length = reader.u16('text');
  if (length > most) throw new DecodeError('text', `${length} bytes, at most ${most} are allowed`);
  return Buffer.from(reader.bytes(length, 'text')).toString('utf8');
}
