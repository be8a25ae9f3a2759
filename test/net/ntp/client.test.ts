import { expect, test } from 'vitest';
import { createWorld, type LabWorld } from '../../../src/lab/world.ts';
import type { ClockOffset } from '../../../src/net/events.ts';
import { keepClock, measureClock } from '../../../src/net/ntp/client.ts';
import { decodeNtpRequest, encodeNtpAnswer, type NtpRequest } from '../../../src/net/ntp/packet.ts';
import { createResolver } from '../../../src/net/resolve.ts';

function taskOf(world: LabWorld, signal = new AbortController().signal) {
  const { io } = world.a;
  return { io, servers: world.servers.ntp, resolve: createResolver(io), timeout: 1_500, signal };
}

const measure = (world: LabWorld) => world.lab.run(measureClock(taskOf(world)));

test('ntp client: three servers that agree give the offset within its error, in one round trip', async () => {
  const world = createWorld({ seed: 1, a: { clockOffset: 12_345 } });
  const startedAt = world.lab.now();
  const { clock, answered, failed } = await measure(world);
  expect(clock).not.toBeNull();
  expect(Math.abs((clock?.offset ?? 0) + 12_345)).toBeLessThanOrEqual(clock?.error ?? 0);
  expect([clock?.samples, answered.length, failed.length]).toEqual([3, 3, 0]);
  expect(world.lab.now() - startedAt).toBeLessThan(2 * 40 + 20);
});

test('ntp client: one that lies and one that is silent change nothing, and hold nobody up', async () => {
  const world = createWorld({ seed: 2, ntp: 4, a: { clockOffset: -400 } });
  const [liar, silent] = world.ntp;
  if (liar !== undefined) liar.behaviour = { offset: 9_000 };
  if (silent !== undefined) silent.behaviour = { silent: true };
  const startedAt = world.lab.now();
  const { clock } = await measure(world);
  expect(Math.abs((clock?.offset ?? 0) - 400)).toBeLessThanOrEqual(clock?.error ?? 0);
  expect(world.lab.now() - startedAt).toBeLessThan(400);
});

test('ntp client: where none answers, it says so in time', async () => {
  const world = createWorld({ seed: 3 });
  for (const server of world.ntp) server.behaviour = { silent: true };
  const startedAt = world.lab.now();
  const { clock, failed } = await measure(world);
  expect(clock).toBeNull();
  expect(failed.map(({ reason }) => reason)).toEqual(['no answer', 'no answer', 'no answer']);
  expect(world.lab.now() - startedAt).toBeLessThanOrEqual(1_500);
});

test.each([260, 400, 490])('ntp client: a path of %i ms one way is no silence', async (delay) => {
  const world = createWorld({ seed: 6, delay, a: { clockOffset: 5_000 } });
  const { clock, failed } = await measure(world);
  expect(Math.abs((clock?.offset ?? 0) + 5_000)).toBeLessThanOrEqual(clock?.error ?? 0);
  expect(failed).toEqual([]);
});

/** A server that says what `answer` makes of each request; counts them. */
async function serverThat(world: LabWorld, answer: (request: NtpRequest, wall: number) => Uint8Array) {
  const host = world.lab.host({ name: 'odd', on: world.net });
  const local = { ip: host.nics[0]?.addresses[0]?.ip ?? '', port: 123 };
  const counted = { requests: 0 };
  const socket = await host.io.openUdp(local, {
    datagram(data, remote) {
      counted.requests++;
      socket.send(answer(decodeNtpRequest(data), host.io.wallClock()), remote);
    },
  });
  return { server: { host: local.ip, port: local.port }, name: `${local.ip}:123`, counted };
}

const withoutTime = (request: NtpRequest, reference: string) =>
  encodeNtpAnswer(request, { stratum: 0, reference, rootDispersion: 0 }, 0, 0);

test('ntp client: a server that has no time yet says so, and is asked again later', async () => {
  const world = createWorld({ seed: 7, ntp: 0 });
  const odd = await serverThat(world, (request) => withoutTime(request, 'INIT'));
  const stop = new AbortController();
  const task = { ...taskOf(world, stop.signal), servers: [odd.server] };
  const report = await world.lab.run(measureClock(task));
  expect(report).toEqual({
    clock: null,
    answered: [],
    failed: [{ server: odd.name, reason: 'its clock is not synchronised' }],
    refused: [],
  });
  const keeping = keepClock(task, () => undefined, report);
  await world.lab.runUntil(world.lab.now() + 20_000);
  expect(odd.counted.requests).toBe(4);
  stop.abort();
  await world.lab.run(keeping);
});

test('ntp client: a server that refuses is not asked again, in this round or later', async () => {
  const world = createWorld({ seed: 8, a: { clockOffset: 30 } });
  const odd = await serverThat(world, (request) => withoutTime(request, 'RATE'));
  const stop = new AbortController();
  const task = { ...taskOf(world, stop.signal), servers: [odd.server, ...world.servers.ntp] };
  const report = await world.lab.run(measureClock(task));
  expect([report.clock?.samples, report.refused]).toEqual([3, [odd.name]]);
  expect(report.failed).toEqual([{ server: odd.name, reason: 'it refuses (RATE)' }]);
  let told = 0;
  const keeping = keepClock(task, () => told++, report);
  await world.lab.runUntil(world.lab.now() + 2_000_000);
  expect(told).toBeGreaterThan(3);
  expect(odd.counted.requests).toBe(1);
  stop.abort();
  await world.lab.run(keeping);
});

test('ntp client: without a first round, one refusal is enough too', async () => {
  const world = createWorld({ seed: 9, ntp: 0 });
  const odd = await serverThat(world, (request) => withoutTime(request, 'DENY'));
  const stop = new AbortController();
  const keeping = keepClock({ ...taskOf(world, stop.signal), servers: [odd.server] }, () => undefined);
  await world.lab.runUntil(world.lab.now() + 2_000_000);
  expect(odd.counted.requests).toBe(1);
  stop.abort();
  await world.lab.run(keeping);
});

test.each([true, false])(
  'ntp client: where the first four are dead, further rounds ask others (told before: %s)',
  async (told) => {
    const world = createWorld({ seed: 10, ntp: 6, a: { clockOffset: -9 } });
    for (const server of world.ntp.slice(0, 4)) server.behaviour = { silent: true };
    const stop = new AbortController();
    const task = taskOf(world, stop.signal);
    const report = await world.lab.run(measureClock(task));
    expect(report.clock?.samples).toBe(2);
    const clocks: ClockOffset[] = [];
    const keeping = keepClock(task, (clock) => clocks.push(clock), told ? report : undefined);
    await world.lab.runUntil(world.lab.now() + 20_000);
    expect(clocks).toHaveLength(told ? 3 : 2);
    for (const { samples } of clocks) expect(samples).toBe(2);
    stop.abort();
    await world.lab.run(keeping);
  },
);

test('ntp client: an answer from elsewhere, or without the cookie, is nobody’s', async () => {
  const world = createWorld({ seed: 4, ntp: 0 });
  const host = world.lab.host({ name: 'forger', on: world.net });
  const ip = host.nics[0]?.addresses[0]?.ip ?? '';
  const reply = (request: Uint8Array, cookie: Uint8Array) => {
    const wall = host.io.wallClock();
    const { version } = decodeNtpRequest(request);
    const clock = { stratum: 1, reference: 'LOCL', rootDispersion: 0 };
    return encodeNtpAnswer({ version, cookie }, clock, wall + 60_000, wall + 60_000);
  };
  const elsewhere = await host.io.openUdp({ ip, port: 9_999 }, { datagram: () => undefined });
  const socket = await host.io.openUdp(
    { ip, port: 123 },
    {
      datagram(data, remote) {
        socket.send(reply(data, new Uint8Array(8)), remote);
        elsewhere.send(reply(data, decodeNtpRequest(data).cookie), remote);
      },
    },
  );
  const report = await world.lab.run(measureClock({ ...taskOf(world), servers: [{ host: ip, port: 123 }] }));
  expect(report.clock).toBeNull();
  expect(report.failed).toEqual([{ server: `${ip}:123`, reason: 'no answer' }]);
});

test('ntp client: further rounds come after 2, 4 and 8 s, then every 15 minutes, and end with the signal', async () => {
  const world = createWorld({ seed: 5, a: { clockOffset: 77 } });
  const stop = new AbortController();
  const clocks: ClockOffset[] = [];
  const startedAt = world.lab.now();
  const keeping = keepClock(taskOf(world, stop.signal), (clock) => clocks.push(clock));
  await world.lab.runUntil(startedAt + 1_900);
  expect(clocks).toHaveLength(0);
  await world.lab.runUntil(startedAt + 16_000);
  expect(clocks).toHaveLength(3);
  await world.lab.runUntil(startedAt + 1_000_000);
  expect(clocks).toHaveLength(4);
  for (const { offset, error } of clocks) expect(Math.abs(offset + 77)).toBeLessThanOrEqual(error);
  expect(world.ntp.map(({ requests }) => requests)).toEqual([4, 4, 4]);
  stop.abort();
  await world.lab.run(keeping);
});
