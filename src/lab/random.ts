/**
 * Seeded randomness (sfc32, Chris Doty-Humphrey, PractRand). Good enough to simulate with, and
 * good for nothing else. A fork is a stream of its own: drawing more from one changes no other.
 */

export interface Random {
  /** 0 ≤ x < 1. */
  next(): number;
  /** A whole number, lowest ≤ n ≤ highest. */
  integer(lowest: number, highest: number): number;
  /** True with this probability; draws nothing for 0 and 1. */
  chance(probability: number): boolean;
  bytes(length: number): Uint8Array;
  /** The stream of that name; the same name gives the same stream. */
  fork(name: string): Random;
}

export function createRandom(seed: number | string): Random {
  const text = String(seed);
  const u32 = sfc32(hash(text, 1), hash(text, 2), hash(text, 3));
  const next = () => u32() / 2 ** 32;
  return {
    next,
    integer: (lowest, highest) => lowest + Math.floor(next() * (highest - lowest + 1)),
    chance: (probability) => probability > 0 && (probability >= 1 || next() < probability),
    bytes(length) {
      const bytes = new Uint8Array(length);
      for (let i = 0; i < length; i++) bytes[i] = u32() & 0xff;
      return bytes;
    },
    fork: (name) => createRandom(`${text}/${name}`),
  };
}

/** FNV-1a with a final mix, one of several by `salt`. */
function hash(text: string, salt: number): number {
  let h = 0x811c9dc5 ^ Math.imul(salt, 0x9e3779b1);
  for (let i = 0; i < text.length; i++) h = Math.imul(h ^ text.charCodeAt(i), 0x01000193);
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  return (h ^ (h >>> 13)) >>> 0;
}

function sfc32(seedA: number, seedB: number, seedC: number): () => number {
  let a = seedA;
  let b = seedB;
  let c = seedC;
  let counter = 1;
  const draw = () => {
    const t = (a + b + counter) | 0;
    counter = (counter + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = ((c << 21) | (c >>> 11)) + t;
    return t >>> 0;
  };
  for (let i = 0; i < 12; i++) draw();
  return draw;
}
