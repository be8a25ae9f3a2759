import { describe, expect, test } from 'vitest';
import { natPreset } from '../../../src/lab/index.ts';
import { natLab, reportIn } from './nat-lab.ts';

describe('nat report: others get ports in between', () => {
  test.each([1, 2, 3, 4, 5])('a busy NAT that counts, seed %i: others get ports in between', async (seed) => {
    const lab = await natLab({ seed, nat: natPreset('symmetric', { type: 'independent', value: 2 }) });
    const stop = lab.noise(12);
    const { udp, tcp } = await reportIn(lab);
    stop();
    expect(udp).toMatchObject({ type: 6, delta: { type: 4, value: 2 } });
    expect(tcp).toMatchObject({ type: 6, delta: { type: 4, value: 2 } });
  });

  test('a very busy NAT that counts is told right, or not at all', async () => {
    const known: number[] = [];
    for (const [value, every] of [1, 2, 3].flatMap((value) =>
      [3, 4, 5, 6].map((every) => [value, every] as const),
    ))
      for (const seed of [1, 2, 3]) {
        const lab = await natLab({ seed, nat: natPreset('restrict', { type: 'independent', value }) });
        const stop = lab.noise(every);
        const { udp, tcp } = await reportIn(lab);
        stop();
        for (const { delta } of [udp, tcp]) {
          known.push(Number(delta.type !== null));
          const what = `value ${value}, one more every ${every} ms, seed ${seed}`;
          if (delta.type !== null) expect(delta, what).toEqual({ type: 4, value });
        }
      }
    expect(known.filter((one) => one === 1).length).toBeGreaterThan(known.length * 0.6);
  });
});
