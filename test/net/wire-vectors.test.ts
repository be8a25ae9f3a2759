import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { parseAddress } from '../../src/net/address.ts';
import { decodeBench, encodeBench } from '../../src/net/pipe/bench.ts';
import { encodeFrame, FrameDecoder, joined } from '../../src/net/pipe/frame.ts';
import { decodePreamble, encodePreamble } from '../../src/net/pipe/preamble.ts';
import { sampleFields, sampleIdentity } from '../helpers/sample-address.ts';

const vectors = JSON.parse(readFileSync(join(import.meta.dirname, '../vectors/wire.json'), 'utf8'));
const bytes = (hex: string) => new Uint8Array(Buffer.from(hex, 'hex'));
const hex = (...parts: readonly Uint8Array[]) => Buffer.concat(parts).toString('hex');

test('wire vectors: an address of today is read for ever', () => {
  const { publicKey, nodeId } = sampleIdentity;
  expect(parseAddress(vectors.address)).toEqual({ ...sampleFields, publicKey, nodeId });
});

test('wire vectors: the preamble is written and read as documented', () => {
  const preamble = {
    role: 'dialler',
    publicKey: sampleIdentity.publicKey,
    pipeId: new Uint8Array(16).fill(3),
  } as const;
  expect(hex(encodePreamble(preamble))).toBe(vectors.preamble);
  expect(decodePreamble(bytes(vectors.preamble))).toMatchObject({ kind: 'preamble', preamble });
});

test.each([
  ['text', { type: 'text', more: false, sequence: 1, acknowledged: 0 }, '68656c6c6f'],
  ['first', { type: 'binary', more: true, sequence: 2, acknowledged: 7 }, '010203'],
  ['ping', { type: 'ping', more: false, sequence: 0, acknowledged: 4294967295 }, ''],
] as const)('wire vectors: the frame "%s" is written and read as documented', (name, head, payload) => {
  expect(hex(...encodeFrame({ ...head, payload: bytes(payload) }))).toBe(vectors.frames[name]);
  const [frame] = new FrameDecoder().push(bytes(vectors.frames[name]));
  expect(frame).toMatchObject(head);
  expect(frame && hex(joined(frame))).toBe(payload);
});

test('wire vectors: the bench message is written and read as documented', () => {
  const message = { operation: 'give', bytes: 2 ** 33 + 7 } as const;
  expect(hex(encodeBench(message))).toBe(vectors.bench);
  expect(decodeBench(bytes(vectors.bench))).toEqual(message);
});
