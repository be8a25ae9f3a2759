import { expect, test } from 'vitest';
import {
  addressAt,
  byProxy,
  createArena,
  impostor,
  opened,
  refusals,
  stranger,
} from '../../helpers/arena.ts';
import { until } from '../../helpers/loopback-node.ts';

const arena = createArena();
const PREAMBLE_LENGTH = 56;

test('hostile: a recorded handshake cannot be played again, to either side', async () => {
  const { proxy, address } = await byProxy(arena);
  const pipe = await arena.friend.node.connect(address);
  await pipe.send('secret words');
  await pipe.close();
  for (const text of ['secret words', 'p2pd-demo proof']) {
    expect(Buffer.concat([proxy.seen.up, proxy.seen.down]).includes(text)).toBe(false);
  }
  const before = opened(arena);
  const replay = stranger(arena);
  replay.socket.write(proxy.seen.up);
  await replay.closed;
  expect(opened(arena)).toBe(before);
  const port = await impostor(arena, (socket) => {
    socket.once('data', () => socket.write(proxy.seen.down));
  });
  await expect(
    arena.friend.node.connect(addressAt(arena, arena.server.identity, port)),
  ).rejects.toMatchObject({
    code: 'NO_PATH',
  });
});

test('hostile: a pipe id or key swapped on the way is noticed by the proofs', async () => {
  for (const [at, failure] of [
    [PREAMBLE_LENGTH - 1, "proof: is not the peer's"],
    [10, 'no path to the peer'],
  ] as const) {
    const { address } = await byProxy(arena, (direction, chunk, offset) => {
      if (direction === 'up' && offset <= at && at < offset + chunk.length) {
        chunk[at - offset] = (chunk[at - offset] ?? 0) ^ 1;
      }
      return chunk;
    });
    await expect(arena.friend.node.connect(address)).rejects.toThrow(failure);
  }
  expect(opened(arena)).toBe(0);
  await until(() => refusals(arena).length === 2);
  expect(refusals(arena)[0]).toMatch(/is not the peer's|hung up/);
});

test('hostile: one bit flipped anywhere never delivers altered words, and hurts no other pipe', async () => {
  const quiet = await arena.friend.node.connect(arena.server.node.address);
  const words = 'the quick brown fox jumps over the lazy dog';
  const heard: string[] = [];
  arena.friend.node.addMessageHandler((message) => void heard.push(String(message)));
  arena.server.node.addMessageHandler((message, _from, pipe) => {
    heard.push(String(message));
    return pipe.send(message.toString());
  });
  const places = Array.from({ length: 40 }, (_, i) => 7 + i * 37);
  for (const direction of ['up', 'down'] as const) {
    await Promise.all(
      places.map(async (at) => {
        const { address } = await byProxy(arena, (way, chunk, offset) => {
          if (way === direction && offset <= at && at < offset + chunk.length) {
            chunk[at - offset] = (chunk[at - offset] ?? 0) ^ (1 << (at % 8));
          }
          return chunk;
        });
        const stop = AbortSignal.timeout(1_500);
        const pipe = await arena.friend.node.connect(address, { signal: stop }).catch(() => null);
        if (pipe === null) return;
        for (let i = 0; i < 5; i++) await pipe.send(words).catch(() => undefined);
        await pipe.close();
      }),
    );
  }
  expect(new Set(heard)).toEqual(new Set([words]));
  heard.length = 0;
  await quiet.send(words);
  await until(() => heard.length === 2);
}, 20_000);
