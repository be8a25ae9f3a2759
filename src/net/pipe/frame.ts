/**
 * Frames inside the encrypted pipe (docs/wire.md, "Frames"): a 12-byte head and a payload of at
 * most 64 KiB. A message is one frame or several, all but the last marked `more`. Codec only.
 */
import { MAX_FRAME_PAYLOAD } from '../timing.ts';
import { DecodeError } from '../wire/decode-error.ts';

/** Frames that carry the conversation are numbered; the others belong to the moment. */
const TYPES = [
  'text',
  'binary',
  'control',
  'bulk',
  'end',
  'close',
  'ping',
  'pong',
  'ack',
  'proof',
  'join',
  'address',
] as const;

export type FrameType = (typeof TYPES)[number];
/** What a message is: chat text, bytes of a program's own, our built-in protocols, their bulk data. */
export type MessageKind = 'text' | 'binary' | 'control' | 'bulk';

export interface Frame {
  readonly type: FrameType;
  /** The message goes on in the next frame. */
  readonly more: boolean;
  /** Counts numbered frames from 1, modulo 2³²; 0 on all others. */
  readonly sequence: number;
  /** Numbered frames of the peer that are dealt with, modulo 2³². */
  readonly acknowledged: number;
  readonly payload: Uint8Array;
}

/** A frame as it comes in: its payload in the pieces that the connection gave, not copied. */
export interface ReceivedFrame extends Omit<Frame, 'payload'> {
  readonly parts: readonly Uint8Array[];
  /** Of all parts together. */
  readonly length: number;
}

export const FRAME_HEAD = 12;
const MORE = 0x80;
/** Pieces of one frame that are held: TLS gives 16 KiB at once, so five are usual. */
const MAX_PARTS = 16;
const NOTHING = new Uint8Array(0);
const NO_FRAMES: readonly ReceivedFrame[] = [];

/** Whether frames of this type are numbered. */
export function isNumbered(type: FrameType): boolean {
  return TYPES.indexOf(type) < TYPES.indexOf('ping');
}

export function isMessage(type: FrameType): type is MessageKind {
  return TYPES.indexOf(type) < TYPES.indexOf('end');
}

/** Bytes to write, the payload not copied. */
export function encodeFrame(frame: Frame): Uint8Array[] {
  const length = frame.payload.length;
  if (length > MAX_FRAME_PAYLOAD)
    throw new RangeError(`a frame carries ${MAX_FRAME_PAYLOAD} bytes, not ${length}`);
  const head = new Uint8Array(FRAME_HEAD);
  const view = new DataView(head.buffer);
  view.setUint32(0, length);
  head[0] = TYPES.indexOf(frame.type) | (frame.more ? MORE : 0);
  view.setUint32(4, frame.sequence);
  view.setUint32(8, frame.acknowledged);
  return length === 0 ? [head] : [head, frame.payload];
}

/**
 * Cuts a stream of bytes into frames; holds at most one frame's bytes. They are not copied while
 * they come in large pieces, which is what makes a pipe fast; small ones are put together, or a
 * peer that sends single bytes would cost a hundred times what it sends.
 */
export class FrameDecoder {
  /** A head that is not complete. */
  #head: Uint8Array = NOTHING;
  /** What has come of the payload that is not complete; `#missing` says how much has not. */
  #parts: Uint8Array[] = [];
  #begun: ReceivedFrame | null = null;
  #missing = 0;

  /**
   * @returns the frames that are now complete; their parts share memory with `bytes`
   * @throws DecodeError; the stream is useless then
   */
  push(bytes: Uint8Array): readonly ReceivedFrame[] {
    if (this.#begun !== null && bytes.length < this.#missing) {
      this.#keep(bytes);
      return NO_FRAMES;
    }
    return this.#cut(this.#head.length === 0 ? bytes : Buffer.concat([this.#head, bytes]));
  }

  #cut(bytes: Uint8Array): ReceivedFrame[] {
    const frames: ReceivedFrame[] = [];
    let at = 0;
    for (;;) {
      if (this.#begun === null) {
        if (bytes.length - at < FRAME_HEAD) break;
        this.#parts = [];
        this.#begun = decodeHead(bytes, at, this.#parts);
        this.#missing = this.#begun.length;
        at += FRAME_HEAD;
      }
      const part = bytes.subarray(at, at + this.#missing);
      this.#keep(part);
      at += part.length;
      if (this.#missing > 0) break;
      frames.push(this.#begun);
      this.#begun = null;
    }
    this.#head = at < bytes.length ? bytes.subarray(at) : NOTHING;
    return frames;
  }

  #keep(part: Uint8Array): void {
    if (part.length > 0) this.#parts.push(part);
    this.#missing -= part.length;
    if (this.#parts.length === MAX_PARTS) this.#parts.splice(0, MAX_PARTS, Buffer.concat(this.#parts));
  }
}

/** Parts as one piece; one part is not copied. */
export function joined({ parts, length }: Pick<ReceivedFrame, 'parts' | 'length'>): Uint8Array {
  const [first = NOTHING] = parts;
  return parts.length < 2 ? first : Buffer.concat(parts, length);
}

/** @param parts where the payload will be put */
function decodeHead(bytes: Uint8Array, at: number, parts: readonly Uint8Array[]): ReceivedFrame {
  const length = uint32(bytes, at) & 0xffffff;
  if (length > MAX_FRAME_PAYLOAD)
    throw new DecodeError('frame', `${length} bytes, at most ${MAX_FRAME_PAYLOAD} are allowed`);
  const code = bytes[at] ?? 0;
  const type = TYPES[code & ~MORE];
  if (type === undefined) throw new DecodeError('frame', `type ${code & ~MORE} is unknown`);
  const more = (code & MORE) !== 0;
  if (more && !isMessage(type)) throw new DecodeError('frame', `${type} cannot be continued`);
  const sequence = uint32(bytes, at + 4);
  if (!isNumbered(type) && sequence !== 0) throw new DecodeError('frame', `${type} is not numbered`);
  return { type, more, sequence, acknowledged: uint32(bytes, at + 8), parts, length };
}

/** Faster than a DataView made for every frame. */
function uint32(bytes: Uint8Array, at: number): number {
  const [a = 0, b = 0, c = 0, d = 0] = [bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]];
  return ((a << 24) | (b << 16) | (c << 8) | d) >>> 0;
}
