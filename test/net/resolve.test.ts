import { expect, test } from 'vitest';
import type { Io } from '../../src/net/io/io.ts';
import { createResolver } from '../../src/net/resolve.ts';

const { signal } = new AbortController();

/** An Io that only knows names and a clock that stands. */
function names(answers: Readonly<Record<string, readonly string[]>>) {
  const asked: string[] = [];
  const clock = { now: 0 };
  const io = {
    now: () => clock.now,
    lookup: async (host: string, family: number) => {
      asked.push(`${host} ${family}`);
      const found = answers[`${host} ${family}`];
      if (found === undefined) throw new Error('ENOTFOUND');
      return found;
    },
  };
  return { resolve: createResolver(io as unknown as Io), asked, clock };
}

test('resolve: addresses are their own answer, localhost too, without a question', async () => {
  const { resolve, asked } = names({});
  expect(await resolve('192.0.2.1', 4, signal)).toEqual(['192.0.2.1']);
  expect(await resolve('192.0.2.1', 6, signal)).toEqual([]);
  expect(await resolve('[2001:DB8::1]', 6, signal)).toEqual(['2001:db8::1']);
  expect(await resolve('LOCALHOST', 6, signal)).toEqual(['::1']);
  expect(asked).toEqual([]);
});

test('resolve: a name is asked once for each family, also by many at a time, and again after five minutes', async () => {
  const { resolve, asked, clock } = names({ 'a.example 4': ['192.0.2.1'] });
  await Promise.all([resolve('a.example', 4, signal), resolve('A.example', 4, signal)]);
  expect(asked).toEqual(['a.example 4']);
  clock.now = 299_000;
  expect(await resolve('a.example', 4, signal)).toEqual(['192.0.2.1']);
  expect(asked).toHaveLength(1);
  clock.now = 301_000;
  await resolve('a.example', 4, signal);
  expect(asked).toHaveLength(2);
});

test('resolve: a name without an address is [], and is asked again after a few seconds', async () => {
  const { resolve, asked, clock } = names({});
  expect(await resolve('b.example', 4, signal)).toEqual([]);
  expect(await resolve('b.example', 4, signal)).toEqual([]);
  expect(asked).toHaveLength(1);
  clock.now = 6_000;
  await resolve('b.example', 4, signal);
  expect(asked).toHaveLength(2);
});

/** An Io whose look-ups end when the test says so, or when they are given up. */
function slowNames() {
  const asked: { readonly given: AbortSignal; readonly end: (ips: readonly string[]) => void }[] = [];
  const lookup = (_host: string, _family: number, given: AbortSignal) =>
    new Promise<readonly string[]>((end, fail) => {
      asked.push({ given, end });
      given.addEventListener('abort', () => fail(new Error('ECANCELLED')));
    });
  return { resolve: createResolver({ now: () => 0, lookup } as unknown as Io), asked };
}

test('resolve: whoever stops waiting takes nothing from others who wait for the same name', async () => {
  const { resolve, asked } = slowNames();
  const one = new AbortController();
  const [first, second] = [resolve('a.example', 4, one.signal), resolve('a.example', 4, signal)];
  one.abort();
  expect(await first).toEqual([]);
  expect(asked[0]?.given.aborted).toBe(false);
  asked[0]?.end(['192.0.2.1']);
  expect(await second).toEqual(['192.0.2.1']);
  expect(await resolve('a.example', 4, signal)).toEqual(['192.0.2.1']);
  expect(asked).toHaveLength(1);
});

test('resolve: a look-up that nobody waits for is given up, and is no failure to be kept', async () => {
  const { resolve, asked } = slowNames();
  const given = new AbortController();
  const waiting = [resolve('a.example', 4, given.signal), resolve('a.example', 4, given.signal)];
  given.abort();
  expect(await Promise.all(waiting)).toEqual([[], []]);
  expect(asked[0]?.given.aborted).toBe(true);
  expect(await resolve('a.example', 4, given.signal)).toEqual([]);
  expect(asked).toHaveLength(1);
  const again = resolve('a.example', 4, signal);
  asked[1]?.end(['192.0.2.1']);
  expect(await again).toEqual(['192.0.2.1']);
});
