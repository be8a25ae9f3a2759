/**
 * The sealed envelope of a signalling message (docs/wire.md, "Signalling"): encrypted to one peer's
 * key, signed by the sender's. Opened in stages, so that junk costs little: `readHead` does no
 * cryptography, `openEnvelope` one key agreement per unknown sender. Whether a message is fresh is
 * `inbox.ts`, what it says `message.ts`. Pure; random bytes come as arguments.
 */
import { createCipheriv, createDecipheriv, hkdfSync } from 'node:crypto';
import { nodeIdOf, PUBLIC_KEY_LENGTH, SIGNATURE_LENGTH, verifySignature } from '../identity.ts';
import { MAX_ENVELOPE, MAX_SIGNAL_LIFETIME } from '../timing.ts';
import { DecodeError } from '../wire/decode-error.ts';
import { Reader } from '../wire/reader.ts';
import { Writer } from '../wire/writer.ts';
import type { Secrets } from './secrets.ts';
import { readTime, writeTime } from './time.ts';

/** Bytes of a message id and of a challenge's nonce. */
export const MESSAGE_ID_LENGTH = 16;

/** Never 0: that is the first byte of a message to oneself (`broker-link.ts`). */
const VERSION = 1;
const HEAD_LENGTH = 1 + PUBLIC_KEY_LENGTH + MESSAGE_ID_LENGTH;
const TAG_LENGTH = 16;
const KEY_LENGTH = 32;
const NONCE_LENGTH = 12;
/** Flags, time, lifetime, one byte of payload and the signature: the shortest text that is sealed. */
const MIN_INNER = 1 + 6 + 2 + 1 + SIGNATURE_LENGTH;
const FLAG_ANSWERED = 1;
const DOMAIN = new TextEncoder().encode('p2pd-demo signal 1\0');

/** What travels in the clear: claimed until the envelope is opened. */
export interface Head {
  /** 33 bytes: the sender's key. */
  readonly sender: Uint8Array;
  /** 16 bytes, random. */
  readonly messageId: Uint8Array;
}

/** What only the two peers read. */
export interface Inner {
  /** Unix ms of the sender's corrected clock, whole. */
  readonly sentAt: number;
  /** ms after `sentAt` in which the message is worth anything, 1 to 60,000. */
  readonly lifetime: number;
  /** The nonce of the challenge that this message answers, 16 bytes; null for none. */
  readonly answered: Uint8Array | null;
  /** A message of `message.ts`. */
  readonly payload: Uint8Array;
}

/** An envelope that the sender's key has sealed and signed for us. */
export interface Opened extends Head, Inner {
  /** The sender's node id. */
  readonly nodeId: string;
}

export interface Sealing {
  readonly secrets: Secrets;
  readonly peerKey: Uint8Array;
  /** 16 random bytes, never used twice: they make the encryption's key. */
  readonly messageId: Uint8Array;
  readonly inner: Inner;
}

/** Where a node listens for signals, on every broker of its address. */
export function topicOf(nodeId: string): string {
  return `p2pd-demo/1/${nodeId}`;
}

/**
 * Seals and signs; keeps the peer's secret for the answer.
 *
 * @throws RangeError for an inner part out of bounds, Error when the peer's key is no point of the curve
 */
export function seal({ secrets, peerKey, messageId, inner }: Sealing): Uint8Array {
  const { identity } = secrets;
  if (messageId.length !== MESSAGE_ID_LENGTH) throw new RangeError('a message id has 16 bytes');
  const head = new Writer(HEAD_LENGTH).u8(VERSION).bytes(identity.publicKey).bytes(messageId).finish();
  const text = encodeInner(inner);
  const signature = identity.sign(signedText(head, peerKey, text));
  const length = HEAD_LENGTH + text.length + SIGNATURE_LENGTH + TAG_LENGTH;
  if (length > MAX_ENVELOPE) throw new RangeError(`${length} bytes, at most ${MAX_ENVELOPE} are possible`);
  const secret = secrets.of(peerKey);
  secrets.keep(peerKey, secret);
  const { key, nonce } = keysOf(secret, messageId, identity.publicKey, peerKey);
  const cipher = createCipheriv('aes-256-gcm', key, nonce).setAAD(head);
  const sealed = [cipher.update(text), cipher.update(signature), cipher.final(), cipher.getAuthTag()];
  return new Uint8Array(Buffer.concat([head, ...sealed]));
}

/**
 * Length limits, version and who claims to be the sender; no cryptography.
 *
 * @throws DecodeError
 */
export function readHead(bytes: Uint8Array): Head {
  if (bytes.length > MAX_ENVELOPE)
    throw new DecodeError('length', `${bytes.length} bytes, at most ${MAX_ENVELOPE} are possible`);
  const reader = new Reader(new Uint8Array(bytes.subarray(0, HEAD_LENGTH)));
  const version = reader.u8('version');
  if (version !== VERSION) throw new DecodeError('version', `${version} is not spoken here`);
  const sender = reader.bytes(PUBLIC_KEY_LENGTH, 'sender');
  if (sender[0] !== 2 && sender[0] !== 3) throw new DecodeError('sender', 'is no compressed key');
  const messageId = reader.bytes(MESSAGE_ID_LENGTH, 'message id');
  if (bytes.length < HEAD_LENGTH + MIN_INNER + TAG_LENGTH) throw new DecodeError('text', 'is cut off');
  return { sender, messageId };
}

/**
 * Decrypts and checks the signature; keeps the secret of a sender that passes.
 *
 * @param head of `readHead` for the same bytes
 * @throws DecodeError, its place being `tag` where the message is not for us, was changed, or its
 *   sender does not hold the key that it claims
 */
export function openEnvelope(secrets: Secrets, head: Head, bytes: Uint8Array): Opened {
  const { sender, messageId } = head;
  const own = secrets.identity.publicKey;
  if (Buffer.compare(sender, own) === 0) throw new DecodeError('sender', 'is this node itself');
  const secret = secretWith(secrets, sender);
  const { key, nonce } = keysOf(secret, messageId, sender, own);
  const aad = bytes.subarray(0, HEAD_LENGTH);
  const text = decrypt(key, nonce, aad, bytes.subarray(HEAD_LENGTH));
  const signedLength = text.length - SIGNATURE_LENGTH;
  const body = text.subarray(0, signedLength);
  if (!verifySignature(sender, signedText(aad, own, body), text.subarray(signedLength)))
    throw new DecodeError('signature', "is not the sender's");
  secrets.keep(sender, secret);
  return { ...head, nodeId: nodeIdOf(sender), ...decodeInner(body) };
}

function encodeInner({ sentAt, lifetime, answered, payload }: Inner): Uint8Array {
  if (lifetime < 1 || lifetime > MAX_SIGNAL_LIFETIME) throw new RangeError(`${lifetime} ms is no lifetime`);
  if (payload.length === 0) throw new RangeError('the payload is empty');
  const writer = new Writer().u8(answered === null ? 0 : FLAG_ANSWERED);
  writeTime(writer, sentAt).u16(lifetime);
  if (answered !== null) {
    if (answered.length !== MESSAGE_ID_LENGTH) throw new RangeError('a nonce has 16 bytes');
    writer.bytes(answered);
  }
  return writer.bytes(payload).finish();
}

function decodeInner(bytes: Uint8Array): Inner {
  const reader = new Reader(bytes);
  const flags = reader.u8('flags');
  if (flags > FLAG_ANSWERED) throw new DecodeError('flags', `${flags} has unknown bits`);
  const sentAt = readTime(reader, 'sent at');
  const lifetime = reader.u16('lifetime');
  if (lifetime < 1 || lifetime > MAX_SIGNAL_LIFETIME)
    throw new DecodeError('lifetime', `${lifetime} ms, 1 to ${MAX_SIGNAL_LIFETIME} are possible`);
  const answered = flags === FLAG_ANSWERED ? reader.bytes(MESSAGE_ID_LENGTH, 'answered challenge') : null;
  if (reader.remaining === 0) throw new DecodeError('payload', 'is empty');
  return { sentAt, lifetime, answered, payload: reader.bytes(reader.remaining, 'payload') };
}

/** What is signed: who sent which message to whom, and all it says. */
function signedText(head: Uint8Array, recipient: Uint8Array, text: Uint8Array): Uint8Array {
  return new Writer(256 + text.length).bytes(DOMAIN).bytes(head).bytes(recipient).bytes(text).finish();
}

/** The message's own key: nothing is ever encrypted twice under one (RFC 5869; SP 800-38D §8). */
function keysOf(secret: Uint8Array, messageId: Uint8Array, sender: Uint8Array, recipient: Uint8Array) {
  const info = new Writer().bytes(DOMAIN).bytes(sender).bytes(recipient).finish();
  const bytes = new Uint8Array(hkdfSync('sha256', secret, messageId, info, KEY_LENGTH + NONCE_LENGTH));
  return { key: bytes.subarray(0, KEY_LENGTH), nonce: bytes.subarray(KEY_LENGTH) };
}

function secretWith(secrets: Secrets, sender: Uint8Array): Uint8Array {
  try {
    return secrets.of(sender);
  } catch {
    throw new DecodeError('sender', 'is no point of secp256k1');
  }
}

function decrypt(key: Uint8Array, nonce: Uint8Array, aad: Uint8Array, sealed: Uint8Array): Uint8Array {
  const end = sealed.length - TAG_LENGTH;
  const decipher = createDecipheriv('aes-256-gcm', key, nonce, { authTagLength: TAG_LENGTH });
  decipher.setAAD(aad).setAuthTag(sealed.subarray(end));
  const text = decipher.update(sealed.subarray(0, end));
  try {
    decipher.final();
  } catch {
    throw new DecodeError('tag', 'does not fit: not for this node, changed, or not from this sender');
  }
  return new Uint8Array(text);
}
