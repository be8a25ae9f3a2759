import { expect, test } from 'vitest';
import type { NodeEvent } from '../../../src/net/events.ts';
import { encodeBench } from '../../../src/net/pipe/bench.ts';
import type { Frame } from '../../../src/net/pipe/frame.ts';
import { FRAME_COST } from '../../../src/net/pipe/send-queue.ts';
import { SEND_WINDOW } from '../../../src/net/timing.ts';
import { createArena, frame, opened, refusals } from '../../helpers/arena.ts';
import { freshIdentity, io, until } from '../../helpers/loopback-node.ts';
import { rogueOf, secureAs, startRogue } from '../../helpers/rogue.ts';

const arena = createArena();
const PIECE = 65_536;

function closings(): Extract<NodeEvent, { event: 'closed' }>[] {
  return arena.server.events.filter((event) => event.event === 'closed');
}

/** Frames that are one message each, numbered from `first`. */
function messages(first: number, count: number, type: Frame['type'], payload: Uint8Array): Frame[] {
  return Array.from({ length: count }, (_, i) => frame({ type, sequence: first + i, payload }));
}

test('hostile: a peer that breaks the rules of frames is closed with the reason', async () => {
  const peer = await startRogue(arena);
  peer.write(frame({ type: 'text', sequence: 9 }));
  await until(() => closings().length === 1);
  expect(closings()).toMatchObject([{ reason: 'the peer broke the protocol: frame: number 9 instead of 1' }]);
});

test('hostile: a peer that asks for bulk again and again is given it once', async () => {
  const peer = await startRogue(arena);
  const before = process.memoryUsage().arrayBuffers;
  peer.write(...messages(1, 2_000, 'control', encodeBench({ operation: 'give', bytes: 2 ** 33 })));
  // It acknowledges nothing, so it gets one window.
  await until(() => peer.received() >= SEND_WINDOW);
  expect(peer.received()).toBeLessThan(SEND_WINDOW + 2 * PIECE);
  expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(4 * SEND_WINDOW);
});

test('hostile: a peer that is owed answers without end and takes none breaks the window', async () => {
  const peer = await startRogue(arena, false);
  const take = encodeBench({ operation: 'take', bytes: 0 });
  const limit = (3 * SEND_WINDOW) / (take.length + FRAME_COST);
  for (let sent = 0; sent < limit && closings().length === 0; sent += 1_000) {
    peer.write(...messages(sent + 1, 1_000, 'control', take));
    await io.sleepUntil(io.now());
  }
  await until(() => closings().length === 1);
  expect(closings()[0]?.reason).toContain('more was sent than the window allows');
});

test('hostile: a peer that never reads fills no memory, and is closed in time', async () => {
  const peer = await startRogue(arena, false);
  arena.server.node.addMessageHandler((message, _from, pipe) => pipe.send(message));
  const before = process.memoryUsage().arrayBuffers;
  const echo = new Uint8Array(PIECE);
  for (let sent = 0; sent < 1_000 && closings().length === 0; sent += 10) {
    peer.write(...messages(sent + 1, 10, 'binary', echo));
    await io.sleepUntil(io.now());
  }
  await until(() => closings().length === 1);
  expect(closings()[0]?.reason).toContain('more was sent than the window allows');
  expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(12 * SEND_WINDOW);
});

test('hostile: a second pipe of the same name is refused while the first is open', async () => {
  const first = await startRogue(arena);
  await expect(secureAs(arena, first.identity)).rejects.toMatchObject({ alert: 'duplicate' });
  expect(opened(arena)).toBe(1);
});

test('hostile: of several pipes of the same name at once only one opens', async () => {
  const identity = await freshIdentity();
  const secured = await Promise.all([1, 2, 3].map(() => secureAs(arena, identity)));
  const rogues = secured.map((one) => rogueOf(identity, one, true));
  for (const rogue of rogues) rogue.write(frame({ type: 'proof', payload: rogue.secured.proof }));
  for (const rogue of rogues) rogue.write(frame({ type: 'ping' }), frame({ type: 'pong' }));
  await until(() => refusals(arena).length === 2);
  expect(opened(arena)).toBe(1);
  expect(closings()).toEqual([]);
  expect(arena.server.node.pipes).toHaveLength(1);
  expect(refusals(arena)).toEqual(['this pipe is open already', 'this pipe is open already']);
});

test('hostile: a peer that half-closes, or vanishes, leaves nothing behind', async () => {
  const leaves = await startRogue(arena);
  leaves.secured.stream.end();
  await until(() => closings().length === 1);
  const vanishes = await startRogue(arena);
  vanishes.write(frame({ type: 'end', sequence: 1 }));
  vanishes.secured.stream.destroy();
  await until(() => closings().length === 2);
  expect(arena.server.node.pipes).toEqual([]);
});

test('hostile: handlers that throw hurt no other message', async () => {
  const { server, friend } = arena;
  const heard: string[] = [];
  server.node.addMessageHandler(() => {
    throw new Error('oops');
  });
  server.node.addMessageHandler(() => Promise.reject(new Error('oops')));
  server.node.addMessageHandler((message) => void heard.push(String(message)));
  const pipe = await friend.node.connect(server.node.address);
  for (const word of ['one', 'two', 'three']) await pipe.send(word);
  await until(() => heard.length === 3);
  expect(heard).toEqual(['one', 'two', 'three']);
  expect(server.node.pipes).toHaveLength(1);
});
