/**
 * The preamble: the first bytes on a connection, in the clear, from the dialling side (docs/wire.md,
 * "Preamble"). It names who calls and for which pipe, so that the other side can work out the key
 * of the TLS that follows at once. The answering side's preamble never crosses the wire: both know
 * it, and both proofs are made over it. Codec only.
 */
import { PUBLIC_KEY_LENGTH } from '../identity.ts';
import { DecodeError } from '../wire/decode-error.ts';
import { Reader } from '../wire/reader.ts';
import { Writer } from '../wire/writer.ts';

/** Raised when preamble, proof or frames change; other versions are told apart, not guessed. */
export const PROTOCOL_VERSION = 1;
/** Bytes of a pipe id. */
export const PIPE_ID_LENGTH = 16;

const MAGIC = [0x70, 0x32, 0x70, 0x64] as const; // "p2pd"
/** Magic, version and the length of the rest: the part that no version changes. */
const HEAD = MAGIC.length + 2;
const BODY = 1 + PUBLIC_KEY_LENGTH + PIPE_ID_LENGTH;
const ROLES = { dialler: 1, answerer: 2 } as const;

export type PreambleRole = keyof typeof ROLES;

export interface Preamble {
  readonly role: PreambleRole;
  /** The sender's key, claimed here and proven later. */
  readonly publicKey: Uint8Array;
  /** 16 random bytes, chosen by who asked for the pipe. */
  readonly pipeId: Uint8Array;
}

export type DecodedPreamble =
  | { readonly kind: 'more' }
  | { readonly kind: 'other-version'; readonly version: number }
  | { readonly kind: 'preamble'; readonly preamble: Preamble; readonly length: number };

export function encodePreamble(preamble: Preamble): Uint8Array {
  return new Writer(HEAD + BODY)
    .bytes(Uint8Array.from(MAGIC))
    .u8(PROTOCOL_VERSION)
    .u8(BODY)
    .u8(ROLES[preamble.role])
    .bytes(preamble.publicKey)
    .bytes(preamble.pipeId)
    .finish();
}

/**
 * Reads a dialler's preamble from the start of what has arrived so far.
 *
 * @throws DecodeError as soon as it can be none
 */
export function decodePreamble(bytes: Uint8Array): DecodedPreamble {
  for (const [i, letter] of MAGIC.entries()) {
    if (i < bytes.length && bytes[i] !== letter)
      throw new DecodeError('preamble', 'does not begin with p2pd');
  }
  if (bytes.length < HEAD) return { kind: 'more' };
  const reader = new Reader(bytes.subarray(MAGIC.length));
  const version = reader.u8('version');
  const length = reader.u8('length');
  if (version !== PROTOCOL_VERSION) return { kind: 'other-version', version };
  if (length !== BODY) throw new DecodeError('preamble', `${length} bytes instead of ${BODY}`);
  if (reader.remaining < BODY) return { kind: 'more' };
  if (reader.u8('role') !== ROLES.dialler) throw new DecodeError('role', 'is not the dialling side');
  const publicKey = reader.bytes(PUBLIC_KEY_LENGTH, 'public key');
  const pipeId = reader.bytes(PIPE_ID_LENGTH, 'pipe id');
  return { kind: 'preamble', preamble: { role: 'dialler', publicKey, pipeId }, length: HEAD + BODY };
}
