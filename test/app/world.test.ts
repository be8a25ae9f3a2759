import { describe, expect, test } from 'vitest';
import type { WorldState } from '../../src/app/state.ts';
import {
  brokerName,
  clockText,
  nextWorld,
  outerText,
  reasonsText,
  signalLine,
  worldChanges,
} from '../../src/app/world.ts';
import type { BrokerFact, WorldEvent } from '../../src/net/index.ts';
import { signal, world } from '../ui/sample-events.ts';

describe('words about the world outside', () => {
  test.each([
    [{ offset: -3.24, error: 1.06, samples: 4 }, '−3.2 ± 1.1 ms'],
    [{ offset: 250.04, error: 0, samples: 1 }, '+250 ± 0 ms'],
    [{ offset: 0, error: 0.04, samples: 1 }, '+0 ± 0 ms'],
  ])('clock: %j is %s', (clock, text) => {
    expect(clockText(clock)).toBe(text);
  });

  test('outer address: how many servers agree, and how fast', () => {
    const [fact] = world().outer;
    expect(fact && outerText(fact)).toBe('203.0.113.7 by 2 servers, 21 ms');
    expect(fact && outerText({ ...fact, agreed: 1 })).toBe('203.0.113.7 by 1 server, 21 ms');
  });

  test('reasons: the same together', () => {
    const reasons = ['no answer', 'ENOTFOUND', 'no answer'].map((reason) => ({ reason }));
    expect(reasonsText(reasons)).toBe('2 × no answer, 1 × ENOTFOUND');
    expect(reasonsText([])).toBe('no reason known');
  });

  test('broker: is named without its scheme', () => {
    expect(brokerName('mqtts://broker.example.net:8883')).toBe('broker.example.net:8883');
    expect(brokerName('mqtt://[2001:db8::1]:1883')).toBe('[2001:db8::1]:1883');
  });

  test.each([
    [signal(), 'asked 2 brokers for the peer'],
    [
      signal({ state: 'answered', rtt: 43.4, clock: { offset: 3.2, error: 1.1, samples: 1 } }),
      'asked 2 brokers: answered after 43 ms, its clock +3.2 ± 1.1 ms',
    ],
    [signal({ state: 'answered' }), 'asked 2 brokers: answered'],
    [signal({ state: 'silent', brokers: ['mqtt://a:1'] }), 'asked 1 broker: the peer does not answer on any'],
    [signal({ state: 'silent', brokers: [] }), 'no broker could be reached to ask the peer'],
  ])('signalling: %j', (event, line) => {
    expect(signalLine(event)).toBe(line);
  });
});

describe('what changed outside', () => {
  const [outer4, outer6] = world().outer;
  const [first, second, lost] = world().brokers;
  if (!(outer4 && outer6 && first && second && lost)) throw new Error('no sample');

  /** Lines of each event in turn. */
  function told(...events: readonly WorldEvent[]): (readonly string[])[] {
    let before: WorldState | null = null;
    return events.map((event) => {
      const after = nextWorld(before, event);
      const lines = worldChanges(before, after);
      before = after;
      return lines;
    });
  }

  test('the first time: brokers, as the steps of the start tell the rest', () => {
    const early = world({ outer: [], clock: null });
    expect(told(early, world())).toEqual([
      [
        'mqtt: listening at mqtt.example.com:1883',
        'mqtt: listening at broker.example.net:8883',
        'mqtt: 198.51.100.10:1883 cannot be reached: no answer',
      ],
      [],
    ]);
  });

  test('nothing, where only round trips differ or the clock moved within its error', () => {
    const brokers = world().brokers.map((broker) => ({ ...broker, rtt: 99 }));
    const outer = world().outer.map((fact) => ({ ...fact, rtt: 99, agreed: 9 }));
    const clock = { offset: -3, error: 1, samples: 3 };
    expect(told(world(), world({ brokers, outer, clock }))[1]).toEqual([]);
  });

  test('a broker that is tried again in vain is no news; one that is back, or lost, is', () => {
    const only = (broker: BrokerFact) => world({ brokers: [broker] });
    const lines = told(
      only(lost),
      only({ ...lost, state: 'connecting', reason: null }),
      only(lost),
      only({ ...lost, state: 'connecting', reason: null }),
      only({ ...lost, state: 'listening', reason: null }),
      only({ ...lost, reason: 'keepalive' }),
    );
    expect(lines.slice(1)).toEqual([
      [],
      [],
      [],
      ['mqtt: listening at 198.51.100.10:1883'],
      ['mqtt: 198.51.100.10:1883 is lost: keepalive'],
    ]);
  });

  test('another outer address, another clock, services that are back', () => {
    const after = world({
      outer: [{ ...outer4, outer: '203.0.113.8' }, outer6],
      clock: { offset: 12, error: 2, samples: 4 },
    });
    expect(told(world({ offline: true }), after)[1]).toEqual([
      'stun: servers see 192.0.2.21 as 203.0.113.8',
      'ntp: +12 ± 2 ms',
      'a service can be reached again',
    ]);
  });
});
