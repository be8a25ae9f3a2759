/** Files between two nodes in virtual time and memory: names, messages, a hostile sender, a cut at any byte. */
import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createLab } from '../../../src/lab/index.ts';
import { HashInPlace } from '../../../src/net/io/file-hash.ts';
import type { Part, SaveFolder, Source } from '../../../src/net/io/transfer-types.ts';
import { decodeFileMessage, encodeFileMessage, type FileMessage } from '../../../src/net/transfer/message.ts';
import { safeName } from '../../../src/net/transfer/name.ts';
import { DecodeError } from '../../../src/net/wire/decode-error.ts';
import { startLabNode } from '../../helpers/lab-node.ts';

const hash = new Uint8Array(32).fill(7);
const MESSAGES: readonly FileMessage[] = [
  { operation: 'offer', size: 2 ** 40 + 5, name: 'ä.bin' },
  { operation: 'accept', offset: 3, hash },
  { operation: 'begin', offset: 0 },
  { operation: 'end', hash },
  { operation: 'done', name: 'ä (1).bin' },
  { operation: 'refuse', reason: 'no room' },
  { operation: 'withdraw', reason: 'given up' },
];

test('file message: read as written, refused when cut or longer, null for another protocol', () => {
  for (const message of MESSAGES) {
    const bytes = encodeFileMessage(message);
    expect(decodeFileMessage(bytes)).toEqual(message);
    for (let length = 1; length < bytes.length; length++)
      expect(() => decodeFileMessage(bytes.subarray(0, length))).toThrow(DecodeError);
    expect(() => decodeFileMessage(Uint8Array.of(...bytes, 0))).toThrow(DecodeError);
  }
  expect(decodeFileMessage(Uint8Array.of(1, 0))).toBeNull();
  expect(() => decodeFileMessage(Uint8Array.of(2, 7))).toThrow('unknown');
});

test('file names: one safe name, whatever the peer says', () => {
  const cases: readonly (readonly [string, string])[] = [
    ['a.txt', 'a.txt'],
    ['../../etc/passwd', 'passwd'],
    ['C:\\Windows\\system.ini', 'system.ini'],
    ['..', 'file'],
    ['.bashrc', 'bashrc'],
    ['', 'file'],
    ['con.txt', '_con.txt'],
    ['COM¹', '_COM¹'],
    ['CONOUT$', '_CONOUT$'],
    ['a\u202Egnp.exe', 'a_gnp.exe'],
    ['a\nb\0c', 'a_b_c'],
    ['x'.repeat(300).concat('.tar'), `${'x'.repeat(196)}.tar`],
  ];
  for (const [given, safe] of cases) expect(safeName(given)).toBe(safe);
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 400 }), (name) => {
      const safe = safeName(name);
      expect(safe).not.toMatch(/[/\\\p{Cc}\p{Cf}]/u);
      expect(safe).not.toMatch(/^\.|^$/);
      expect(Buffer.byteLength(safe)).toBeLessThanOrEqual(200);
    }),
  );
});

/** A folder in memory: parts by name, and what was kept. */
class Memory implements SaveFolder {
  readonly parts = new Map<string, Uint8Array>();
  /** Bytes that a part may have. */
  limit = Number.POSITIVE_INFINITY;
  readonly kept: { readonly name: string; readonly bytes: Uint8Array }[] = [];

  async open(name: string): Promise<Part> {
    let bytes = this.parts.get(name) ?? new Uint8Array(0);
    const put = (next: Uint8Array) => {
      bytes = next;
      this.parts.set(name, bytes);
    };
    return {
      size: bytes.length,
      hash: () => new HashInPlace(async (from, length) => bytes.slice(from, from + length)),
      write: async (at, chunks) => {
        const more = Buffer.concat(chunks);
        if (at + more.length > this.limit) throw Object.assign(new Error('no space'), { code: 'ENOSPC' });
        put(Buffer.concat([bytes.subarray(0, at), more, bytes.subarray(at + more.length)]));
      },
      truncate: async (size) => put(bytes.slice(0, size)),
      keep: async () => {
        this.kept.push({ name, bytes });
        this.parts.delete(name);
        return { name, path: `/in/${name}` };
      },
      close: async () => undefined,
    };
  }
}

function sourceOf(bytes: Uint8Array, name = 'data'): Source {
  return {
    name,
    size: bytes.length,
    read: async (from, length) => bytes.slice(from, from + length),
    hash: () => new HashInPlace(async (from, length) => bytes.slice(from, from + length)),
    close: async () => undefined,
  };
}

async function pair(seed = 1) {
  const lab = createLab({ seed });
  const lan = lab.lan({ delay: 5 });
  const alice = await startLabNode(lab, lab.host({ name: 'a', on: lan }));
  const bob = await startLabNode(lab, lab.host({ name: 'b', on: lan }));
  const folder = new Memory();
  bob.node.files.receiveIn(folder);
  const pipe = await lab.run(alice.node.connect(bob.node.address));
  return { lab, alice, bob, folder, pipe };
}

const never = new AbortController().signal;
const sample = (length: number) => Uint8Array.from({ length }, (_, i) => (i * 7 + (i >> 8)) & 255);

test('files: whole, gone on with from any byte, begun anew where something else was there', async () => {
  const bytes = sample(700_000);
  for (const there of [0, 1, 65_536, 262_144, 699_999, 700_000]) {
    const { lab, alice, bob, folder, pipe } = await pair();
    folder.parts.set('data', bytes.slice(0, there));
    await lab.run(alice.node.files.send(pipe, sourceOf(bytes), never));
    expect(
      folder.kept.map((one) => Buffer.compare(one.bytes, bytes)),
      `${there}`,
    ).toEqual([0]);
    expect(bob.of('file').at(-1)).toMatchObject({ state: 'done', done: 700_000, direction: 'in' });
  }
  const { lab, alice, folder, pipe } = await pair(2);
  folder.parts.set('data', sample(800_000).fill(1, 5, 6));
  await lab.run(alice.node.files.send(pipe, sourceOf(bytes), never));
  expect(folder.kept.map((one) => Buffer.compare(one.bytes, bytes))).toEqual([0]);
});

test('files: a pipe that loses its path in the middle brings the file whole', async () => {
  const lab = createLab({ seed: 9 });
  const lans = [lab.lan({ delay: 5 }), lab.lan({ delay: 5 })];
  const [a, b] = [lab.host({ name: 'a', on: lans }), lab.host({ name: 'b', on: lans })];
  const [alice, bob] = [await startLabNode(lab, a), await startLabNode(lab, b)];
  const folder = new Memory();
  bob.node.files.receiveIn(folder);
  const pipe = await lab.run(alice.node.connect(bob.node.address));
  await lab.advance(100);
  const bytes = sample(20_000_000);
  const sent = alice.node.files.send(pipe, sourceOf(bytes), never);
  await lab.advance(20);
  lab.plug(b.nic('eth0'), false);
  await lab.run(sent, { within: 60_000, steps: 10_000_000 });
  expect(folder.kept.map((one) => Buffer.compare(one.bytes, bytes))).toEqual([0]);
  expect(alice.of('path')).toHaveLength(1);
});

test('files: what a hostile sender says is refused, and the pipe lives on', async () => {
  const { lab, bob, folder, pipe } = await pair();
  const say = (message: FileMessage) => pipe.sendKind('control', encodeFileMessage(message));
  const settle = () => lab.advance(200);
  await lab.run(say({ operation: 'offer', size: 10, name: '../evil' }));
  await settle();
  await lab.run(say({ operation: 'begin', offset: 5 }));
  await settle();
  expect(bob.of('file').at(-1)).toMatchObject({
    name: 'evil',
    state: 'failed',
    reason: 'it begins where nothing was offered',
  });
  await lab.run(say({ operation: 'offer', size: 10, name: 'more' }));
  await lab.run(say({ operation: 'begin', offset: 0 }));
  await settle();
  await lab.run(pipe.sendKind('bulk', new Uint8Array(11)));
  await settle();
  expect(bob.of('file').at(-1)).toMatchObject({
    name: 'more',
    state: 'failed',
    reason: 'more came than was offered',
  });
  await lab.run(say({ operation: 'offer', size: 3, name: 'lie' }));
  await lab.run(say({ operation: 'begin', offset: 0 }));
  await settle();
  await lab.run(pipe.sendKind('bulk', new Uint8Array(3)));
  await lab.run(say({ operation: 'end', hash: new Uint8Array(createHash('sha256').update('x').digest()) }));
  await settle();
  expect(bob.of('file').at(-1)).toMatchObject({
    name: 'lie',
    state: 'failed',
    reason: 'its hash does not fit',
  });
  await lab.run(pipe.sendKind('control', Uint8Array.of(2, 99)));
  await settle();
  expect(folder.kept).toEqual([]);
  expect(bob.node.pipes).toHaveLength(1);
});

test('files: bytes before their beginning, and a second file beside the first, are refused', async () => {
  const { lab, alice, bob, folder, pipe } = await pair(3);
  await lab.run(pipe.sendKind('control', encodeFileMessage({ operation: 'offer', size: 3, name: 'early' })));
  await lab.run(pipe.sendKind('bulk', new Uint8Array(3)));
  await lab.advance(200);
  expect(bob.of('file').at(-1)).toMatchObject({ name: 'early', state: 'failed' });
  expect(folder.parts.get('early') ?? new Uint8Array(0)).toHaveLength(0);
  const first = alice.node.files.send(pipe, sourceOf(sample(300_000), 'first'), never);
  await expect(alice.node.files.send(pipe, sourceOf(sample(3), 'second'), never)).rejects.toMatchObject({
    code: 'BUSY',
  });
  await lab.run(first);
  expect(folder.kept.map(({ name }) => name)).toEqual(['first']);
});

test('files: given up, or refused in the middle, ends on both sides and leaves the pipe to the next', async () => {
  const { lab, alice, bob, folder, pipe } = await pair(4);
  const bytes = new Uint8Array(24_000_000);
  const giveUp = new AbortController();
  const sent = alice.node.files.send(pipe, sourceOf(bytes), giveUp.signal);
  const failed = expect(sent).rejects.toThrow('given up');
  await lab.advance(12);
  giveUp.abort(new Error('given up'));
  await lab.advance(1_000);
  await failed;
  expect(alice.of('file').at(-1)).toMatchObject({ state: 'failed', reason: 'given up' });
  expect(bob.of('file').at(-1)).toMatchObject({ state: 'failed', reason: 'given up' });
  let read = 0;
  const counted: Source = {
    ...sourceOf(bytes, 'full'),
    read: async (from, length) => {
      read = Math.max(read, from);
      return bytes.slice(from, from + length);
    },
  };
  folder.limit = 1_000_000;
  const refused = expect(alice.node.files.send(pipe, counted, never)).rejects.toMatchObject({
    code: 'FILE_REFUSED',
    message: 'the file was refused: ENOSPC',
  });
  await lab.advance(5_000);
  await refused;
  expect(read).toBeLessThan(20_000_000);
  folder.limit = Number.POSITIVE_INFINITY;
  await lab.run(alice.node.files.send(pipe, sourceOf(sample(5), 'next'), never));
  expect(folder.kept.map(({ name }) => name)).toEqual(['next']);
});

test('files: nobody takes any: both sides are told, and who takes them later gets them', async () => {
  const { lab, alice, bob, folder, pipe } = await pair(5);
  bob.node.files.receiveIn(null);
  const refused = expect(alice.node.files.send(pipe, sourceOf(sample(9)), never)).rejects.toMatchObject({
    code: 'FILE_REFUSED',
  });
  await lab.advance(500);
  await refused;
  expect(bob.of('file')).toMatchObject([{ state: 'refused', name: 'data', size: 9, done: 0 }]);
  bob.node.files.receiveIn(folder);
  await lab.run(alice.node.files.send(pipe, sourceOf(sample(9)), never));
  expect(alice.of('file').at(-1)).toMatchObject({ state: 'done', kept: 'data', done: 9 });
  expect(bob.of('file').at(-1)).toMatchObject({ state: 'done', kept: '/in/data' });
});

test('files: both ways over one pipe at once, and one given up leaves the other alone', async () => {
  const { lab, alice, bob, folder, pipe } = await pair(6);
  const back = new Memory();
  alice.node.files.receiveIn(back);
  await lab.advance(200);
  const other = bob.node.pipes[0];
  if (other === undefined) throw new Error('no pipe');
  const [there, here] = [sample(300_000), sample(400_000).reverse()];
  await lab.run(
    Promise.all([
      alice.node.files.send(pipe, sourceOf(there, 'there'), never),
      bob.node.files.send(other, sourceOf(here, 'here'), never),
    ]),
  );
  expect(folder.kept.map(({ name, bytes }) => [name, Buffer.compare(bytes, there)])).toEqual([['there', 0]]);
  expect(back.kept.map(({ name, bytes }) => [name, Buffer.compare(bytes, here)])).toEqual([['here', 0]]);
  const giveUp = new AbortController();
  const failed = expect(
    bob.node.files.send(other, sourceOf(new Uint8Array(24_000_000), 'long'), giveUp.signal),
  ).rejects.toThrow('given up');
  const sent = alice.node.files.send(pipe, sourceOf(sample(20_000_000), 'whole'), never);
  await lab.advance(12);
  giveUp.abort(new Error('given up'));
  await lab.run(sent, { within: 60_000, steps: 10_000_000 });
  await failed;
  expect(folder.kept.map(({ name }) => name)).toEqual(['there', 'whole']);
  expect(alice.of('file').filter(({ state }) => state === 'failed')).toMatchObject([
    { direction: 'in', name: 'long', reason: 'given up' },
  ]);
});
