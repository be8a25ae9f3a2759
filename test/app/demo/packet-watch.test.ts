/** Pictures of packets between two simulated NATs. */
import { expect, test } from 'vitest';
import { PacketWatch } from '../../../src/app/demo/packet-watch.ts';
import type { Picture } from '../../../src/app/demo/scene.ts';
import { natPreset } from '../../../src/lab/index.ts';
import { createWorld, type WorldOptions } from '../../../src/lab/world.ts';

const NAMES = { a: 'alice', b: 'bob' };

/** Two machines 40 ms apart, there and back. */
function watched(options: Partial<WorldOptions> = {}) {
  const nat = natPreset('restrict port');
  const world = createWorld({ seed: 1, delay: 10, a: { nat }, b: { nat }, ...options });
  const watch = new PacketWatch({ world, delay: 20, names: NAMES }, () => 1);
  let real = 0;
  return {
    world,
    /** What is seen so many virtual ms later; real time goes on by as many. */
    async after(ms: number): Promise<Picture> {
      await world.lab.advance(ms);
      real += ms;
      watch.draw(real);
      return watch.picture();
    },
    watch,
  };
}

/** A UDP socket of a side, at its port 5000. */
async function socketOf({ world }: ReturnType<typeof watched>, side: 'a' | 'b') {
  const { io } = world[side];
  return world.lab.run(io.openUdp({ ip: world[side].ip(), port: 5000 }, { datagram: () => undefined }));
}

const outerOf = ({ world }: ReturnType<typeof watched>, side: 'a' | 'b') => ({
  ip: world.routers[side]?.outerIps[0] ?? '',
  port: 5000,
});

test('packets: one that nobody asked for flies across, and is dropped by the other NAT', async () => {
  const all = watched();
  const socket = await socketOf(all, 'a');
  socket.send(new Uint8Array(1), outerOf(all, 'b'));
  const halfway = await all.after(10);
  expect(halfway.marks).toEqual([{ from: 'a', at: 0.5, kind: 'udp', fate: 'flying' }]);
  const there = await all.after(15);
  expect(there.marks).toEqual([{ from: 'a', at: 1, kind: 'udp', fate: 'dropped' }]);
  expect(there.caption).toMatch(/^alice UDP .* to .*:5000: dropped by bob's NAT \(no mapping\)$/);
  expect((await all.after(600)).marks).toEqual([]);
});

test('packets: the answer to one that was sent is let in', async () => {
  const all = watched();
  const [a, b] = [await socketOf(all, 'a'), await socketOf(all, 'b')];
  a.send(new Uint8Array(1), outerOf(all, 'b'));
  b.send(new Uint8Array(1), outerOf(all, 'a'));
  const { marks, caption } = await all.after(25);
  expect(marks.map(({ from, fate }) => `${from} ${fate}`)).toEqual(['a through', 'b through']);
  expect(caption).toContain('let in by');
});

test('packets: what a NAT does not let out stands at that NAT', async () => {
  const all = watched({ a: { nat: natPreset('blocked') } });
  const socket = await socketOf(all, 'a');
  socket.send(new Uint8Array(1), outerOf(all, 'b'));
  const { marks, caption } = await all.after(5);
  expect(marks).toEqual([{ from: 'a', at: 0, kind: 'udp', fate: 'dropped' }]);
  expect(caption).toContain("kept in by alice's NAT");
});

test('packets: servers are midway, both ways', async () => {
  const all = watched();
  const socket = await socketOf(all, 'a');
  const server = { ip: all.world.net.subnets.length > 0 ? '203.0.113.2' : '', port: 9 };
  socket.send(new Uint8Array(1), server);
  expect((await all.after(5)).marks).toEqual([{ from: 'a', at: 0.25, kind: 'server', fate: 'flying' }]);
  expect((await all.after(200)).marks.every(({ at }) => at <= 0.5)).toBe(true);
});

test('packets: what there is no way to is no packet that flies for ever', async () => {
  const all = watched();
  const socket = await socketOf(all, 'a');
  socket.send(new Uint8Array(1), { ip: '192.168.99.1', port: 9 });
  await all.after(100);
  expect((await all.after(600)).marks).toEqual([]);
});

test('packets: a thousand at once are a picture of some of them', async () => {
  const all = watched();
  const socket = await socketOf(all, 'a');
  for (let port = 1; port <= 1_000; port++)
    socket.send(new Uint8Array(1), { ip: outerOf(all, 'b').ip, port });
  expect((await all.after(10)).marks.length).toBeLessThanOrEqual(200);
});

test('packets: who looks is told of another picture, and not while nothing moves', async () => {
  const all = watched();
  const socket = await socketOf(all, 'a');
  let told = 0;
  const stop = all.watch.subscribe(() => told++);
  await all.after(50);
  expect(told).toBe(0);
  socket.send(new Uint8Array(1), outerOf(all, 'b'));
  await all.after(5);
  expect(told).toBe(1);
  stop();
  await all.after(5);
  expect(told).toBe(1);
});
