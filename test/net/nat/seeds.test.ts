/**
 * Every NAT type × delta in virtual time, over UDP and TCP: SEEDS=200 npx vitest run test/net/nat for
 * the whole; fewer in each run of CI. LOSS repeats it on lines that lose packets.
 */
import { describe, expect, test } from 'vitest';
import { type Case, casesOf } from './cases.ts';
import { natLab, reportIn } from './nat-lab.ts';

const SEEDS = Number(process.env.SEEDS ?? 8);
const LIMIT = 1_800_000;

interface Score {
  checks: number;
  readonly unknown: string[];
  readonly wrong: string[];
}

describe('nat: all types × deltas, over UDP and TCP', () => {
  test('are told right', { timeout: LIMIT }, async () => {
    const { wrong, unknown, checks } = await scoreAll(0);
    expect(wrong).toEqual([]);
    // In small ranges ports collide, and then more is needed than servers may be asked.
    expect(unknown.length).toBeLessThanOrEqual(checks * 0.001);
  });

  test('3 % loss: nearly all are told right, and none wrong', { timeout: LIMIT }, async () => {
    const { wrong, unknown, checks } = await scoreAll(0.03);
    expect(wrong).toEqual([]);
    expect(unknown.length, unknown.join('\n')).toBeLessThanOrEqual(checks * 0.005);
  });
});

async function scoreAll(loss: number): Promise<Score> {
  const score: Score = { checks: 0, unknown: [], wrong: [] };
  for (let seed = 1; seed <= SEEDS; seed++)
    for (const one of casesOf(seed)) await scoreOne(score, one, seed, loss);
  return score;
}

async function scoreOne(score: Score, one: Case, seed: number, loss: number): Promise<void> {
  const { udp, tcp } = await reportIn(await natLab({ seed, nat: one.nat, loss }));
  const check = (what: string, got: unknown, wanted: unknown, isKnown: boolean) => {
    score.checks++;
    if (JSON.stringify(got) === JSON.stringify(wanted)) return;
    const line = `seed ${seed}, ${one.name}: ${what} ${JSON.stringify(got)}, not ${JSON.stringify(wanted)}`;
    (isKnown ? score.wrong : score.unknown).push(line);
  };
  check('UDP type', udp.type, one.type, udp.type !== null);
  check('UDP delta', udp.delta, one.delta, udp.delta.type !== null);
  check('TCP delta', tcp.delta, one.delta, tcp.delta.type !== null);
  check('TCP mapping', tcp.mapping, one.mapping, tcp.mapping !== null);
}
