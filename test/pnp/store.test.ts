/** What a name store promises, on SQLite and on PostgreSQL. */
import { describe, expect, test } from 'vitest';
import { CLOCK_TOLERANCE, NAME_LIFETIME, penaltyFor } from '../../src/pnp/rules.ts';
import { bytesOf, describeStores, NOW, write } from './stores.ts';

const DONE = { kind: 'done' };
const refused = (why: string) => ({ kind: 'refused', why });
const text = (bytes: Uint8Array | undefined) => Buffer.from(bytes ?? []).toString();

describeStores('store', (open) => {
  test('a name is taken by whoever comes first, and read by everybody', async () => {
    const store = await open();
    expect(await store.fetch(bytesOf('alice'), NOW)).toBeNull();
    expect(await store.write(write('alice', 'here'), NOW)).toEqual(DONE);
    expect(text((await store.fetch(bytesOf('alice'), NOW))?.value)).toBe('here');
    expect(await store.write(write('alice', 'mine', { owner: 'bob', updated: NOW + 1 }), NOW)).toEqual(
      refused('taken'),
    );
    expect(await store.count(NOW)).toBe(1);
    expect(await store.fetch(bytesOf('Alice'), NOW)).toBeNull();
  });

  test('an update must be newer; a copy of the last one is done already', async () => {
    const store = await open();
    await store.write(write('alice', 'one'), NOW);
    expect(await store.write(write('alice', 'one'), NOW)).toEqual(DONE);
    expect(await store.write(write('alice', 'two'), NOW)).toEqual(refused('stale'));
    expect(await store.write(write('alice', 'two', { updated: NOW + 1 }), NOW)).toEqual(DONE);
    expect(await store.write(write('alice', 'one'), NOW)).toEqual(refused('stale'));
    expect(text((await store.fetch(bytesOf('alice'), NOW))?.value)).toBe('two');
  });

  test('what was deleted is free for others, and does not come back by an old request', async () => {
    const store = await open();
    const first = write('alice', 'one');
    await store.write(first, NOW);
    const removal = write('alice', '', { updated: NOW + 2 });
    expect(await store.write(removal, NOW)).toEqual(DONE);
    expect(await store.write(removal, NOW)).toEqual(DONE);
    expect(await store.fetch(bytesOf('alice'), NOW)).toBeNull();
    expect(await store.write(first, NOW)).toEqual(refused('stale'));
    expect(await store.write(write('alice', 'x', { updated: NOW + 2 }), NOW)).toEqual(refused('stale'));
    expect(await store.write(write('alice', 'mine', { owner: 'bob' }), NOW)).toEqual(DONE);
    expect(await store.write(first, NOW)).toEqual(refused('taken'));
    expect(await store.count(NOW)).toBe(1);
  });

  test('deleting what is not there makes nothing', async () => {
    const store = await open();
    expect(await store.write(write('ghost', ''), NOW)).toEqual(DONE);
    expect(await store.fetch(bytesOf('ghost'), NOW)).toBeNull();
    expect(await store.count(NOW)).toBe(0);
  });

  test('times far from the server’s are refused, whatever they would do', async () => {
    const store = await open();
    for (const updated of [0, NOW - CLOCK_TOLERANCE - 1, NOW + CLOCK_TOLERANCE + 1, Number.MAX_SAFE_INTEGER])
      expect(await store.write(write('alice', 'x', { updated }), NOW)).toEqual(refused('clock'));
    expect(await store.write(write('alice', 'x', { updated: NOW + CLOCK_TOLERANCE }), NOW)).toEqual(DONE);
    expect(await store.write(write('', 'x'), NOW)).toEqual(refused('invalid'));
  });

  test('names expire by their clock and are cleared away later; who had them has no claim', async () => {
    const store = await open();
    await store.write(write('alice', 'one'), NOW);
    const end = NOW + NAME_LIFETIME;
    expect(await store.fetch(bytesOf('alice'), end - 1)).not.toBeNull();
    expect(await store.fetch(bytesOf('alice'), end)).toBeNull();
    expect(await store.write(write('alice', 'two', { owner: 'bob', updated: end }), end)).toEqual(DONE);
    await store.write(write('bob', 'x', { updated: end }), end);
    expect(await store.prune(end + NAME_LIFETIME)).toBe(2);
    expect(await store.prune(end + NAME_LIFETIME)).toBe(0);
  });

  test('a refreshed name loses life where its address has many', async () => {
    const store = await open();
    await store.write(write('n0', 'x'), NOW);
    await store.write(write('n0', 'y', { updated: NOW + 1 }), NOW);
    expect((await store.fetch(bytesOf('n0'), NOW))?.timestamp).toBe(NOW + 1 - penaltyFor(1, 20));
    for (let i = 1; i < 20; i++) await store.write(write(`n${i}`, 'x'), NOW);
    await store.write(write('n0', 'z', { updated: NOW + 2 }), NOW);
    expect((await store.fetch(bytesOf('n0'), NOW))?.timestamp).toBe(NOW + 2 - (NAME_LIFETIME - 60));
  });

  test('20 names of one IPv4 address; expired ones make room, updates need none', async () => {
    const store = await open();
    for (let i = 0; i < 20; i++) expect(await store.write(write(`n${i}`, 'x'), NOW)).toEqual(DONE);
    expect(await store.write(write('n20', 'x'), NOW)).toEqual(refused('limit'));
    expect(await store.write(write('n3', 'y', { updated: NOW + 1 }), NOW)).toEqual(DONE);
    expect(await store.write(write('other', 'x', { ip: '192.0.2.2' }), NOW)).toEqual(DONE);
    const later = NOW + NAME_LIFETIME;
    expect(await store.write(write('n20', 'x', { updated: later }), later)).toEqual(DONE);
  });

  test('a name moves with its owner, but never onto an address that is full', async () => {
    const store = await open();
    for (let i = 0; i < 20; i++) await store.write(write(`n${i}`, 'x'), NOW);
    await store.write(write('moving', 'x', { ip: '192.0.2.2' }), NOW);
    expect(await store.write(write('moving', 'y', { updated: NOW + 1 }), NOW)).toEqual(DONE);
    expect((await store.fetch(bytesOf('moving'), NOW))?.at.address).toEqual(Uint8Array.of(192, 0, 2, 2));
    await store.write(write('moving', 'z', { updated: NOW + 2, ip: '192.0.2.3' }), NOW);
    expect((await store.fetch(bytesOf('moving'), NOW))?.at.address).toEqual(Uint8Array.of(192, 0, 2, 3));
  });

  test('IPv6: 5 names an address, 20 addresses a /64, so many /64s a /48', async () => {
    const store = await open({ subnetsPerSite: 3 });
    const at = (ip: string, name: string) => store.write(write(name, 'x', { ip }), NOW);
    for (let i = 0; i < 5; i++) expect(await at('2001:db8:1:1::1', `a${i}`)).toEqual(DONE);
    expect(await at('2001:db8:1:1::1', 'a5')).toEqual(refused('limit'));
    for (let i = 2; i <= 20; i++) expect(await at(`2001:db8:1:1::${i.toString(16)}`, `h${i}`)).toEqual(DONE);
    expect(await at('2001:db8:1:1::ffff', 'h21')).toEqual(refused('limit'));
    expect(await at('2001:db8:1:1::2', 'again')).toEqual(DONE);
    for (let i = 2; i <= 3; i++) expect(await at(`2001:db8:1:${i}::1`, `s${i}`)).toEqual(DONE);
    expect(await at('2001:db8:1:4::1', 's4')).toEqual(refused('limit'));
    expect(await at('2001:db8:2:1::1', 'elsewhere')).toEqual(DONE);
  });

  test('32 writers at once: no limit is overrun, no update lost, nobody left without an answer', async () => {
    const store = await open();
    const outcomes = await Promise.all(
      Array.from({ length: 32 }, async (_, writer) => {
        const told: string[] = [];
        for (let i = 0; i < 20; i++) {
          const own = await store.write(write(`w${writer}-${i}`, 'x', { ip: `192.0.2.${writer % 4}` }), NOW);
          const shared = await store.write(
            write('shared', `${orderOf(writer, i)}`, {
              updated: NOW + orderOf(writer, i),
              ip: '198.51.100.1',
            }),
            NOW,
          );
          told.push(own.kind === 'done' ? 'done' : own.why, shared.kind === 'done' ? 'newest' : shared.why);
        }
        return told;
      }),
    );
    const all = outcomes.flat();
    expect(all).toHaveLength(32 * 40);
    expect(all.filter((one) => one === 'done')).toHaveLength(4 * 20);
    expect(all.filter((one) => one === 'limit')).toHaveLength(32 * 20 - 4 * 20);
    // The newest wins in whatever order they came.
    expect(text((await store.fetch(bytesOf('shared'), NOW))?.value)).toBe('639');
    expect(new Set(all)).toEqual(new Set(['done', 'limit', 'newest', 'stale']));
    expect(await store.count(NOW)).toBe(81);
  });

  test('one write after the other, however soon the next one follows', async () => {
    const store = await open();
    for (let i = 0; i < 300; i++) {
      const batch = Array.from({ length: 1 + (i % 3) }, (_, j) =>
        store.write(write(`b${j}`, 'x', { updated: NOW + i }), NOW),
      );
      for (const outcome of await Promise.all(batch)) expect(outcome).toEqual(DONE);
    }
  });

  test('names of any bytes, values of any bytes', async () => {
    const store = await open();
    const name = Uint8Array.from({ length: 50 }, (_, i) => (i * 37) & 255);
    const value = Uint8Array.from({ length: 500 }, (_, i) => (i * 11) & 255);
    await store.write({ ...write('', ''), name, value }, NOW);
    expect(await store.fetch(name, NOW)).toMatchObject({ name, value });
  });
});

/** Of 640 writes, each its own, mixed. */
function orderOf(writer: number, i: number): number {
  return ((writer * 20 + i) * 239) % 640;
}

describe('penalty', () => {
  test.each([
    [0, 0],
    [1, 30_241],
    [10, 302_401],
    [20, 604_740],
    [40, 604_740],
  ])('%i names of 20: %i s', (used, seconds) => {
    expect(penaltyFor(used, 20)).toBe(seconds);
  });
});
