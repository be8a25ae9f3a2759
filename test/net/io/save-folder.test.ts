/** Where files of peers are kept: what is left behind by those that do not come. */
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { openSaveFolder } from '../../../src/net/io/transfer-files.ts';

let directory = '';
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'p2pd-demo-save-'));
});
afterEach(() => rm(directory, { recursive: true }));

test('save folder: of a file that was offered and never came nothing is left; what has come is gone on with', async () => {
  const folder = await openSaveFolder(directory);
  const never = await folder.open('never', 10);
  await expect(folder.open('never', 10)).rejects.toThrow('the same file is being received already');
  await never.close();
  expect(await readdir(directory)).toEqual([]);
  const some = await folder.open('some', 10);
  await some.write(0, [new Uint8Array(4)]);
  await some.close();
  expect(await readdir(directory)).toEqual(['.some.10.part']);
  const more = await folder.open('some', 10);
  expect(more.size).toBe(4);
  await more.close();
  const empty = await folder.open('empty', 0);
  await empty.keep();
  await empty.close();
  expect((await readdir(directory)).sort()).toEqual(['.some.10.part', 'empty']);
});
