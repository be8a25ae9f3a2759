/**
 * Random lives of names, on both stores, against a model that is as simple as the rules: who pushes, deletes, plays
 * old requests again, and how time passes.
 */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { CLOCK_TOLERANCE, NAME_LIFETIME } from '../../src/pnp/rules.ts';
import type { NameStore } from '../../src/pnp/store.ts';
import { bytesOf, describeStores, NOW, write } from './stores.ts';

const LIMIT = 3;
const [NAMES, OWNERS, IPS] = [
  ['a', 'b', 'c', 'd', 'e'],
  ['alice', 'bob'],
  ['192.0.2.1', '192.0.2.2'],
] as const;

interface Entry {
  readonly value: string;
  readonly owner: string;
  readonly updated: number;
  /** Until when it lives. */
  readonly until: number;
  readonly ip: string;
}

type Step =
  | {
      readonly kind: 'push' | 'delete';
      readonly name: string;
      readonly owner: string;
      readonly ip: string;
      readonly skew: number;
    }
  | { readonly kind: 'replay'; readonly which: number }
  | { readonly kind: 'wait'; readonly seconds: number };

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constantFrom('push' as const, 'push' as const, 'delete' as const),
      name: fc.constantFrom(...NAMES),
      owner: fc.constantFrom(...OWNERS),
      ip: fc.constantFrom(...IPS),
      skew: fc.constantFrom(0, 0, 0, 5, -5, CLOCK_TOLERANCE + 1, -CLOCK_TOLERANCE - 1),
    }),
  },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('replay' as const), which: fc.nat(30) }) },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('wait' as const),
      seconds: fc.constantFrom(1, 60, 1_800, 90_000, NAME_LIFETIME),
    }),
  },
);

class Model {
  readonly names = new Map<string, Entry>();
  /** When an owner deleted a name, as it signed that. */
  readonly deleted = new Map<string, number>();

  /** @returns what the store must say */
  write({ name, value, owner, updated, ip }: Request, now: number): string {
    for (const [key, { until }] of this.names) if (until <= now) this.names.delete(key);
    if (Math.abs(updated - now) > CLOCK_TOLERANCE) return 'clock';
    const own = this.names.get(name);
    const gone = this.deleted.get(`${name} ${owner}`) ?? 0;
    return own === undefined
      ? this.#free({ name, value, owner, updated, ip }, gone)
      : this.#held({ name, value, owner, updated, ip }, own, gone);
  }

  #free({ name, ...request }: Request, gone: number): string {
    if (request.value === '') return 'done';
    if (request.updated <= gone) return 'stale';
    if (this.#used(request.ip) >= LIMIT) return 'limit';
    this.names.set(name, { ...request, until: request.updated + NAME_LIFETIME });
    return 'done';
  }

  #held({ name, ...request }: Request, own: Entry, gone: number): string {
    const { value, owner, updated, ip } = request;
    if (own.owner !== owner) return 'taken';
    if (own.updated === updated && own.value === value) return 'done';
    if (updated <= Math.max(own.updated, gone)) return 'stale';
    if (value === '') {
      this.names.delete(name);
      this.deleted.set(`${name} ${owner}`, updated);
    } else this.names.set(name, renewed(request, own, this.#used(ip)));
    return 'done';
  }

  #used(ip: string): number {
    return [...this.names.values()].filter((entry) => entry.ip === ip).length;
  }
}

type Request = Omit<Entry, 'until'> & { readonly name: string };

/** @param used names of the address that it comes from */
function renewed(request: Omit<Entry, 'until'>, own: Entry, used: number): Entry {
  const { ip, updated } = request;
  const moves = own.ip !== ip && used < LIMIT;
  const counted = used + (moves ? 1 : 0);
  const lost = Math.floor(Math.min((counted / LIMIT) * NAME_LIFETIME + 1, NAME_LIFETIME - 60));
  return { ...request, ip: moves ? ip : own.ip, until: updated - (counted > 0 ? lost : 0) + NAME_LIFETIME };
}

async function live(store: NameStore, steps: readonly Step[]): Promise<void> {
  const model = new Model();
  const sent: Request[] = [];
  let now = NOW;
  for (const [i, one] of steps.entries()) {
    now++;
    if (one.kind === 'wait') {
      now += one.seconds;
      await store.prune(now);
      continue;
    }
    const request = requestOf(one, sent, now, i);
    if (request === undefined) continue;
    sent.push(request);
    const { name, value, owner, updated, ip } = request;
    const expected = model.write(request, now);
    const outcome = await store.write(write(name, value, { owner, updated, ip }), now);
    expect(outcome.kind === 'done' ? 'done' : outcome.why, JSON.stringify([one, request])).toBe(expected);
    await compare(store, model, now);
  }
}

function requestOf(
  step: Exclude<Step, { kind: 'wait' }>,
  sent: readonly Request[],
  now: number,
  i: number,
): Request | undefined {
  if (step.kind === 'replay') return sent[step.which % Math.max(1, sent.length)];
  const { name, owner, ip, skew } = step;
  return { name, owner, ip, updated: now + skew, value: step.kind === 'push' ? `${i + 1}` : '' };
}

async function compare(store: NameStore, { names }: Model, now: number): Promise<void> {
  for (const known of NAMES) {
    const row = await store.fetch(bytesOf(known), now);
    const entry = names.get(known);
    const expected = entry !== undefined && entry.until > now ? entry.value : null;
    expect(row === null ? null : Buffer.from(row.value).toString()).toBe(expected);
  }
}

describeStores('names: random lives', (open) => {
  test('a store says and keeps what the model does', { timeout: 120_000 }, async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 10, maxLength: 40 }), async (steps) => {
        const store = await open({ namesIpv4: LIMIT });
        await live(store, steps);
      }),
      { numRuns: Number(process.env.MODEL_RUNS ?? 25) },
    );
  });
});
