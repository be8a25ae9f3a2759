/**
 * What signalling messages say (docs/wire.md, "Signalling"): a type and a positional body. Every
 * length is bounded and there is one way to write each message. Codec only.
 */
import { MAX_ADDRESS } from '../address.ts';
import type { Method, Pathway } from '../events.ts';
import { DecodeError } from '../wire/decode-error.ts';
import type { Family } from '../wire/endpoint.ts';
import { Reader } from '../wire/reader.ts';
import { Writer } from '../wire/writer.ts';
import { type LaneReport, readLanes, writeLanes } from './lane-report.ts';
import { type PunchCall, readCall, writeCall } from './punch-call.ts';
import { readReasons, writeReasons } from './reason.ts';
import { type RelayedAddress, readRelayed, writeRelayed } from './relayed.ts';
import { readTime, writeTime } from './time.ts';

/** Bytes of pipe ids, message ids and nonces. */
const ID_LENGTH = 16;

const TYPES = {
  ...{ connect: 1, answer: 2, outcome: 3, ack: 4 },
  ...{ challenge: 5, ping: 6, report: 7, relayed: 8 },
} as const;
const METHODS = { direct: 1, reverse: 2, 'tcp-punch': 3, 'udp-punch': 4, relay: 5 } as const;
const PATHS = { external: 1, local: 2 } as const;
const FAMILIES = { 4: 4, 6: 6 } as const;
const RESULTS = { accepted: 1, 'not-allowed': 2, busy: 3, unwilling: 4 } as const;

export type AnswerResult = keyof typeof RESULTS;

/** The sender wants a pipe and has begun to dial; the recipient may dial back. */
export interface ConnectMessage {
  readonly type: 'connect';
  /** 16 random bytes: the pipe's id, as in the preamble. */
  readonly pipeId: Uint8Array;
  /** What the sender is ready for, in its order; at least one each, none twice. */
  readonly methods: readonly Method[];
  readonly paths: readonly Pathway[];
  readonly families: readonly Family[];
  /** Sequence number of the recipient's address that the sender goes by; 0 for none. */
  readonly knownSequence: number;
  /** The sender's own signed address, 1 to 480 bytes. */
  readonly address: Uint8Array;
  /** null: no hole punching (yet). */
  readonly punch: PunchCall | null;
  /** Relayed addresses of the sender's, which the recipient may dial; at most 2. @default none */
  readonly relayed?: readonly RelayedAddress[];
}

/** What the recipient of `connect` makes of it. */
export interface AnswerMessage {
  readonly type: 'answer';
  readonly pipeId: Uint8Array;
  readonly result: AnswerResult;
  /** Its newest signed address; empty where the asking side knows it already. */
  readonly address: Uint8Array;
  /** The answer to the call's round; null: none. */
  readonly punch: PunchCall | null;
}

/** Dialling back has ended without a pipe. */
export interface OutcomeMessage {
  readonly type: 'outcome';
  readonly pipeId: Uint8Array;
  /** At most 8, each at most 80 bytes of UTF-8: what is longer is cut. Foreign text: to be shown, not obeyed. */
  readonly reasons: readonly string[];
}

/** What the sender saw of hole punching for a pipe that both wanted. */
export interface ReportMessage {
  readonly type: 'report';
  readonly pipeId: Uint8Array;
  /** Unix ms of the sender's corrected clock from which its marks count. */
  readonly from: number;
  readonly lanes: readonly LaneReport[];
}

/** Relayed addresses of whoever was asked: the asking side may dial them. */
export interface RelayedMessage {
  readonly type: 'relayed';
  readonly pipeId: Uint8Array;
  /** 1 or 2. */
  readonly relayed: readonly RelayedAddress[];
}

/** A message has come. Not acknowledged itself. */
export interface AckMessage {
  readonly type: 'ack';
  /** That message's id. */
  readonly of: Uint8Array;
  /** Unix ms of the acknowledging side's corrected clock when it came; `sentAt` says when this left. */
  readonly receivedAt: number;
}

/** A message's time does not fit the recipient's clock: it is to be sent again with this nonce. Not acknowledged. */
export interface ChallengeMessage {
  readonly type: 'challenge';
  /** That message's id. */
  readonly of: Uint8Array;
  /** 16 random bytes. */
  readonly nonce: Uint8Array;
  /** Unix ms of the recipient's corrected clock. */
  readonly now: number;
}

/** Nothing but to be acknowledged: measures the way. */
export interface PingMessage {
  readonly type: 'ping';
}

/** Of a newer version: acknowledged and otherwise ignored. */
export interface UnknownMessage {
  readonly type: 'unknown';
  readonly code: number;
}

/** What this version says. */
export type SignalMessage =
  | ConnectMessage
  | AnswerMessage
  | OutcomeMessage
  | ReportMessage
  | RelayedMessage
  | AckMessage
  | ChallengeMessage
  | PingMessage;

export type Message = SignalMessage | UnknownMessage;

/** @throws RangeError for what is out of bounds */
export function encodeMessage(message: SignalMessage): Uint8Array {
  const writer = new Writer().u8(TYPES[message.type]);
  switch (message.type) {
    case 'connect':
      writeId(writer, message.pipeId);
      writeChoice(writer, METHODS, message.methods);
      writeChoice(writer, PATHS, message.paths);
      writeChoice(writer, FAMILIES, message.families);
      writer.u32(message.knownSequence);
      if (message.address.length === 0) throw new RangeError('connect needs an address');
      writeCall(writeAddress(writer, message.address), message.punch);
      writeRelayed(writer, message.relayed ?? []);
      break;
    case 'answer':
      writeId(writer, message.pipeId).u8(RESULTS[message.result]);
      writeCall(writeAddress(writer, message.address), message.punch);
      break;
    case 'outcome':
      writeReasons(writeId(writer, message.pipeId), message.reasons);
      break;
    case 'report':
      writeLanes(writeTime(writeId(writer, message.pipeId), message.from), message.lanes);
      break;
    case 'relayed':
      if (message.relayed.length === 0) throw new RangeError('no relayed address');
      writeRelayed(writeId(writer, message.pipeId), message.relayed);
      break;
    case 'ack':
      writeTime(writeId(writer, message.of), message.receivedAt);
      break;
    case 'challenge':
      writeTime(writeId(writeId(writer, message.of), message.nonce), message.now);
      break;
    case 'ping':
      break;
  }
  return writer.finish();
}

/** @throws DecodeError */
export function decodeMessage(bytes: Uint8Array): Message {
  const reader = new Reader(bytes);
  const code = reader.u8('type');
  const type = nameOf(TYPES, code);
  if (code === 0) throw new DecodeError('type', '0 does not exist');
  if (type === null) return { type: 'unknown', code };
  const message = decodeBody(reader, type);
  reader.end(type);
  return message;
}

function decodeBody(reader: Reader, type: keyof typeof TYPES): SignalMessage {
  switch (type) {
    case 'connect':
      return decodeConnect(reader);
    case 'answer':
      return {
        type,
        pipeId: reader.bytes(ID_LENGTH, 'pipe id'),
        result: readCode(reader, RESULTS, 'result'),
        address: readAddress(reader, 0),
        punch: readCall(reader),
      };
    case 'outcome':
      return { type, pipeId: reader.bytes(ID_LENGTH, 'pipe id'), reasons: readReasons(reader) };
    case 'report':
      return {
        type,
        pipeId: reader.bytes(ID_LENGTH, 'pipe id'),
        from: readTime(reader, 'from'),
        lanes: readLanes(reader),
      };
    case 'relayed':
      return { type, pipeId: reader.bytes(ID_LENGTH, 'pipe id'), relayed: readRelayed(reader) };
    case 'ack':
      return {
        type,
        of: reader.bytes(ID_LENGTH, 'message id'),
        receivedAt: readTime(reader, 'received at'),
      };
    case 'challenge':
      return {
        type,
        of: reader.bytes(ID_LENGTH, 'message id'),
        nonce: reader.bytes(ID_LENGTH, 'nonce'),
        now: readTime(reader, 'now'),
      };
    case 'ping':
      return { type };
  }
}

function decodeConnect(reader: Reader): ConnectMessage {
  const message: ConnectMessage = {
    type: 'connect',
    pipeId: reader.bytes(ID_LENGTH, 'pipe id'),
    methods: readChoice(reader, METHODS, 'methods'),
    paths: readChoice(reader, PATHS, 'paths'),
    families: readChoice(reader, FAMILIES, 'families').map((family): Family => (family === '4' ? 4 : 6)),
    knownSequence: reader.u32('known sequence number'),
    address: readAddress(reader, 1),
    punch: readCall(reader),
  };
  return reader.remaining === 0 ? message : { ...message, relayed: readRelayed(reader) };
}

function writeId(writer: Writer, id: Uint8Array): Writer {
  if (id.length !== ID_LENGTH) throw new RangeError(`an id has ${ID_LENGTH} bytes, not ${id.length}`);
  return writer.bytes(id);
}

/** A list in order of preference: how many, then a byte each. */
function writeChoice<K extends string | number>(
  writer: Writer,
  codes: Readonly<Record<K, number>>,
  names: readonly K[],
): void {
  if (names.length === 0 || new Set(names).size < names.length)
    throw new RangeError(`[${names.join(', ')}] is no choice`);
  writer.u8(names.length);
  for (const name of names) writer.u8(codes[name]);
}

function readChoice<K extends string>(
  reader: Reader,
  codes: Readonly<Record<K, number>>,
  place: string,
): K[] {
  const count = reader.u8(place);
  const most = Object.keys(codes).length;
  if (count === 0 || count > most)
    throw new DecodeError(place, `${count} of them, 1 to ${most} are possible`);
  const names = Array.from({ length: count }, () => readCode(reader, codes, place));
  if (new Set(names).size < count) throw new DecodeError(place, 'the same one twice');
  return names;
}

function readCode<K extends string>(reader: Reader, codes: Readonly<Record<K, number>>, place: string): K {
  const code = reader.u8(place);
  const name = nameOf(codes, code);
  if (name === null) throw new DecodeError(place, `${code} is not known`);
  return name;
}

function nameOf<K extends string>(codes: Readonly<Record<K, number>>, code: number): K | null {
  for (const name in codes) if (codes[name] === code) return name;
  return null;
}

function writeAddress(writer: Writer, address: Uint8Array): Writer {
  if (address.length > MAX_ADDRESS) throw new RangeError(`an address of ${address.length} bytes`);
  return writer.u16(address.length).bytes(address);
}

function readAddress(reader: Reader, least: number): Uint8Array {
  const length = reader.u16('address');
  if (length < least || length > MAX_ADDRESS)
    throw new DecodeError('address', `${length} bytes, ${least} to ${MAX_ADDRESS} are possible`);
  return reader.bytes(length, 'address');
}
