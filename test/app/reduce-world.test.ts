import { describe, expect, test } from 'vitest';
import type { AppEvent, Stamped } from '../../src/app/events.ts';
import { reduce } from '../../src/app/reduce.ts';
import { INITIAL_STATE, MAX_FACTS, type State } from '../../src/app/state.ts';
import { ADDRESS, NODE_ID, ready, signal, world } from '../ui/sample-events.ts';

const connect: AppEvent = { event: 'connect', pipe: 'p1', node: NODE_ID, peer: ADDRESS };

/** Folds events that come a millisecond apart. */
function fold(events: readonly AppEvent[], from: State = INITIAL_STATE): State {
  return events.reduce<State>((state, event, i) => reduce(state, { ...event, at: i + 1 } as Stamped), from);
}

describe('reduce: the world outside', () => {
  test('address: a node that is known has the newer one; of any other nothing is kept', () => {
    const state = fold([
      ready(),
      { event: 'address', node: NODE_ID, address: 'p2pd1newer' },
      { event: 'address', node: 'another', address: 'p2pd1other' },
    ]);
    expect(state.nodes.map(({ nodeId, address }) => [nodeId, address])).toEqual([[NODE_ID, 'p2pd1newer']]);
  });

  test('world: is known before the node is ready, whole and newest; gone when it stops', () => {
    const early = fold([world({ offline: true })]);
    expect(early.worlds[NODE_ID]).toMatchObject({ offline: true });
    const { outer, brokers, clock } = world();
    const state = fold([ready(), world(), world({ node: 'another' })], early);
    expect(state.worlds[NODE_ID]).toMatchObject({ outer, brokers, clock, offline: false });
    const stopped = fold([{ event: 'stopped', nodeId: NODE_ID }], state);
    expect(Object.keys(stopped.worlds)).toEqual(['another']);
  });

  test('world: facts without end are bounded', () => {
    const [fact] = world().outer;
    const [broker] = world().brokers;
    if (!(fact && broker)) throw new Error('no sample');
    const many = <T>(one: T) => Array.from({ length: 1_000 }, () => one);
    const state = fold([world({ outer: many(fact), brokers: many(broker) })]);
    expect(state.worlds[NODE_ID]?.outer).toHaveLength(MAX_FACTS);
    expect(state.worlds[NODE_ID]?.brokers).toHaveLength(MAX_FACTS);
  });

  test('signal: how asking the peer goes, newest first known; brokers without end are bounded', () => {
    const asked = fold([connect, signal({ brokers: Array.from({ length: 500 }, () => 'mqtt://a:1') })]);
    expect(asked.pipes[0]?.signal).toMatchObject({ state: 'asked', rtt: null, clock: null });
    expect(asked.pipes[0]?.signal?.brokers).toHaveLength(MAX_FACTS);
    const clock = { offset: 3, error: 1, samples: 1 };
    const answered = fold([signal({ state: 'answered', rtt: 43, clock })], asked);
    expect(answered.pipes[0]?.signal).toMatchObject({ state: 'answered', rtt: 43, clock });
    expect(fold([signal({ pipe: 'unknown' })], answered).pipes).toEqual(answered.pipes);
  });
});
