/**
 * RC6-32/20/32 in CBC with PKCS#7 padding, as the Peer Name Protocol has it (Rivest et al., "The RC6 Block
 * Cipher", 1998): 32-bit words, 20 rounds, blocks of 16 bytes. For that protocol only; for anything of our own
 * there is AES-GCM. Pure.
 */

/** Bytes of a block and of an iv. */
export const BLOCK_LENGTH = 16;
const ROUNDS = 20;
const WORDS = 2 * ROUNDS + 4;
/** Odd((e − 2) · 2³²) and Odd((φ − 1) · 2³²). */
const P32 = 0xb7e15163;
const Q32 = 0x9e3779b9;

function rotl(x: number, by: number): number {
  return (x << by) | (x >>> (32 - by));
}

/** The 44 round keys. @param key 16, 24 or 32 bytes */
export function expandKey(key: Uint8Array): Uint32Array {
  const view = new DataView(key.buffer, key.byteOffset, key.length);
  const words = Uint32Array.from({ length: key.length / 4 }, (_, i) => view.getUint32(4 * i, true));
  const round = new Uint32Array(WORDS);
  round[0] = P32;
  for (let i = 1; i < WORDS; i++) round[i] = (round[i - 1] ?? 0) + Q32;
  let [a, b] = [0, 0];
  for (let step = 0; step < 3 * WORDS; step++) {
    const i = step % WORDS;
    const j = step % words.length;
    a = rotl(((round[i] ?? 0) + a + b) | 0, 3);
    round[i] = a;
    b = rotl(((words[j] ?? 0) + a + b) | 0, (a + b) & 31);
    words[j] = b;
  }
  return round;
}

/** @param block four words, changed in place */
export function encryptBlock(s: Uint32Array, block: Uint32Array): void {
  let [a = 0, b = 0, c = 0, d = 0] = block;
  b = (b + (s[0] ?? 0)) | 0;
  d = (d + (s[1] ?? 0)) | 0;
  for (let i = 1; i <= ROUNDS; i++) {
    const t = rotl(Math.imul(b, 2 * b + 1), 5);
    const u = rotl(Math.imul(d, 2 * d + 1), 5);
    const nextD = (rotl(a ^ t, u & 31) + (s[2 * i] ?? 0)) | 0;
    const nextB = (rotl(c ^ u, t & 31) + (s[2 * i + 1] ?? 0)) | 0;
    a = b;
    b = nextB;
    c = d;
    d = nextD;
  }
  block[0] = a + (s[WORDS - 2] ?? 0);
  block[1] = b;
  block[2] = c + (s[WORDS - 1] ?? 0);
  block[3] = d;
}

/** @param block four words, changed in place */
export function decryptBlock(s: Uint32Array, block: Uint32Array): void {
  let [a = 0, b = 0, c = 0, d = 0] = block;
  c = (c - (s[WORDS - 1] ?? 0)) | 0;
  a = (a - (s[WORDS - 2] ?? 0)) | 0;
  for (let i = ROUNDS; i >= 1; i--) {
    const nextA = d;
    const nextB = a;
    const nextC = b;
    const nextD = c;
    const u = rotl(Math.imul(nextD, 2 * nextD + 1), 5);
    const t = rotl(Math.imul(nextB, 2 * nextB + 1), 5);
    const wordC = (nextC - (s[2 * i + 1] ?? 0)) | 0;
    const wordA = (nextA - (s[2 * i] ?? 0)) | 0;
    c = rotl(wordC, (32 - (t & 31)) & 31) ^ u;
    a = rotl(wordA, (32 - (u & 31)) & 31) ^ t;
    b = nextB;
    d = nextD;
  }
  block[0] = a;
  block[1] = b - (s[0] ?? 0);
  block[2] = c;
  block[3] = d - (s[1] ?? 0);
}

/** @param key 16, 24 or 32 bytes @param iv 16 bytes @returns whole blocks, always more than `plain` */
export function encryptCbc(key: Uint8Array, iv: Uint8Array, plain: Uint8Array): Uint8Array {
  const padding = BLOCK_LENGTH - (plain.length % BLOCK_LENGTH);
  const out = new Uint8Array(plain.length + padding).fill(padding);
  out.set(plain);
  const round = expandKey(key);
  const view = viewOf(out);
  const block = wordsOf(viewOf(iv), 0);
  for (let at = 0; at < out.length; at += BLOCK_LENGTH) {
    for (let i = 0; i < 4; i++) block[i] = (block[i] ?? 0) ^ view.getUint32(at + 4 * i, true);
    encryptBlock(round, block);
    for (let i = 0; i < 4; i++) view.setUint32(at + 4 * i, block[i] ?? 0, true);
  }
  return out;
}

/** @returns null where the padding is not what it must be, or the length no whole number of blocks */
export function decryptCbc(key: Uint8Array, iv: Uint8Array, cipher: Uint8Array): Uint8Array | null {
  if (cipher.length === 0 || cipher.length % BLOCK_LENGTH !== 0) return null;
  const out = new Uint8Array(cipher.length);
  const round = expandKey(key);
  const [from, to] = [viewOf(cipher), viewOf(out)];
  let previous = wordsOf(viewOf(iv), 0);
  for (let at = 0; at < out.length; at += BLOCK_LENGTH) {
    const own = wordsOf(from, at);
    const block = own.slice();
    decryptBlock(round, block);
    for (let i = 0; i < 4; i++) to.setUint32(at + 4 * i, (block[i] ?? 0) ^ (previous[i] ?? 0), true);
    previous = own;
  }
  const padding = out[out.length - 1] ?? 0;
  if (padding < 1 || padding > BLOCK_LENGTH) return null;
  let wrong = 0;
  for (let i = out.length - padding; i < out.length; i++) wrong |= (out[i] ?? 0) ^ padding;
  return wrong === 0 ? out.subarray(0, out.length - padding) : null;
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
}

function wordsOf(view: DataView, at: number): Uint32Array {
  return Uint32Array.from({ length: 4 }, (_, i) => view.getUint32(at + 4 * i, true));
}
