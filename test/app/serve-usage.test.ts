import { describe, expect, test } from 'vitest';
import type { AppEvent, Stamped } from '../../src/app/events.ts';
import { reduce } from '../../src/app/reduce.ts';
import type { ServingEvent } from '../../src/app/serve-events.ts';
import { MAX_SERVED_CLIENTS } from '../../src/app/serve-state.ts';
import { ServeUsage } from '../../src/app/serve-usage.ts';
import { INITIAL_STATE, type State } from '../../src/app/state.ts';
import type { ServerKind, ServerUse } from '../../src/net/index.ts';

const ENDPOINTS: ReadonlyMap<ServerKind, readonly string[]> = new Map([
  ['mqtt', ['192.0.2.1:1883']],
  ['stun', ['192.0.2.1:3478']],
]);
const use = (kind: ServerKind, what: ServerUse['what'], client = '192.0.2.9'): ServerUse => ({
  kind,
  client,
  what,
});

describe('serve usage', () => {
  test('serve usage: counts by kind; sessions as they come and go, others by the last minute', () => {
    const usage = new ServeUsage();
    for (const what of ['connected', 'connected', 'request', 'left', 'refused', 'error', 'error'] as const)
      usage.add(use('mqtt', what), 1_000);
    usage.add(use('stun', 'request', '192.0.2.10'), 2_000);
    usage.add(use('stun', 'request', '192.0.2.11'), 30_000);
    usage.add(use('stun', 'request', '192.0.2.11'), 31_000);
    const [mqtt, stun] = usage.services(ENDPOINTS, 40_000);
    expect(mqtt).toEqual({
      kind: 'mqtt',
      endpoints: ['192.0.2.1:1883'],
      clients: 1,
      requests: 1,
      refused: 1,
      errors: 2,
    });
    expect(stun).toMatchObject({ clients: 2, requests: 3 });
    expect(usage.services(ENDPOINTS, 62_001)[1]).toMatchObject({ clients: 1, requests: 3 });
    expect(usage.services(ENDPOINTS, 92_001)[1]).toMatchObject({ clients: 0, requests: 3 });
  });

  test('serve usage: the most recent clients first, each with what it used', () => {
    const usage = new ServeUsage();
    usage.add(use('info', 'request', 'a'), 1.4);
    usage.add(use('mqtt', 'connected', 'b'), 2);
    usage.add(use('stun', 'request', 'a'), 3.6);
    usage.add(use('mqtt', 'refused', 'c'), 4);
    usage.add(use('ntp', 'error', 'd'), 4);
    expect(usage.clients()).toEqual([
      { ip: 'a', kinds: ['info', 'stun'], requests: 2, lastAt: 4 },
      { ip: 'b', kinds: ['mqtt'], requests: 0, lastAt: 2 },
    ]);
  });

  test('serve usage: a million strangers are counted, and a thousand remembered', () => {
    const usage = new ServeUsage();
    for (let i = 0; i < 1_000_000; i++) usage.add(use('stun', 'request', `client-${i}`), i / 100);
    expect(usage.remembered).toBe(1_024);
    expect(usage.counts('stun').requests).toBe(1_000_000);
    expect(usage.clients()).toHaveLength(MAX_SERVED_CLIENTS);
    expect(usage.clients()[0]).toMatchObject({ ip: 'client-999999' });
  });
});

describe('reduce: serving', () => {
  const ready: AppEvent = {
    event: 'ready',
    address: '192.0.2.1#02a1b2c3d4e5f607',
    nodeId: 'the-serve',
    port: 5380,
    slot: 0,
    nickname: null,
    servers: { stun: [], mqtt: [], ntp: [], turn: [], pnp: [] },
  };
  const usage = new ServeUsage();
  usage.add(use('mqtt', 'connected'), 1);
  const serving: ServingEvent = {
    event: 'serving',
    services: usage.services(ENDPOINTS, 1),
    clients: usage.clients(),
    command: 'npx p2pd-demo --via 192.0.2.1#02a1b2c3d4e5f607',
    commands: ['npx p2pd-demo --via 192.0.2.1#02a1b2c3d4e5f607', 'npx p2pd-demo --via ::1#02a1b2c3d4e5f607'],
  };
  const fold = (events: readonly AppEvent[]) =>
    events.reduce<State>(
      (state, event, i) => reduce(state, { ...event, at: i + 1 } as Stamped),
      INITIAL_STATE,
    );

  test('serving: is no node, runs from ready on, knows what was told last, and stops', () => {
    const begun = fold([ready]);
    expect(begun.nodes).toEqual([]);
    expect(begun.serving).toMatchObject({
      running: true,
      startedAt: 1,
      command: serving.command,
      services: [],
    });
    const told = fold([ready, serving]);
    expect(told.serving).toMatchObject({
      services: serving.services,
      clients: serving.clients,
      commands: serving.commands,
    });
    expect(fold([ready, serving, { event: 'stopped', nodeId: 'another' }]).serving).toMatchObject({
      running: true,
    });
    expect(fold([ready, serving, { event: 'stopped', nodeId: 'the-serve' }]).serving).toMatchObject({
      running: false,
    });
    expect(fold([serving]).serving).toBe(null);
  });

  test('serving: no more clients are kept than a screen shows', () => {
    const [client] = serving.clients;
    if (client === undefined) throw new Error('no client');
    const many = { ...serving, clients: new Array(50).fill(client) };
    expect(fold([ready, many]).serving?.clients).toHaveLength(MAX_SERVED_CLIENTS);
  });
});
