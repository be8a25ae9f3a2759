/** Hashes of files that grow, large ones in a thread of their own and small ones beside everything else. */
import { createHash, randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { startHash } from '../../../src/net/io/file-hash.ts';

let folder = '';
let file: FileHandle;
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'p2pd-hash-'));
  file = await open(join(folder, 'data'), 'w+');
});
afterEach(async () => {
  await file.close();
  rmSync(folder, { recursive: true, force: true });
});

const SIZES = [
  ['small, in place', 3_000_001],
  ['large, in a thread', 40_000_001],
] as const;
const read = async (from: number, length: number) => {
  const { buffer, bytesRead } = await file.read(Buffer.alloc(length), 0, length, from);
  return buffer.subarray(0, bytesRead);
};
const hashOf = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex');
const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex');

test.each(SIZES)('file hash: %s: of what is there so far, and of the whole', async (_, size) => {
  const bytes = randomBytes(size);
  const hash = startHash(read, size, file.fd);
  const half = Math.floor(size / 2);
  await file.write(bytes, 0, half, 0);
  hash.upTo(half);
  expect(hex(await hash.digest(half))).toBe(hashOf(bytes.subarray(0, half)));
  await file.write(bytes, half, size - half, half);
  hash.upTo(size);
  expect(hex(await hash.digest(size))).toBe(hashOf(bytes));
  await hash.close();
});

test.each(SIZES)(
  'file hash: %s: bytes that are not there, and a hash that is closed, are errors',
  async (_, size) => {
    await file.write(randomBytes(1_000), 0, 1_000, 0);
    const short = startHash(read, size, file.fd);
    await expect(short.digest(1_001)).rejects.toThrow('the file has become shorter');
    await short.close();
    const closed = startHash(read, size, file.fd);
    const asked = expect(closed.digest(1_000)).rejects.toThrow('the hash is not wanted any longer');
    await closed.close();
    await asked;
  },
);
