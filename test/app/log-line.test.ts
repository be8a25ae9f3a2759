import { expect, test } from 'vitest';
import type { AppEvent } from '../../src/app/events.ts';
import { logLineOf } from '../../src/app/log-line.ts';
import { attempt, message, NODE_ID, open, PEER_ID, ready } from '../ui/sample-events.ts';

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
])('log: says "%s"', (line, event) => {
  const logged = logLineOf({ ...event, at: 1 });
  expect(`${logged?.level} ${logged?.text}`).toBe(line);
});

test.each<AppEvent>([
  { event: 'step', name: 'listen', state: 'start' },
  attempt(),
  message('in', 'a secret'),
])('log: says nothing of $event before it has an outcome, nor of what was said', (event) => {
  expect(logLineOf({ ...event, at: 1 })).toBe(null);
});
