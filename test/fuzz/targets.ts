/**
 * Every decoder of untrusted bytes, with samples to start from and what must hold for any input:
 * it throws nothing but its own errors, and what it accepts is written again as it was read.
 */
import { ADDRESS_PREFIX, decodeAddress, encodeAddress, parseAddress } from '../../src/net/address.ts';
import { decodeInterface, encodeInterface } from '../../src/net/address-interface.ts';
import { P2pdError } from '../../src/net/errors.ts';
import { SIGNATURE_LENGTH } from '../../src/net/identity.ts';
import { decodeBench, encodeBench } from '../../src/net/pipe/bench.ts';
import { encodeFrame, type Frame, FrameDecoder, joined } from '../../src/net/pipe/frame.ts';
import { decodePreamble, encodePreamble } from '../../src/net/pipe/preamble.ts';
import { ReceiveWindow } from '../../src/net/pipe/receive-window.ts';
import { Session } from '../../src/net/pipe/session.ts';
import { decodeProbe, encodeProbe } from '../../src/net/punch/probe.ts';
import { decodeFileMessage, encodeFileMessage } from '../../src/net/transfer/message.ts';
import { decodeBase32 } from '../../src/net/wire/base32.ts';
import { DecodeError } from '../../src/net/wire/decode-error.ts';
import { Reader } from '../../src/net/wire/reader.ts';
import { Writer } from '../../src/net/wire/writer.ts';
import { sampleFields, sampleIdentity } from '../helpers/sample-address.ts';

export interface Target {
  readonly name: string;
  readonly samples: readonly Uint8Array[];
  /** Inputs in a run that is not to take long, where one costs much. */
  readonly few?: number;
  /** Decodes, and gives back what it accepted as bytes; null for what it refused. */
  decode(input: Uint8Array): Uint8Array | null;
  /** What of the input an accepted one must be equal to. @default all of it */
  accepted?(input: Uint8Array, output: Uint8Array): Uint8Array;
}

/** docs/wire.md, "Address". */
const ADDRESS_DOMAIN = new TextEncoder().encode('p2pd-demo address\0');

const text = encodeAddress(sampleIdentity, sampleFields);
const address = decodeBase32(text.slice(5));
const { publicKey } = sampleIdentity;
const empty = new Uint8Array(0);
const utf8 = (value: string) => new TextEncoder().encode(value);

function written(write: (writer: Writer) => void): Uint8Array {
  const writer = new Writer();
  write(writer);
  return writer.finish();
}

const probeSecret = new Uint8Array(32).fill(5);

/** Runs a decoder; refusals are null, anything but its own errors goes on. */
function unless<T>(decode: () => T): T | null {
  try {
    return decode();
  } catch (error) {
    if (error instanceof DecodeError) return null;
    if (error instanceof P2pdError && error.code.startsWith('ADDRESS_')) return null;
    throw error;
  }
}

const frames: readonly Frame[] = [
  { type: 'proof', more: false, sequence: 0, acknowledged: 0, payload: new Uint8Array(64).fill(9) },
  { type: 'text', more: false, sequence: 1, acknowledged: 0, payload: utf8('hello') },
  { type: 'binary', more: true, sequence: 2, acknowledged: 1, payload: utf8('one') },
  { type: 'binary', more: false, sequence: 3, acknowledged: 1, payload: utf8('two') },
  { type: 'bulk', more: false, sequence: 4, acknowledged: 1, payload: new Uint8Array(200) },
  { type: 'ping', more: false, sequence: 0, acknowledged: 2, payload: empty },
  { type: 'close', more: false, sequence: 5, acknowledged: 2, payload: utf8('bye') },
];
const conversation = new Uint8Array(Buffer.concat(frames.flatMap(encodeFrame)));

/** The address of these bytes as a hostile node would sign them; what is accepted is encoded anew. */
function decodeSigned(body: Uint8Array): Uint8Array {
  const signature = sampleIdentity.sign(written((writer) => writer.bytes(ADDRESS_DOMAIN).bytes(body)));
  const decoded = decodeAddress(written((writer) => writer.bytes(body).bytes(signature)));
  const again = decodeBase32(encodeAddress(sampleIdentity, decoded).slice(ADDRESS_PREFIX.length));
  return again.subarray(0, again.length - SIGNATURE_LENGTH);
}

/** A stream in pieces whose sizes follow from its own bytes. */
function* piecesOf(input: Uint8Array): Generator<Uint8Array> {
  for (let at = 0; at < input.length; ) {
    const size = 1 + ((input[at] ?? 0) % 61);
    yield input.slice(at, at + size);
    at += size;
  }
}

/** Decodes a stream in pieces; what is accepted goes on to the window. */
function decodeFrames(input: Uint8Array): Uint8Array {
  const decoder = new FrameDecoder();
  const window = new ReceiveWindow();
  const output: Uint8Array[] = [];
  for (const piece of piecesOf(input)) {
    for (const frame of decoder.push(piece)) {
      const payload = joined(frame);
      output.push(...encodeFrame({ ...frame, payload }));
      if (frame.sequence !== 0) unless(() => window.accept(frame));
    }
  }
  return new Uint8Array(Buffer.concat(output));
}

/** Lets a pipe's machine live through a stream. @returns whether the peer kept to the rules */
function converse(input: Uint8Array): boolean {
  const session = new Session({ proof: new Uint8Array(64), verify: (proof) => proof.length === 64 }, 0);
  for (const id of [1, 2]) session.step({ kind: 'send', message: 'text', bytes: utf8('hello'), id }, 0);
  session.step({ kind: 'start' }, 0);
  let answered = 0;
  for (const bytes of piecesOf(input)) {
    for (const effect of session.step({ kind: 'data', bytes }, 0)) {
      if (effect.kind === 'write') answered += Buffer.concat(effect.chunks).length;
      if (effect.kind === 'message') session.step({ kind: 'settled', sequence: effect.sequence }, 0);
    }
  }
  if (answered > 200 + 2 * input.length) throw new Error(`answered ${input.length} bytes with ${answered}`);
  return session.phase !== 'closed';
}

export const TARGETS: readonly Target[] = [
  {
    name: 'file message',
    samples: [
      encodeFileMessage({ operation: 'offer', size: 2 ** 33, name: 'data.bin' }),
      encodeFileMessage({ operation: 'accept', offset: 5, hash: new Uint8Array(32) }),
      encodeFileMessage({ operation: 'refuse', reason: 'no room' }),
    ],
    decode(input) {
      const read = unless(() => decodeFileMessage(input));
      // Texts that are no UTF-8 are read with marks in their place.
      if (read === null) return null;
      return 'name' in read || 'reason' in read ? input : encodeFileMessage(read);
    },
  },
  {
    name: 'address bytes',
    few: 5_000,
    samples: [address],
    decode: (input) => unless(() => decodeAddress(input)) && address,
  },
  {
    name: 'address text',
    samples: [utf8(text)],
    decode(input) {
      const read = unless(() => parseAddress(Buffer.from(input).toString('latin1')));
      return read && decodeBase32(text.slice(5));
    },
    // Line breaks and capitals do not matter.
    accepted: (input) => decodeBase32(Buffer.from(input).toString('latin1').replace(/\s/g, '').slice(5)),
  },
  {
    name: 'address signed again',
    few: 1_000,
    samples: [address.subarray(0, address.length - SIGNATURE_LENGTH)],
    decode: (input) => unless(() => decodeSigned(input)),
  },
  {
    name: 'address entry',
    samples: sampleFields.interfaces.map((entry) => written((writer) => encodeInterface(writer, entry))),
    decode(input) {
      const entry = unless(() => decodeInterface(new Reader(input), 'entry'));
      return entry && written((writer) => encodeInterface(writer, entry));
    },
    accepted: (input, output) => input.subarray(0, output.length),
  },
  {
    name: 'preamble',
    samples: [encodePreamble({ role: 'dialler', publicKey, pipeId: new Uint8Array(16).fill(3) })],
    decode(input) {
      const decoded = unless(() => decodePreamble(input));
      return decoded?.kind === 'preamble' ? encodePreamble(decoded.preamble) : null;
    },
    accepted: (input, output) => input.subarray(0, output.length),
  },
  {
    name: 'frames',
    samples: [conversation, ...frames.map((frame) => new Uint8Array(Buffer.concat(encodeFrame(frame))))],
    decode: (input) => unless(() => decodeFrames(input)),
    accepted: (input, output) => input.subarray(0, output.length),
  },
  {
    name: 'conversation',
    samples: [conversation],
    decode: (input) => (converse(input) ? input : null),
  },
  {
    name: 'bench messages',
    samples: (['take', 'taken', 'give'] as const).map((operation) =>
      encodeBench({ operation, bytes: 2 ** 33 + 7 }),
    ),
    decode(input) {
      const message = unless(() => decodeBench(input));
      return message && encodeBench(message);
    },
  },
  {
    name: 'probes',
    samples: [
      encodeProbe({ kind: 'hello', role: 'caller', number: 1, echo: 0, stream: 7, seen: null }, probeSecret),
      ...['203.0.113.7', '2001:db8::7'].map((ip) =>
        encodeProbe(
          { kind: 'chosen', role: 'answerer', number: 9, echo: 1, stream: 8, seen: { ip, port: 40_013 } },
          probeSecret,
        ),
      ),
    ],
    decode(input) {
      const probe = unless(() => decodeProbe(input, probeSecret));
      return probe && encodeProbe(probe, probeSecret);
    },
  },
];
