/**
 * Hole punching between all NATs, over each transport, in virtual time: what the planner expects is what comes of it.
 *
 *   npm run matrix                                             all of them; writes docs/punch-matrix.md
 *   SAMPLE=500 npx vitest run test/net/punch/matrix.test.ts    fewer
 *   SEED=1234 npx vitest run test/net/punch/matrix.test.ts     one that failed, exactly as it did
 */
import { writeFileSync } from 'node:fs';
import { afterAll, expect, test } from 'vitest';
import {
  nameOf,
  type PunchCase,
  type PunchResult,
  playPunch,
  punchCases,
} from '../../helpers/punch-matrix.ts';
import { matrixMarkdown } from '../../helpers/punch-table.ts';

const METHODS = ['tcp-punch', 'udp-punch'] as const;
const SAMPLE = Number(process.env.SAMPLE ?? 1_600);
const SEED = Number(process.env.SEED ?? 0);
/** "Impossible" is said within, ms. */
const AT_ONCE = 100;

type Played = readonly [PunchCase, PunchResult];

const results: Record<(typeof METHODS)[number], readonly Played[]> = { 'tcp-punch': [], 'udp-punch': [] };

afterAll(() => {
  const { 'tcp-punch': tcp, 'udp-punch': udp } = results;
  if (process.env.MATRIX_FILE !== undefined)
    writeFileSync(process.env.MATRIX_FILE, matrixMarkdown({ tcp, udp }));
});

test.each(METHODS)(
  '%s: every pair of NATs does what is expected of it',
  { timeout: Math.max(240_000, SAMPLE * 100) },
  async (method) => {
    const played: Played[] = [];
    for (const one of chosen()) played.push([one, await playPunch(one, method)]);
    const lines = (some: readonly Played[]) =>
      some.map(([one, result]) => `${nameOf(one)}: ${JSON.stringify(result)}`);
    const of = (expected: PunchResult['expected']) =>
      played.filter(([, result]) => result.expected === expected);
    expect(lines(of('no').filter(([, { open, elapsed }]) => open || elapsed > AT_ONCE))).toEqual([]);
    const missed = of('yes').filter(([, { open }]) => !open);
    expect(missed.length, lines(missed).join('\n')).toBeLessThanOrEqual(of('yes').length * 0.002);
    // Where nothing is lost nothing is left to chance.
    expect(lines(missed.filter(([{ loss }]) => loss === 0))).toEqual([]);
    results[method] = played;
  },
);

/** Spread evenly over pairs and conditions. */
function chosen(): PunchCase[] {
  const all = punchCases(1);
  if (SEED > 0) return all.filter(({ seed }) => seed === SEED);
  const step = Math.max(1, all.length / SAMPLE);
  return Array.from({ length: Math.ceil(all.length / step) }, (_, i) => all[Math.floor(i * step)]).filter(
    (one) => one !== undefined,
  );
}
