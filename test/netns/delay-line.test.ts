/** The delay line itself: what benchmarks and journeys over it rely on. */
import { expect, test } from 'vitest';
import { describeNeeding } from '../helpers/needs.ts';
import { layDelayLine, roundTrips } from './delay-line.ts';
import { inLab } from './lab.ts';
import type { Plan } from './topology.ts';

const DELAY = 20;
const lineOnly: Plan = { links: [], machines: ['a', 'b'] };
const ends = [
  { machine: 'a', interface: 'line0', addresses: ['10.9.0.1/24', 'fd09::1/64'] },
  { machine: 'b', interface: 'line0', addresses: ['10.9.0.2/24', 'fd09::2/64'] },
] as const;

describeNeeding({ namespaces: true, commands: ['ip', 'python3'] }, 'delay line', () => {
  test.each(['10.9.0.2', 'fd09::2'])('delay line: a round trip to %s takes twice the delay', (remote) =>
    inLab(lineOnly, async (lab) => {
      const remove = await layDelayLine(lab.net, { ends, delay: DELAY });
      try {
        const trips = await roundTrips(lab.net, { from: 'a', to: 'b', ip: remote, count: 9 });
        expect(trips).toHaveLength(9);
        const median = trips.toSorted((x, y) => x - y)[4];
        console.log(`round trip to ${remote}: median ${median} ms, all ${trips.join(' ')}`);
        expect(Math.min(...trips)).toBeGreaterThanOrEqual(2 * DELAY);
        expect(median).toBeLessThan(2 * DELAY + 5);
      } finally {
        remove();
      }
    })(),
  );

  test('delay line: loses the fraction it is told to', () =>
    inLab(lineOnly, async (lab) => {
      const remove = await layDelayLine(lab.net, { ends, delay: 1, loss: 0.5, seed: 7 });
      try {
        const trips = await roundTrips(lab.net, { from: 'a', to: 'b', ip: '10.9.0.2', count: 60, wait: 20 });
        // Half are lost on either way, so a quarter comes back, as the seed has it.
        expect(trips.length).toBeGreaterThan(4);
        expect(trips.length).toBeLessThan(30);
      } finally {
        remove();
      }
    })());
});
