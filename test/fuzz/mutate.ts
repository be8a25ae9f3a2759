/**
 * Damages bytes the way wires, editors and attackers do: seeded, so that a failing input comes again.
 */
import { createRandom, type Random } from '../../src/lab/random.ts';

export type Mutator = (samples: readonly Uint8Array[]) => Uint8Array;

/** Values that sit on the edges of length fields. */
const EDGES = [0, 1, 2, 0x7f, 0x80, 0xfe, 0xff];
/** Share of inputs that have nothing to do with any sample. */
const NOISE = 1 / 20;
/** Longest input that is made. */
const MAX_LENGTH = 1_200;

export function createMutator(seed: number | string): Mutator {
  const random = createRandom(seed);
  return (samples) => {
    if (random.next() < NOISE) return noise(random, below(random, 200));
    let bytes = Uint8Array.from(pick(random, samples) ?? []);
    for (let rounds = 1 + below(random, 4); rounds > 0; rounds--) bytes = damage(random, bytes, samples);
    return bytes.subarray(0, MAX_LENGTH);
  };
}

function damage(
  random: Random,
  bytes: Uint8Array<ArrayBuffer>,
  samples: readonly Uint8Array[],
): Uint8Array<ArrayBuffer> {
  const at = below(random, bytes.length + 1);
  switch (below(random, 8)) {
    case 0: // one bit
      if (at < bytes.length) bytes[at] = (bytes[at] ?? 0) ^ (1 << below(random, 8));
      return bytes;
    case 1: // one byte
      if (at < bytes.length) bytes[at] = below(random, 256);
      return bytes;
    case 2: // an edge
      if (at < bytes.length) bytes[at] = pick(random, EDGES) ?? 0;
      return bytes;
    case 3: // cut off
      return bytes.slice(0, at);
    case 4: // cut out
      return join(bytes.subarray(0, at), bytes.subarray(at + 1 + below(random, 8)));
    case 5: // put in
      return join(bytes.subarray(0, at), noise(random, 1 + below(random, 16)), bytes.subarray(at));
    case 6: // repeated
      return join(bytes.subarray(0, at), bytes.subarray(Math.max(0, at - below(random, 40))));
    default: {
      // the end of another one
      const other = pick(random, samples) ?? bytes;
      return join(bytes.subarray(0, at), other.subarray(below(random, other.length + 1)));
    }
  }
}

function join(...parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  return new Uint8Array(Buffer.concat(parts));
}

function noise(random: Random, length: number): Uint8Array {
  return Uint8Array.from({ length }, () => below(random, 256));
}

function below(random: Random, limit: number): number {
  return Math.floor(random.next() * limit);
}

function pick<T>(random: Random, values: readonly T[]): T | undefined {
  return values[below(random, values.length)];
}
