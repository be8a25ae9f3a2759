import { expect, test } from 'vitest';
import { createNodeIo } from '../../../src/net/io/node-io.ts';

const io = createNodeIo();

test('names: one that the hosts file knows is found there', async () => {
  expect(await io.lookup('localhost', 4, AbortSignal.timeout(5_000))).toContain('127.0.0.1');
});

test('names: a question that is given up ends at once', async () => {
  const signal = AbortSignal.abort(new Error('enough'));
  await expect(io.lookup('stun.example.org', 4, signal)).rejects.toThrow('enough');
});
