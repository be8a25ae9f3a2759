/** How often a registration is repeated: soon after a failure, but other people's servers once a day. */
import { expect, test } from 'vitest';
import type { Io } from '../../src/net/io/io.ts';
import { createNodeIo } from '../../src/net/io/node-io.ts';
import { PUBLIC_SERVERS } from '../../src/net/public-servers.ts';
import type { Registration } from '../../src/pnp/names.ts';
import { keepFresh } from '../../src/pnp/registration.ts';

const HOUR = 3_600_000;
const own = [{ host: '192.0.2.1', port: 5300, publicKey: '02'.repeat(33) }];

/** Times of the registrations of 3 days, h; each fails, or the address changes each minute, or the name lives `life` h only. */
async function days(
  servers: typeof own,
  works: boolean,
  isRestless: boolean,
  life: number | null = null,
): Promise<number[]> {
  let now = 0;
  const over = new AbortController();
  const io: Io = Object.assign(Object.create(createNodeIo()) as Io, {
    now: () => now,
    sleepUntil: (time: number) => {
      now = Math.max(now, time);
      if (now > 72 * HOUR) over.abort();
      return Promise.resolve();
    },
  });
  const times: number[] = [];
  const registration = (): Registration => ({
    full: works ? 'alice.p2p' : null,
    tld: works ? '.p2p' : null,
    servers: [],
    expires: life === null ? null : (now + life * HOUR) / 1000,
  });
  await keepFresh({
    io,
    address: () => (isRestless ? `address ${Math.floor(now / 60_000)}` : 'address'),
    servers,
    register: () => {
      if (!over.signal.aborted) times.push(now / HOUR);
      return Promise.resolve(registration());
    },
    first: { ...registration(), full: 'alice.p2p' },
    wall: () => now,
    report: () => undefined,
    isOver: () => over.signal.aborted,
    signal: over.signal,
  });
  return times;
}

test('own servers: each day, within half an hour of a failure, within two minutes of another address', async () => {
  const fresh = await days(own, true, false);
  expect(fresh.length).toBeGreaterThanOrEqual(3);
  expect(fresh.length).toBeLessThanOrEqual(4);
  const failing = await days(own, false, false);
  for (const [i, time] of failing.entries())
    if (i > 0) expect(time - (failing[i - 1] ?? 0)).toBeLessThan(0.51);
  expect((await days(own, true, true)).length).toBeGreaterThan(72 * 30);
});

test('own servers: a name that lives short is refreshed within its life, and never more than once a minute', async () => {
  const short = await days(own, true, false, 2);
  expect(short.length).toBeGreaterThan(36);
  for (const [i, time] of short.entries()) if (i > 0) expect(time - (short[i - 1] ?? 0)).toBeLessThan(2);
  expect((await days(own, true, false, 0)).length).toBeLessThanOrEqual(72 * 60);
});

test.each([
  ['all is well', true, false],
  ['it fails', false, false],
  ['the address changes', true, true],
])('P2PD’s public servers, %s: one refresh a day', async (_when, works, isRestless) => {
  const times = await days([...PUBLIC_SERVERS.pnp], works, isRestless);
  expect(times.length).toBeGreaterThanOrEqual(3);
  for (const [i, time] of times.entries()) expect(time - (times[i - 1] ?? 0)).toBeGreaterThanOrEqual(20);
});
