/** Debian's own servers on a machine of their own: what the journeys through them rely on. */
import { expect, test } from 'vitest';
import { describeNeeding } from '../helpers/needs.ts';
import { roundTrips } from './delay-line.ts';
import { inLab } from './lab.ts';
import { meeting, meetingSide, SERVICES } from './plans.ts';
import { inMeeting, SERVICE_NEEDS } from './services.ts';

const DELAY = 10;

describeNeeding(SERVICE_NEEDS, 'public services', () => {
  test('mosquitto, coturn and chrony: answer on every address, and stop when they are told', () =>
    inMeeting({ a: 'nat', b: 'public' }, async (_, { brokers, stun, ntp }) => {
      for (const server of [...brokers, stun, ntp]) server.signal('SIGKILL');
      await Promise.all([...brokers, stun, ntp].map((server) => server.exits('SIGKILL')));
    })());

  test.each([
    ['IPv4', 'ipv4'],
    ['IPv6', 'ipv6'],
  ] as const)(
    'meeting: round trips over %s take 20 ms to the services and 40 ms between people',
    (_, family) =>
      inLab(meeting({ a: 'nat', b: 'public' }, DELAY), async (lab) => {
        const [a, b] = [meetingSide('a', 'nat'), meetingSide('b', 'public')];
        const median = async (from: string, to: string, ip: string) =>
          (await roundTrips(lab.net, { from, to, ip, count: 5 })).toSorted((x, y) => x - y)[2];
        const toServices = await median('a', 'services', SERVICES[family][0]);
        const toPeer = await median('a', 'b', b.outer[family]);
        console.log(`${toServices} ms to the services, ${toPeer} ms to b`);
        expect(toServices).toBeGreaterThanOrEqual(2 * DELAY);
        expect(toServices).toBeLessThan(2 * DELAY + 5);
        expect(toPeer).toBeGreaterThanOrEqual(4 * DELAY);
        expect(toPeer).toBeLessThan(4 * DELAY + 5);
        // Nothing gets in to a by itself.
        const inwards = { from: 'b', to: 'a', ip: a.outer[family], at: a.inner[family], count: 2, wait: 100 };
        expect(await roundTrips(lab.net, inwards)).toEqual([]);
      })(),
  );
});
