import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { AppEvent } from '../../src/app/events.ts';
import { createNarrator, type NarrateOptions } from '../../src/cli/narrate.ts';
import { ADDRESS, attempt, INTERFACES, message, open, PEER_ID, ready } from '../ui/sample-events.ts';

const PLAIN: NarrateOptions = { log: 'warn', messages: true, from: false };

/** `to: text` of each event that says something. */
function told(events: readonly AppEvent[], options: Partial<NarrateOptions> = {}): string[] {
  const narrate = createNarrator({ ...PLAIN, ...options });
  return events.flatMap((event) => {
    const line = narrate({ ...event, at: 1 });
    return line === null ? [] : [`${line.to}: ${line.text}`];
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
    [
      open(),
      'open after 12 ms: direct · local · IPv4 · tcp · 192.0.2.21:10001 → 192.0.2.33:41234 · rtt 0.4 ms · ' +
        `encrypted · peer ${PEER_ID}`,
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
