/** Keys of names, remembered: any word is a name, and a damaged file is as none. */
import { expect, test } from 'vitest';
import type { StateFiles } from '../../src/net/state-files.ts';
import { keyStateOf, rememberKey } from '../../src/pnp/known-keys.ts';

const [ours, theirs] = [new Uint8Array(33).fill(2), new Uint8Array(33).fill(3)];

function filesWith(text: string | null = null): StateFiles {
  let kept = text;
  return {
    read: () => Promise.resolve(kept),
    write: (_name, written) => {
      kept = written;
      return Promise.resolve();
    },
  };
}

test.each(['alice', '7', 'constructor', '__proto__'])('%s: new, then known, then changed', async (name) => {
  const files = filesWith();
  expect(await keyStateOf(files, name, ours)).toBe('new');
  await rememberKey(files, name, ours);
  await rememberKey(files, 'bob', theirs);
  expect(await keyStateOf(files, name, ours)).toBe('known');
  expect(await keyStateOf(files, name, theirs)).toBe('changed');
});

test.each(['{', '{}', '[["alice","no key"]]'])('a damaged file, %s, is as none', async (text) => {
  expect(await keyStateOf(filesWith(text), 'alice', ours)).toBe('new');
});
