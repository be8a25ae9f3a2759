import { expect, test } from 'vitest';
import { createLab } from '../../../src/lab/index.ts';
import { decodeBench, encodeBench, MAX_BENCH } from '../../../src/net/pipe/bench.ts';
import { startLabNode } from '../../helpers/lab-node.ts';

const MB = 2 ** 20;

/** Two nodes, 5 ms apart, and both ends of a pipe between them. */
async function pair() {
  const lab = createLab({ seed: 1 });
  const lan = lab.lan({ subnets: ['192.168.1.0/24'], delay: 5 });
  const alice = await startLabNode(lab, lab.host({ name: 'a', on: lan }));
  const bob = await startLabNode(lab, lab.host({ name: 'b', on: lan }));
  const mine = await lab.run(alice.node.connect(bob.node.address));
  await lab.advance(50);
  const [theirs] = bob.node.pipes;
  if (theirs === undefined) throw new Error('no pipe at the other end');
  return { lab, alice, bob, mine, theirs };
}

test('bench: messages are read as they were written', () => {
  for (const operation of ['take', 'taken', 'give'] as const) {
    for (const bytes of [0, 1, 2 ** 32, MAX_BENCH]) {
      expect(decodeBench(encodeBench({ operation, bytes }))).toEqual({ operation, bytes });
    }
  }
});

test('bench: other protocols are left alone, nonsense of our own is refused', () => {
  expect(decodeBench(Uint8Array.of(2, 9, 9))).toBeNull();
  const valid = encodeBench({ operation: 'give', bytes: MAX_BENCH });
  for (let length = 0; length < valid.length; length++) {
    expect(() => decodeBench(valid.subarray(0, length))).toThrow('cut off');
  }
  expect(() => decodeBench(Uint8Array.of(...valid, 0))).toThrow('too many');
  expect(() => decodeBench(valid.map((byte, i) => (i === 1 ? 3 : byte)))).toThrow('operation');
  expect(() => decodeBench(encodeBench({ operation: 'give', bytes: MAX_BENCH + 1 }))).toThrow('at most');
});

test('bench: moves as many bytes each way, and nobody sees them as messages', async () => {
  const { lab, alice, bob, mine } = await pair();
  const result = await lab.run(alice.node.bench(mine, 3 * MB + 1));
  expect(result).toMatchObject({ bytes: 3 * MB + 1 });
  expect(result.sendMbps).toBeGreaterThan(0);
  expect(result.receiveMbps).toBeGreaterThan(0);
  expect(result.rtt).toBeGreaterThanOrEqual(10);
  expect([...alice.of('message'), ...bob.of('message')]).toEqual([]);
});

test('bench: sizes out of range are refused before anything is sent', async () => {
  const { lab, alice, mine } = await pair();
  for (const bytes of [0, -1, 1.5, Number.NaN, MAX_BENCH + 1]) {
    await expect(lab.run(alice.node.bench(mine, bytes))).rejects.toMatchObject({ code: 'USAGE' });
  }
});

test('bench: a pipe that closes ends it', async () => {
  const { lab, alice, mine, theirs } = await pair();
  const running = alice.node.bench(mine, 2 ** 30);
  await lab.advance(50);
  void theirs.close('enough');
  await expect(lab.run(running)).rejects.toMatchObject({ code: 'PIPE_CLOSED' });
});

test('bench: both sides may measure at the same time', async () => {
  const { lab, alice, bob, mine, theirs } = await pair();
  const results = await lab.run(Promise.all([alice.node.bench(mine, MB), bob.node.bench(theirs, 2 * MB)]));
  expect(results.map((result) => result.bytes)).toEqual([MB, 2 * MB]);
  expect((await lab.run(alice.node.bench(mine, MB))).bytes).toBe(MB);
});

test('bench: a second one on the same pipe is refused until the first is done', async () => {
  const { lab, alice, mine } = await pair();
  const first = alice.node.bench(mine, MB);
  await expect(lab.run(alice.node.bench(mine, MB))).rejects.toMatchObject({ code: 'BUSY' });
  expect((await lab.run(first)).bytes).toBe(MB);
  expect((await lab.run(alice.node.bench(mine, MB))).bytes).toBe(MB);
});

test('bench: answers that nobody asked for change nothing', async () => {
  const { lab, alice, mine, theirs } = await pair();
  await lab.run(theirs.sendKind('control', encodeBench({ operation: 'taken', bytes: 0 })));
  await lab.run(theirs.sendKind('bulk', new Uint8Array(1_000)));
  await lab.run(theirs.sendKind('control', Uint8Array.of(1, 77)));
  await lab.advance(50);
  expect((await lab.run(alice.node.bench(mine, MB))).bytes).toBe(MB);
});
