/**
 * A refusal that names its reason. The reference's server is silent instead, which costs its clients the whole
 * timeout; its client takes this for what it cannot read, which is a failure at once. Pure.
 */
import type { RefusalReason } from './rules.ts';

/** Follows the request's id. */
const MAGIC = Buffer.from('refused');
const ID_LENGTH = 4;
const LENGTH = ID_LENGTH + MAGIC.length + 1;

/** By their numbers on the wire; never renumbered. */
const REASONS: readonly RefusalReason[] = [
  'taken',
  'stale',
  'clock',
  'limit',
  'signature',
  'invalid',
  'busy',
  'store',
];

export interface Refusal {
  readonly id: number;
  readonly why: RefusalReason;
}

export function encodeRefusal({ id, why }: Refusal): Uint8Array {
  const bytes = new Uint8Array(LENGTH);
  new DataView(bytes.buffer).setUint32(0, id, true);
  bytes.set(MAGIC, ID_LENGTH);
  bytes[LENGTH - 1] = REASONS.indexOf(why) + 1;
  return bytes;
}

/** null for anything else. */
export function decodeRefusal(bytes: Uint8Array): Refusal | null {
  if (bytes.length !== LENGTH || !MAGIC.equals(bytes.subarray(ID_LENGTH, LENGTH - 1))) return null;
  const why = REASONS[(bytes[LENGTH - 1] ?? 0) - 1];
  return why === undefined
    ? null
    : { id: new DataView(bytes.buffer, bytes.byteOffset).getUint32(0, true), why };
}
