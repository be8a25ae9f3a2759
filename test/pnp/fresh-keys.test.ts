/** Fresh keys of answers: what a thread works out is what the curve does, and nothing is owed when it ends. */
import { randomBytes } from 'node:crypto';
import { expect, test } from 'vitest';
import { nodeCurve, wasmCurve } from '../../src/pnp/curve.ts';
import { freshKeysOf } from '../../src/pnp/fresh-keys.ts';

const SECRET = new Uint8Array(32).fill(5);
const point = nodeCurve.publicKeyOf(SECRET);
const random = (length: number) => new Uint8Array(randomBytes(length));
const curves = [nodeCurve, await wasmCurve()];

test.each(curves)('$name: the asker comes to the same key, each time another one', async (curve) => {
  const fresh = freshKeysOf(curve, random);
  const all = await Promise.all(Array.from({ length: 600 }, () => fresh.agree(point)));
  for (const one of all.slice(0, 20))
    expect(nodeCurve.agree(SECRET, one?.publicKey ?? new Uint8Array(33))).toEqual(one?.key);
  expect(new Set(all.map((one) => Buffer.from(one?.key ?? []).toString('hex'))).size).toBe(600);
  expect(await fresh.agree(Uint8Array.of(2, ...new Uint8Array(32).fill(255)))).toBeNull();
  fresh.close();
});

test.each(curves)('$name: what was under way when it closed is answered all the same', async (curve) => {
  const fresh = freshKeysOf(curve, random);
  const waiting = Array.from({ length: 50 }, () => fresh.agree(point));
  fresh.close();
  for (const one of await Promise.all([...waiting, fresh.agree(point)]))
    expect(nodeCurve.agree(SECRET, one?.publicKey ?? new Uint8Array(33))).toEqual(one?.key);
});
