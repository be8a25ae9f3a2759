/**
 * Frames inside the encrypted pipe (docs/wire.md, "Frames"): a 12-byte head and a payload of at
 * most 64 KiB. A message is one frame or several, all but the last marked `more`. Codec only.
 */
import { MAX_FRAME_PAYLOAD } from '../timing.ts';
import { DecodeError } from '../wire/decode-error.ts';

/** Frames that carry the conversation are numbered; the others belong to the moment. */
const TYPES = ['text', 'binary', 'control', 'bulk', 'end', 'close', 'ping', 'pong', 'ack', 'proof'] as const;

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

export const FRAME_HEAD = 12;
const MORE = 0x80;

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

/** Cuts a stream of bytes into frames; holds at most one frame's bytes. */
export class FrameDecoder {
  #parts: Uint8Array[] = [];
  #length = 0;

  /**
   * @returns the frames that are now complete; payloads may share memory with `bytes`
   * @throws DecodeError; the stream is useless then
   */
  push(bytes: Uint8Array): Frame[] {
    const frames: Frame[] = [];
    let rest = this.#length === 0 ? bytes : this.#join(bytes);
    while (rest.length >= FRAME_HEAD) {
      const length = decodeLength(rest);
      if (rest.length < FRAME_HEAD + length) break;
      frames.push(decodeFrame(rest.subarray(0, FRAME_HEAD + length)));
      rest = rest.subarray(FRAME_HEAD + length);
    }
    if (rest.length > 0) this.#keep(rest);
    return frames;
  }

  /** Kept bytes and new ones as one piece, but only once a frame is complete. */
  #join(bytes: Uint8Array): Uint8Array {
    this.#keep(bytes);
    const first = this.#parts[0];
    const known = first !== undefined && first.length >= FRAME_HEAD;
    if (known && this.#length < FRAME_HEAD + decodeLength(first)) return new Uint8Array(0);
    const whole = Buffer.concat(this.#parts, this.#length);
    this.#parts = [];
    this.#length = 0;
    return whole;
  }

  #keep(bytes: Uint8Array): void {
    this.#parts.push(bytes);
    this.#length += bytes.length;
  }
}

function decodeLength(head: Uint8Array): number {
  const length = ((head[1] ?? 0) << 16) | ((head[2] ?? 0) << 8) | (head[3] ?? 0);
  if (length > MAX_FRAME_PAYLOAD)
    throw new DecodeError('frame', `${length} bytes, at most ${MAX_FRAME_PAYLOAD} are allowed`);
  return length;
}

function decodeFrame(bytes: Uint8Array): Frame {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const code = view.getUint8(0);
  const type = TYPES[code & ~MORE];
  if (type === undefined) throw new DecodeError('frame', `type ${code & ~MORE} is unknown`);
  const more = (code & MORE) !== 0;
  if (more && !isMessage(type)) throw new DecodeError('frame', `${type} cannot be continued`);
  const sequence = view.getUint32(4);
  if (!isNumbered(type) && sequence !== 0) throw new DecodeError('frame', `${type} is not numbered`);
  return { type, more, sequence, acknowledged: view.getUint32(8), payload: bytes.subarray(FRAME_HEAD) };
}
