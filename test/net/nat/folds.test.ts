import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { DELTA_TYPES, PortAllocator } from '../../../src/lab/nat-ports.ts';
import { createRandom } from '../../../src/lab/random.ts';
import { natTypeOf } from '../../../src/net/nat/behavior.ts';
import { Budget } from '../../../src/net/nat/budget.ts';
import { foldDelta, type Sample } from '../../../src/net/nat/delta.ts';
import { foldMapping } from '../../../src/net/nat/mapping.ts';
import type { Observation } from '../../../src/net/nat/observation.ts';
import { foldRange } from '../../../src/net/nat/range.ts';
import { verdictOf } from '../../../src/net/nat/verdict.ts';

const LOCAL = { ip: '192.168.1.2', port: 5000 };
const OUTER = { ip: '203.0.113.1', port: 7000 };
const A = { ip: '198.51.100.10', port: 3478 };
const OTHER_PORT = { ip: A.ip, port: 3479 };
const OTHER_BOTH = { ip: '198.51.100.11', port: 3479 };
const C = { ip: '198.51.100.30', port: 3478 };
const B = { ip: '198.51.100.20', port: 3478 };

let order = 0;
function seen(change: Partial<Observation>): Observation {
  return {
    test: 'mapping',
    operator: change.server?.ip === OTHER_BOTH.ip ? A.ip : (change.server?.ip ?? A.ip),
    server: A,
    local: LOCAL,
    mapped: OUTER,
    rtt: 20,
    order: ++order,
    run: 0,
    outcome: change.mapped === null ? 'silent' : 'answered',
    ...change,
  };
}

const at = (port: number) => ({ ...OUTER, port });
const STEADY = [seen({}), seen({ server: OTHER_PORT }), seen({ server: OTHER_BOTH }), seen({ server: B })];
const FILTERS = [
  seen({ test: 'filter-both', mapped: null }),
  seen({ test: 'filter-port', mapped: null }),
  seen({ test: 'control-both' }),
  seen({ test: 'control-port' }),
];

describe('nat verdict: mapping and filtering', () => {
  const cases: readonly (readonly [string, readonly Observation[], object])[] = [
    [
      'nothing comes through: restrict port',
      [...STEADY, ...FILTERS],
      { type: 5, filtering: 'address-and-port-dependent' },
    ],
    [
      'another port comes through: restrict',
      [...STEADY, ...FILTERS.filter((o) => o.test !== 'filter-port'), seen({ test: 'filter-port' })],
      { type: 4, filtering: 'address-dependent' },
    ],
    ['everything comes through: full cone', [...STEADY, seen({ test: 'filter-both' })], { type: 3 }],
    [
      'silence of a server that never sends from elsewhere says nothing',
      [...STEADY, ...FILTERS.slice(0, 2)],
      { type: null, filtering: null },
    ],
    [
      'answers from the wrong place say nothing',
      [
        ...STEADY,
        seen({ test: 'filter-both', outcome: 'ignored' }),
        seen({ test: 'filter-port', outcome: 'ignored' }),
      ],
      { type: null, filtering: null },
    ],
    [
      'a mapping for each port',
      [seen({}), seen({ server: OTHER_PORT, mapped: at(1) }), seen({ server: B, mapped: at(2) })],
      { type: 6, mapping: 'address-and-port-dependent' },
    ],
    [
      'a mapping for each address',
      [seen({}), seen({ server: OTHER_PORT }), seen({ server: B, mapped: at(2) })],
      { type: 6, mapping: 'address-dependent' },
    ],
    [
      'a mapping that varies, by what is not known',
      [seen({}), seen({ server: B, mapped: at(2) })],
      { type: 6, mapping: null },
    ],
    [
      'no NAT: the mapping is the local endpoint',
      [seen({ mapped: LOCAL }), seen({ server: B, mapped: LOCAL }), ...FILTERS],
      { type: 2, delta: { type: 1, value: 0 } },
    ],
    ['one server address alone', [seen({}), seen({ server: OTHER_PORT })], { type: null, mapping: null }],
    ['silence of one server', [seen({ mapped: null })], { type: null }],
    ['silence of two servers', [seen({ mapped: null }), seen({ server: B, mapped: null })], { type: 7 }],
    [
      'silence of servers that refuse is no block',
      [seen({ mapped: null, outcome: 'refused' }), seen({ server: B, mapped: null, outcome: 'refused' })],
      { type: null },
    ],
  ];

  test.each(cases)('%s', (_name, observations, wanted) => {
    expect(verdictOf(observations, true)).toMatchObject(wanted);
  });

  test.each(cases)('%s: in any order of the evidence', (_name, observations, wanted) => {
    const indexes = observations.map((_, i) => i);
    fc.assert(
      fc.property(fc.shuffledSubarray(indexes, { minLength: indexes.length }), (places) => {
        const shuffled = places.flatMap((place) => observations[place] ?? []);
        expect(verdictOf(shuffled, true)).toMatchObject(wanted);
      }),
    );
  });

  test('what is missing makes no verdict wrong', () => {
    const all = [...STEADY, ...FILTERS];
    fc.assert(
      fc.property(fc.subarray(all), (some) => {
        const { type, mapping, filtering } = verdictOf(some, true);
        expect([5, null]).toContain(type);
        expect(['endpoint-independent', null]).toContain(mapping);
        expect(['address-and-port-dependent', null]).toContain(filtering);
      }),
    );
  });

  test('one that lies among three changes nothing but the outer addresses that count', () => {
    const lie = { ip: '192.0.2.66', port: 1 };
    const liar = seen({ server: C, operator: C.ip, mapped: lie });
    const verdict = verdictOf([...STEADY, ...FILTERS, liar], true);
    expect(verdict).toMatchObject({ type: 5, external: [OUTER.ip] });
    expect(verdict.unknown).toContain(`${C.ip} was left out: it contradicts all others`);
  });
});

describe('nat verdict: who is believed', () => {
  test('one that lies about the port alone is outvoted', () => {
    const liar = seen({ server: C, operator: C.ip, mapped: at(1) });
    const verdict = verdictOf([...STEADY, ...FILTERS, liar], true);
    expect(verdict).toMatchObject({ type: 5, mapping: 'endpoint-independent' });
    expect(verdict.unknown.join()).toContain(C.ip);
  });

  test('one that sees the same endpoint for two local ports is left out', () => {
    const other = { ...LOCAL, port: 5001 };
    const liars = [
      seen({ server: C, operator: C.ip }),
      seen({ server: C, operator: C.ip, local: other, test: 'scattered' }),
    ];
    expect(verdictOf([...STEADY, ...liars], true).unknown.join()).toContain(C.ip);
  });

  test('an address has no vote on the word of another', () => {
    const lie = { ip: '192.0.2.66', port: 1 };
    const puppets = [1, 2, 3].map((i) =>
      seen({ server: { ip: `198.51.100.4${i}`, port: 3478 }, operator: C.ip, mapped: lie }),
    );
    expect(verdictOf([...STEADY, ...puppets], true).external).toContain(OUTER.ip);
    expect(foldMapping([...STEADY, ...puppets]).liars).not.toContain(A.ip);
  });

  test('a transport is blocked only where its servers live over the other', () => {
    const dead = [seen({ mapped: null }), seen({ server: B, mapped: null })];
    const elsewhere = [seen({ server: C, operator: C.ip })];
    expect(verdictOf(dead, true, elsewhere)).toMatchObject({ type: null });
    expect(verdictOf(dead, true, [...elsewhere, ...STEADY])).toMatchObject({ type: 7 });
    expect(verdictOf(dead, true).unknown.join()).toContain('or all of these servers are dead');
  });

  test('what came back by hairpinning is no outer address', () => {
    const turned = seen({ test: 'hairpin', mapped: { ip: '192.0.2.77', port: 9 } });
    expect(verdictOf([...STEADY, ...FILTERS, turned], true).external).toEqual([OUTER.ip]);
  });
});

describe('nat type', () => {
  test('is null while what decides it is not known', () => {
    const facts = {
      translated: true,
      mapping: null,
      mappingVaries: false,
      filtering: null,
      blocked: false,
    } as const;
    expect(natTypeOf(facts)).toBeNull();
    expect(natTypeOf({ ...facts, mapping: 'endpoint-independent' })).toBeNull();
    expect(natTypeOf({ ...facts, mappingVaries: true })).toBe(6);
    expect(natTypeOf({ ...facts, translated: null, blocked: true })).toBe(7);
  });
});

/** Ports as an allocator of the lab gives them to two runs of each kind. */
function samplesOf(type: (typeof DELTA_TYPES)[number], value: number, seed: number): Sample[] {
  const random = createRandom(seed);
  const ports = new PortAllocator({ delta: { type, value }, range: [1024, 65535] }, random.fork('ports'));
  const taken = new Set<number>();
  const sample = (kind: Sample['kind'], local: number, run: number, place: number): Sample => {
    const external = ports.next('udp', { ip: LOCAL.ip, port: local }, (port) => !taken.has(port)) ?? 0;
    taken.add(external);
    return { kind, local, external, run, order: place };
  };
  const first = random.integer(20_000, 40_000);
  const scattered = [1, 3].flatMap((run) =>
    Array.from({ length: 8 }, (_, i) => sample('scattered', random.integer(1024, 65_535), run, i)),
  );
  const consecutive = [2, 4].flatMap((run) =>
    Array.from({ length: 8 }, (_, i) => sample('consecutive', first + run * 100 + i, run, i)),
  );
  return [...scattered, ...consecutive];
}

describe('delta: samples of an allocator', () => {
  const kinds = fc.constantFrom(...DELTA_TYPES.map((type, i) => ({ type, number: i + 2 })));
  const steps = fc.constantFrom(1, 2, 3, -1, -2, 7, 40);

  test('are told right in any order', () => {
    fc.assert(
      fc.property(
        kinds,
        steps,
        fc.nat(),
        fc.infiniteStream(fc.nat()),
        ({ type, number }, step, seed, keys) => {
          const value = number === 4 || number === 5 ? step : 0;
          const samples = samplesOf(type, value, seed);
          const shuffled = samples
            .map((sample) => ({ sample, key: keys.next().value ?? 0 }))
            .sort((a, b) => a.key - b.key)
            .map(({ sample }) => sample);
          expect(foldDelta(shuffled).delta).toEqual({ type: number, value });
          expect(foldDelta(shuffled)).toEqual(foldDelta(samples));
        },
      ),
      { numRuns: 500 },
    );
  });

  test('fewer of them are told as unknown, never wrong', () => {
    fc.assert(
      fc.property(kinds, steps, fc.nat(), fc.nat({ max: 32 }), ({ type, number }, step, seed, count) => {
        const value = number === 4 || number === 5 ? step : 0;
        const samples = samplesOf(type, value, seed).filter(({ run }) => run < 3);
        const { delta } = foldDelta(samples.slice(0, count));
        if (delta.type !== null) expect(delta).toEqual({ type: number, value });
      }),
      { numRuns: 500 },
    );
  });
});

describe('range', () => {
  test('lies between the lowest and the highest port seen, more surely with more', () => {
    const pairs = Array.from({ length: 20 }, (_, i) => ({ local: 1000 + i, external: 35_000 + 1_500 * i }));
    expect(foldRange(pairs, 6)).toMatchObject({ range: [35_000, 63_500], confidence: 0.9 });
    expect(foldRange(pairs.slice(0, 3), 6).confidence).toBe(0.5);
    expect(foldRange([], 6)).toEqual({ range: null, confidence: 0, parity: null });
  });

  test('a row that goes up step by step tells little of its ends', () => {
    const pairs = Array.from({ length: 20 }, (_, i) => ({ local: 1000 + i, external: 35_000 + i }));
    expect(foldRange(pairs, 4).confidence).toBeLessThan(0.01);
  });

  test('parity needs eight in a row, and one exception ends it', () => {
    const pairs = Array.from({ length: 8 }, (_, i) => ({
      local: 1000 + i,
      external: 4_000 + 101 * i - (i % 2) * 100,
    }));
    const even = pairs.map(({ local }, i) => ({ local, external: 4_000 + 100 * i + (local % 2) }));
    expect(foldRange(even, 6).parity).toBe(true);
    expect(foldRange(even.slice(1), 6).parity).toBeNull();
    expect(foldRange([...even, { local: 1, external: 2 }], 6).parity).toBe(false);
  });
});

test('budget: what is not left is not taken', () => {
  const budget = new Budget(10);
  expect(budget.take('a', 6)).toBe(true);
  expect(budget.take('a', 6)).toBe(false);
  expect(budget.left('a')).toBe(4);
  expect(budget.take('b', 10)).toBe(true);
});
