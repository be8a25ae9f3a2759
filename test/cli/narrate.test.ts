import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { AppEvent } from '../../src/app/events.ts';
import { createNarrator, type NarrateOptions } from '../../src/cli/narrate.ts';
import {
  ADDRESS,
  attempt,
  INTERFACES,
  message,
  NODE_ID,
  open,
  PEER_ID,
  ready,
  signal,
  world,
} from '../ui/sample-events.ts';

const OPENED = 'open after 12 ms: direct · local · IPv4 · tcp · 192.0.2.21:10001 → 192.0.2.33:41234';
const PLAIN: NarrateOptions = { log: 'warn', messages: true, from: false };

/** `to: text` of each event that says something. */
function told(events: readonly AppEvent[], options: Partial<NarrateOptions> = {}): string[] {
  const narrate = createNarrator({ ...PLAIN, ...options });
  return events.flatMap((event) => {
    return narrate({ ...event, at: 1 }).map(({ to, text }) => `${to}: ${text}`);
  });
}

describe('narration: data on stdout', () => {
  test('the address, on a line of its own', () => {
    expect(told([ready()])).toEqual([`stdout: ${ADDRESS}`]);
  });

  test('messages that came in, made visible; what was said here is not repeated', () => {
    expect(told([message('in', 'a\x1b[2J\nb\u202e'), message('out', 'mine')])).toEqual([
      'stdout: a\\x1b[2J\\nb\\u{202e}',
    ]);
  });

  test('messages begin with whom they are from where several may talk', () => {
    expect(told([open(), message('in', 'hi'), message('in', 'ho', 'p2')], { from: true }).slice(1)).toEqual([
      `stdout: ${PEER_ID.slice(0, 8)}: hi`,
      'stdout: ?: ho',
    ]);
  });

  test('no messages where stdout belongs to the bytes of the pipe', () => {
    expect(told([message('in', 'hi')], { messages: false })).toEqual([]);
  });

  test('the figures of a bench', () => {
    const bench: AppEvent = { event: 'bench', pipe: 'p', bytes: 5, sendMbps: 2, receiveMbps: 3, rtt: 4 };
    expect(told([bench])).toEqual(['stdout: 5 bytes: 2 Mbit/s out, 3 Mbit/s in, rtt 4 ms']);
  });
});

describe('narration: what happens on stderr', () => {
  test.each<readonly [AppEvent, string]>([
    [{ event: 'step', name: 'interfaces', state: 'ok', detail: 'eth0' }, '+ interfaces: eth0'],
    [{ event: 'step', name: 'listen', state: 'failed', detail: 'EACCES' }, '! listen: EACCES'],
    [{ event: 'step', name: 'listen', state: 'ok' }, '+ listen: ok'],
    [{ event: 'closed', pipe: 'p', reason: 'bye\x07' }, 'closed: bye\\x07'],
    [
      attempt({ state: 'failed', elapsed: 3, reason: 're\nset' }),
      '- direct · local · IPv4 · 192.0.2.21:10001 → 192.0.2.33:10001: re\\nset (3 ms)',
    ],
    [open(), `${OPENED} · rtt 0.4 ms · encrypted · peer ${PEER_ID}`],
    [open({ rtt: null }), `${OPENED} · encrypted · peer ${PEER_ID}`],
    [
      { event: 'step', node: NODE_ID, name: 'stun', state: 'ok', detail: '203.0.113.7 by 2 servers, 21 ms' },
      '+ stun: 203.0.113.7 by 2 servers, 21 ms',
    ],
    [
      signal({ state: 'answered', rtt: 43, clock: { offset: -3.2, error: 1.1, samples: 1 } }),
      '+ signalling: asked 2 brokers: answered after 43 ms, its clock −3.2 ± 1.1 ms',
    ],
    [
      signal({ state: 'silent' }),
      '- signalling: asked 2 brokers: the peer does not answer on any (mqtt.example.com:1883, 198.51.100.10:1883)',
    ],
    [{ event: 'error', code: 'NO_PATH', message: 'no\nway', hint: 'walk' }, 'p2pd-demo: no way (try: walk)'],
    [{ event: 'error', code: 'INTERRUPTED', message: 'interrupted', hint: '' }, 'p2pd-demo: interrupted'],
  ])('%j', (event, line) => {
    expect(told([event])).toEqual([`stderr: ${line}`]);
  });

  test.each<AppEvent>([
    { event: 'step', name: 'listen', state: 'start' },
    attempt(),
    attempt({ state: 'open', elapsed: 1 }),
    { event: 'rtt', pipe: 'p', rtt: 1 },
    { event: 'load', cpu: 0, memoryUsed: 0, load1: 0 },
    { event: 'interfaces', interfaces: INTERFACES },
    { event: 'connect', pipe: 'p', node: 'n', peer: 'x' },
    { event: 'stopped', nodeId: 'n' },
    { event: 'address', node: NODE_ID, address: 'p2pd1newer' },
    signal(),
    world(),
  ])('$event alone says nothing', (event) => {
    expect(told([event])).toEqual([]);
  });

  test.each<readonly [NarrateOptions['log'], readonly string[]]>([
    ['error', ['error: x']],
    ['warn', ['error: x', 'warn: x']],
    ['info', ['error: x', 'warn: x', 'info: x', 'info: refused r: why\\x07']],
    ['debug', ['error: x', 'warn: x', 'info: x', 'debug: x', 'info: refused r: why\\x07']],
  ])('the log up to the level that was asked for: %s', (log, lines) => {
    const events = (['error', 'warn', 'info', 'debug'] as const).map(
      (level): AppEvent => ({ event: 'log', level, text: 'x' }),
    );
    const refused: AppEvent = { event: 'refused', node: 'n', remote: 'r', reason: 'why\x07' };
    expect(told([...events, refused], { log })).toEqual(lines.map((line) => `stderr: ${line}`));
  });
});

describe('narration: the world outside', () => {
  test('that nothing can be reached is told once, with what to try', () => {
    const offline = world({ outer: [], brokers: [], clock: null, offline: true });
    expect(told([offline, offline])).toEqual([
      'stderr: ! offline: no public service answers; machines that reach each other still connect ' +
        '(try: p2pd-demo serve on one machine, --via on the others)',
    ]);
    expect(told([offline, world(), offline])).toHaveLength(2);
  });

  test('what changes later is told to whoever asked for more', () => {
    const [first] = world().brokers;
    if (first === undefined) throw new Error('no sample');
    const lost = world({ brokers: [{ ...first, state: 'lost', reason: 'keep\x1balive' }] });
    const newer: AppEvent = { event: 'address', node: NODE_ID, address: 'p2pd1newer' };
    expect(told([world(), lost, newer], { log: 'info' }).slice(3)).toEqual([
      'stderr: info: mqtt: mqtt.example.com:1883 is lost: keep\\x1balive',
      'stderr: info: a newer address: p2pd1newer',
    ]);
  });
});

describe('narration: one line an event', () => {
  const text = fc.oneof(
    fc.string({ unit: 'binary', maxLength: 60 }),
    fc.constantFrom('a\nb', '\r\n', '\x1b]0;x\x07', '\u202e', '\u2028', '\x85', 'x'.repeat(20_000)),
  );

  test('whatever the texts in it are: no control, no separator, no override', () => {
    fc.assert(
      fc.property(text, (any) => {
        const events: readonly AppEvent[] = [
          { event: 'step', name: 'identity', state: 'failed', detail: any },
          { event: 'closed', pipe: 'p', reason: any },
          { event: 'error', code: 'STATE_UNUSABLE', message: any, hint: any },
          { event: 'log', level: 'error', text: any },
          { event: 'refused', node: 'n', remote: 'r', reason: any },
          attempt({ state: 'failed', reason: any }),
          message('in', any),
        ];
        const lines = told(events, { log: 'debug' });
        expect(lines).toHaveLength(events.length);
        for (const line of lines) expect(line).not.toMatch(/[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/u);
      }),
    );
  });

  test('a message of 16 KB without spaces stays one line and is not cut', () => {
    expect(told([message('in', 'x'.repeat(16_384))])).toEqual([`stdout: ${'x'.repeat(16_384)}`]);
  });
});
