/**
 * The payload of a JOIN frame (docs/wire.md, "Frames"): a connection that is proven becomes the path of
 * a pipe that is open already. It names the pipe and says how much of it has been received, so that the
 * other side goes on from there. Codec only.
 */
import { decodeBase32, encodeBase32 } from '../wire/base32.ts';
import { DecodeError } from '../wire/decode-error.ts';
import { Reader } from '../wire/reader.ts';
import { Writer } from '../wire/writer.ts';
import { PIPE_ID_LENGTH } from './preamble.ts';

export interface Join {
  /** The pipe's name. */
  readonly pipe: string;
  /** The number of the last frame received. */
  readonly received: number;
}

/** What is answered where there is no such pipe. */
export const NO_SUCH_PIPE = new Uint8Array(0);

export function encodeJoin({ pipe, received }: Join): Uint8Array {
  return new Writer(PIPE_ID_LENGTH + 4).bytes(decodeBase32(pipe)).u32(received).finish();
}

/** @returns null for NO_SUCH_PIPE. @throws DecodeError */
export function decodeJoin(payload: Uint8Array): Join | null {
  if (payload.length === 0) return null;
  if (payload.length !== PIPE_ID_LENGTH + 4) throw new DecodeError('join', `has ${payload.length} bytes`);
  const reader = new Reader(payload);
  const pipe = encodeBase32(reader.bytes(PIPE_ID_LENGTH, 'pipe'));
  return { pipe, received: reader.u32('received') };
}
