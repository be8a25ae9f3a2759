import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  createExchange,
  type ExchangeEffect,
  type ExchangeInput,
  type ExchangeState,
  lossOf,
  stepExchange,
} from '../../../src/net/punch/exchange.ts';
import type { Probe } from '../../../src/net/punch/probe.ts';
import { MAX_PROBED } from '../../../src/net/timing.ts';

const PEER = { ip: '203.0.113.9', port: 40_010 };
const OTHER = { ip: '203.0.113.9', port: 40_012 };

function probe(kind: Probe['kind'], changes: Partial<Probe> = {}): Probe {
  return { kind, role: 'caller', number: 1, echo: 0, stream: 77, seen: null, ...changes };
}

/** Plays inputs at their times; effects as short words. */
function play(role: 'caller' | 'answerer', inputs: readonly (readonly [number, ExchangeInput])[]) {
  let state: ExchangeState = createExchange(role, 5);
  const said: string[] = [];
  for (const [at, input] of inputs) {
    const step = stepExchange(state, input, at);
    state = step.state;
    said.push(...step.effects.map((effect) => `${at} ${wordOf(effect)}`));
  }
  return { state, said };
}

function wordOf(effect: ExchangeEffect): string {
  if (effect.kind === 'send')
    return `${effect.probe.kind} ${effect.remote.port}${effect.ttl === null ? '' : ` ttl ${effect.ttl}`}`;
  if (effect.kind === 'measured') return `measured ${effect.rtt}`;
  return `${effect.kind} ${effect.remote.port} ${effect.stream}`;
}

test('exchange: hellos at their pace, each of the peer answered where it came from, the first told', () => {
  const { said } = play('answerer', [
    [0, { kind: 'aim', remotes: [PEER], pace: null }],
    [50, { kind: 'tick' }],
    [60, { kind: 'probe', probe: probe('hello'), from: OTHER }],
    [70, { kind: 'probe', probe: probe('hello', { number: 2 }), from: OTHER }],
    [100, { kind: 'tick' }],
  ]);
  expect(said).toEqual([
    '0 hello 40010',
    '50 hello 40010',
    '60 heard 40012',
    '60 heard 40012 77',
    '70 heard 40012',
    '100 hello 40010',
  ]);
});

test('exchange: a choice is told twice, and to every later hello: the last answer may be lost', () => {
  const { said } = play('answerer', [
    [0, { kind: 'probe', probe: probe('hello'), from: PEER }],
    [1, { kind: 'choose', remote: PEER }],
    [9, { kind: 'probe', probe: probe('hello', { number: 2 }), from: PEER }],
  ]);
  expect(said).toEqual([
    '0 heard 40010',
    '0 heard 40010 77',
    '1 chosen 40010',
    '1 chosen 40010',
    '9 chosen 40010',
  ]);
});

test('exchange: what was answered is measured; only paths that work can lose anything', () => {
  const answer = probe('heard', { role: 'answerer', echo: 1, seen: { ip: '198.51.100.7', port: 9 } });
  const inputs = [
    [0, { kind: 'aim', remotes: [PEER, OTHER], pace: null }],
    [40, { kind: 'probe', probe: answer, from: PEER }],
    [50, { kind: 'tick' }],
    [100, { kind: 'tick' }],
  ] as const;
  const { said, state } = play('caller', inputs);
  expect(said).toContain('40 measured 40');
  // Two hellos to where the peer is went unanswered; those to where it is not do not count.
  expect(lossOf(state, 300, 40)).toBeCloseTo(2 / 3);
});

test('exchange: an opener goes once and as far as it is told', () => {
  const { said, state } = play('answerer', [
    [0, { kind: 'once', remotes: [PEER], ttl: 4 }],
    [500, { kind: 'tick' }],
  ]);
  expect(said).toEqual(['0 hello 40010 ttl 4']);
  expect(state.wakeAt).toBe(Number.POSITIVE_INFINITY);
});

test('exchange: its own packets, sent back, mean nothing', () => {
  const { said } = play('caller', [[0, { kind: 'probe', probe: probe('hello'), from: PEER }]]);
  expect(said).toEqual([]);
});

test('exchange: whatever comes, it answers at most what it got and probes a bounded number of remotes', () => {
  const from = fc.record({ ip: fc.constant('203.0.113.9'), port: fc.integer({ min: 1_024, max: 1_200 }) });
  const kind = fc.constantFrom<Probe['kind']>('hello', 'heard', 'chosen');
  fc.assert(
    fc.property(fc.array(fc.tuple(kind, from, fc.nat(20)), { maxLength: 120 }), (packets) => {
      let state = createExchange('caller', 5);
      let answers = 0;
      for (const [i, [what, remote, echo]] of packets.entries()) {
        const seen = what === 'hello' ? null : PEER;
        const input = {
          kind: 'probe',
          probe: probe(what, { role: 'answerer', echo, seen }),
          from: remote,
        } as const;
        const step = stepExchange(state, input, i);
        state = step.state;
        const sent = step.effects.filter((effect) => effect.kind === 'send').length;
        expect(sent).toBeLessThanOrEqual(1);
        answers += sent;
      }
      expect(answers).toBeLessThanOrEqual(packets.length);
      expect(state.targets.size).toBeLessThanOrEqual(MAX_PROBED);
    }),
  );
});
