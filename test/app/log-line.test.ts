import { expect, test } from 'vitest';
import type { AppEvent, Stamped } from '../../src/app/events.ts';
import { logLinesOf } from '../../src/app/log-line.ts';
import { reduce } from '../../src/app/reduce.ts';
import { INITIAL_STATE } from '../../src/app/state.ts';
import { nextWorld } from '../../src/app/world.ts';
import {
  attempt,
  message,
  NODE_ID,
  open,
  PEER_ID,
  ready,
  SERVE_ID,
  signal,
  world,
} from '../ui/sample-events.ts';

const BROKER = { url: 'mqtt://mqtt.example.com:1883', state: 'listening', rtt: 21, reason: null } as const;

test.each<readonly [string, AppEvent]>([
  [
    'info interfaces: 2 with an address',
    { event: 'step', name: 'interfaces', state: 'ok', detail: '2 with an address' },
  ],
  ['warn listen: no port', { event: 'step', name: 'listen', state: 'failed', detail: 'no port' }],
  [`info node ${NODE_ID} is ready on port 10001`, ready()],
  [
    'info direct local IPv4 192.0.2.21:10001 -> 192.0.2.33:10001: refused (7 ms)',
    attempt({ state: 'failed', reason: 'refused', elapsed: 7.2 }),
  ],
  [
    'info direct local IPv4 192.0.2.21:10001 -> 192.0.2.33:10001: open (3 ms)',
    attempt({ state: 'open', elapsed: 3 }),
  ],
  [`info pipe to ${PEER_ID} is open`, open()],
  [`info pipe from ${PEER_ID} is open`, open({ initiator: false })],
  ['info pipe p1: closed by the peer', { event: 'closed', pipe: 'p1', reason: 'closed by the peer' }],
  [`info node ${NODE_ID} has a newer address`, { event: 'address', node: NODE_ID, address: 'p2pd1newer' }],
  ['info signalling: asked 2 brokers for the peer', signal()],
  [
    'warn signalling: asked 2 brokers: the peer does not answer on any (mqtt.example.com:1883, 198.51.100.10:1883)',
    signal({ state: 'silent' }),
  ],
  ['info mqtt: listening at mqtt.example.com:1883', world({ brokers: [BROKER] })],
  ['warn no public service answers', world({ brokers: [], offline: true })],
])('log: says "%s"', (line, event) => {
  const logged = logLinesOf({ ...event, at: 1 }, INITIAL_STATE);
  expect(logged.map(({ level, text }) => `${level} ${text}`)).toEqual([line]);
});

test.each<AppEvent>([
  { event: 'step', name: 'listen', state: 'start' },
  attempt(),
  message('in', 'a secret'),
])('log: says nothing of $event before it has an outcome, nor of what was said', (event) => {
  expect(logLinesOf({ ...event, at: 1 }, INITIAL_STATE)).toEqual([]);
});

test('log: serving has names of its own', () => {
  const none = { stun: [], mqtt: [], ntp: [], turn: [], pnp: [] };
  const begun = { ...ready(SERVE_ID, 0, '192.0.2.5#9f2c'), servers: none, at: 1 } as Stamped;
  expect(logLinesOf(begun, INITIAL_STATE)).toEqual([
    { level: 'info', text: 'serving: --via 192.0.2.5#9f2c' },
  ]);
  const serving = reduce(INITIAL_STATE, begun);
  const texts = [SERVE_ID, NODE_ID].map(
    (nodeId) => logLinesOf({ event: 'stopped', nodeId, at: 2 }, serving)[0]?.text,
  );
  expect(texts).toEqual(['serving has stopped', `node ${NODE_ID} has stopped`]);
});

test('log: of the world outside, what has not changed is not told again', () => {
  const known = { ...INITIAL_STATE, worlds: { [NODE_ID]: nextWorld(null, world()) } };
  expect(logLinesOf({ ...world(), at: 2 }, known)).toEqual([]);
});
