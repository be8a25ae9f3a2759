import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { createMutator } from './mutate.ts';
import { PORTMAP_TARGETS } from './portmap-targets.ts';
import { SERVICE_TARGETS } from './service-targets.ts';
import { SIGNAL_TARGETS } from './signal-targets.ts';
import { STUN_TARGETS } from './stun-targets.ts';
import { TARGETS, type Target } from './targets.ts';
import { TRIAL_TARGETS } from './trial-targets.ts';
import { TURN_TARGETS } from './turn-targets.ts';

const ALL = [
  ...TARGETS,
  ...SIGNAL_TARGETS,
  ...STUN_TARGETS,
  ...TURN_TARGETS,
  ...SERVICE_TARGETS,
  ...PORTMAP_TARGETS,
  ...TRIAL_TARGETS,
];

/** Inputs per decoder: a few in every run of the tests, a million with `npm run fuzz`. */
const RUNS = Number(process.env.FUZZ_RUNS ?? 0);
const FEW = 10_000;
const SEED = process.env.FUZZ_SEED ?? '1';
/** ms that one input may take, with room for the collector on a busy machine. */
const SLOWEST = 1_000;

/** Inputs that once were interesting, a line each: target, then hexadecimal. */
const corpus = readFileSync(join(import.meta.dirname, 'corpus.txt'), 'utf8')
  .split('\n')
  .filter((line) => line !== '' && !line.startsWith('#'))
  .map((line) => line.split(': '));

function check(target: Target, input: Uint8Array): boolean {
  const kept = Uint8Array.from(input);
  const output = target.decode(input);
  if (output === null) return false;
  const wanted = target.accepted?.(kept, output) ?? kept;
  if (Buffer.compare(output, wanted) !== 0)
    throw new Error('what was accepted is not written as it was read');
  return true;
}

test.each(ALL)('fuzz: $name', { timeout: 30 * 60_000 }, (target) => {
  for (const sample of target.samples) expect(check(target, sample)).toBe(true);
  for (const [name, hex = ''] of corpus) {
    expect(hex).toMatch(/^([0-9a-f]{2})+$/);
    if (name === target.name) check(target, Buffer.from(hex, 'hex'));
  }
  const mutate = createMutator(`${SEED} ${target.name}`);
  let accepted = 0;
  let slowest = 0;
  const runs = RUNS || (target.few ?? FEW);
  const startedAt = performance.now();
  for (let run = 0; run < runs; run++) {
    const input = mutate(target.samples);
    const before = performance.now();
    try {
      if (check(target, input)) accepted++;
    } catch (error) {
      throw new Error(`run ${run} of seed ${SEED}: ${Buffer.from(input).toString('hex')}`, { cause: error });
    }
    slowest = Math.max(slowest, performance.now() - before);
  }
  const seconds = ((performance.now() - startedAt) / 1000).toFixed(1);
  if (RUNS > 0) {
    const memory = Math.round(process.memoryUsage().rss / 2 ** 20);
    console.log(
      `${target.name}: ${runs} inputs, ${accepted} accepted, ${seconds} s, slowest ${slowest.toFixed(1)} ms, ${memory} MiB`,
    );
  }
  expect(accepted).toBeLessThan(runs);
  expect(slowest).toBeLessThan(SLOWEST);
});
