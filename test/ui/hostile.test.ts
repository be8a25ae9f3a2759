/** Frames when there is too much of everything, and when a peer writes what no screen should show. */
import stringWidth from 'string-width';
import { afterEach, describe, expect, test } from 'vitest';
import type { Screen } from '../../src/app/ui-state.ts';
import type { NetworkInterface } from '../../src/net/index.ts';
import { createFakeSession, type FakeSession } from './fake-session.ts';
import { type RenderedApp, renderApp, type Size } from './render-app.ts';
import {
  ADDRESS,
  attempt,
  INTERFACES,
  message,
  NODE_ID,
  open,
  ready,
  signal,
  tellServices,
  tellStartUp,
  world,
} from './sample-events.ts';

const SIZES: readonly Size[] = [
  { columns: 80, rows: 24 },
  { columns: 120, rows: 40 },
  { columns: 60, rows: 15 },
];
const SCREENS: readonly Screen[] = [
  'home',
  'connect',
  'accept',
  'nodes',
  'interfaces',
  'serve',
  'chat',
  'log',
];

/** What a peer may write to break a screen. */
const NASTY: readonly (readonly [string, string])[] = [
  ['16 KB without a space', 'x'.repeat(16_384)],
  ['wide characters without a space', '漢字'.repeat(4_000)],
  ['a reversed direction', 'invoice\u202efdp.exe \u2066\u2067\u2068\u2069'],
  ['right-to-left letters', 'שלום עולם مرحبا بالعالم '.repeat(40)],
  ['families of emoji', '👩‍👩‍👧‍👦🏳️‍🌈👍🏽'.repeat(200)],
  ['a flood of marks', `e${'\u0301'.repeat(5_000)}`],
  ['escape sequences', '\x1b[2J\x1b[1;1H\x1b[?1049l\x1b]0;t\x07\x9b2J'.repeat(50)],
  ['lines and tabs', 'a\nb\r\nc\t\u2028d\u2029\x0b\x0c'.repeat(50)],
  ['what is not seen', '\u200b\u200c\u2060\ufeff\u00ad\u{e0041}\u115f\u3164'.repeat(50)],
  ['halves of characters', '\ud83d \udc4d \ud800'],
  ['syllables that join', 'क्षि각ᄀᄀᄀ각ᆨᆨนี้'.repeat(100)],
];

let app: RenderedApp;
afterEach(() => app.unmount());

function go(session: FakeSession, screen: Screen, pipe: string | null): void {
  session.store.emit({ event: 'ui', action: 'go', screen, pipe });
}

/** Every row there, none too wide, the first and the last as always, and nothing that is not text. */
function expectWhole(size: Size, what: string): void {
  const lines = app.lines();
  expect(lines, what).toHaveLength(size.rows - 1);
  for (const line of lines) expect(stringWidth(line), `${what}: ${line}`).toBeLessThanOrEqual(size.columns);
  expect(lines[0], what).toMatch(/^p2pd-demo/);
  expect(lines.at(-1), what).toMatch(/Ctrl\+C leave {2}(Esc back {2})?(\?|F1) help$/);
  expect(lines.join(''), what).not.toMatch(/[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/u);
}

async function expectEveryScreen(session: FakeSession, size: Size, pipe: string): Promise<void> {
  for (const screen of SCREENS) {
    go(session, screen, pipe);
    await app.until(screen === 'home' ? '(4) Exit' : `p2pd-demo ${screen}`);
    expectWhole(size, screen);
  }
}

function many<T>(count: number, make: (i: number) => T): T[] {
  return Array.from({ length: count }, (_, i) => make(i));
}

const manyInterfaces: readonly NetworkInterface[] = many(100, (i) => ({
  ...(INTERFACES[i % 2] ?? INTERFACES[0]),
  id: `eth${i}`,
  name: `無線 adapter ${i} \x1b[31m of a vendor with a very long name`,
})) as NetworkInterface[];

describe.each(SIZES)('frames of $columns×$rows', (size) => {
  test('stay whole whatever peers say', async () => {
    const session = createFakeSession();
    tellStartUp(session);
    const says = NASTY.map(([what, text], i) => ({ what, text, open: `p${i}`, closed: `c${i}` }));
    for (const { text, open: pipe, closed } of says) {
      session.tell(100, open({ pipe }), message('in', text, pipe), message('out', text, pipe));
      session.tell(200, open({ pipe: closed, initiator: false }), message('in', text, closed));
      session.tell(300, { event: 'closed', pipe: closed, reason: text });
      session.tell(300, { event: 'refused', node: NODE_ID, remote: '203.0.113.9:1', reason: text });
    }
    app = renderApp(session, size);
    await expectEveryScreen(session, size, 'p0');
    for (const { what, open: pipe, closed } of says) {
      go(session, 'chat', pipe);
      await app.until('p2pd-demo chat', '❯');
      expectWhole(size, `open, ${what}`);
      go(session, 'chat', closed);
      await app.until('p2pd-demo chat', '✖ closed');
      expectWhole(size, `closed, ${what}`);
    }
  });

  test('stay whole with 100 interfaces', async () => {
    const session = createFakeSession();
    tellStartUp(session);
    session.tell(100, { event: 'interfaces', interfaces: manyInterfaces });
    app = renderApp(session, size);
    await expectEveryScreen(session, size, '');
    go(session, 'interfaces', null);
    await app.until('adapter 0 ', 'more lines below');
    expectWhole(size, 'the first of them');
    app.type('\x1b[6~'.repeat(80));
    await app.until('adapter 99');
    expectWhole(size, 'the last of them');
  });

  test('stay whole whatever servers say, however many', async () => {
    const session = createFakeSession();
    tellStartUp(session);
    tellServices(session);
    session.tell(100, { event: 'connect', pipe: 'p0', node: NODE_ID, peer: 'x' });
    app = renderApp(session, size);
    for (const [what, text] of NASTY) {
      const [fact] = world().outer;
      const step = { event: 'step', node: NODE_ID, detail: text } as const;
      session.tell(
        500,
        { ...step, name: 'stun', state: 'ok' },
        { ...step, name: 'mqtt', state: 'failed' },
        world({
          outer: fact === undefined ? [] : [{ ...fact, outer: text }],
          brokers: many(50, () => ({ url: text, state: 'lost', rtt: null, reason: text }) as const),
          offline: true,
        }),
        signal({ pipe: 'p0', state: 'silent', brokers: many(20, () => text) }),
      );
      for (const screen of ['home', 'connect', 'interfaces', 'log'] as const) {
        go(session, screen, 'p0');
        await app.until(screen === 'home' ? '(4) Exit' : `p2pd-demo ${screen}`);
        expectWhole(size, `${screen}, ${what}`);
      }
    }
  });

  test('stay whole with 60 pipes, in and out, and 20 nodes', async () => {
    const session = createFakeSession();
    tellStartUp(session);
    session.tell(
      100,
      ...many(60, (i) => open({ pipe: `p${i}`, initiator: i % 2 === 0 })),
      ...many(60, (i) => message('in', 'hello', `p${i}`)),
      ...many(20, (i) => ready(`${i}`.padStart(32, '0'), i + 1)),
    );
    app = renderApp(session, size);
    await expectEveryScreen(session, size, 'p7');
  });

  test('stay whole with 5,000 messages, and scroll through them', async () => {
    const session = createFakeSession();
    tellStartUp(session);
    session.tell(100, open(), ...many(5_000, (i) => message(i % 2 ? 'in' : 'out', `message ${i} end`)));
    app = renderApp(session, size);
    go(session, 'chat', 'p1');
    await app.until('message 4999 end');
    expectWhole(size, 'the end');
    app.type('\x1b[5~');
    await app.until('more lines below');
    expectWhole(size, 'a page up');
    app.type('\x1b[5~'.repeat(200));
    await app.until('message 4000 end');
    expectWhole(size, 'the oldest that is kept');
    app.type('\x1b[6~'.repeat(200));
    await app.until('message 4999 end');
    expect(app.frame()).not.toContain('more lines below');
  });

  test('stay whole with long reasons, long hints and a long log', async () => {
    const long = 'a reason that goes on and on, '.repeat(60);
    const session = createFakeSession();
    tellStartUp(session);
    session.tell(
      100,
      { event: 'step', name: 'listen', state: 'failed', detail: long },
      { event: 'connect', pipe: 'p1', node: NODE_ID, peer: ADDRESS },
      ...many(30, (i) => attempt({ id: `a${i}`, state: 'failed', elapsed: 61_000, reason: long })),
      { event: 'error', code: 'NO_PATH', message: long, hint: long, pipe: 'p1' },
      { event: 'error', code: 'PORT_TAKEN', message: long, hint: long },
      ...many(600, (i) => ({ event: 'log', level: 'warn', text: `${i} ${long}` }) as const),
      { event: 'ui', action: 'draft', draft: { peer: ADDRESS.repeat(9), methods: 'd'.repeat(500) } },
    );
    session.tell(100, { event: 'error', code: 'PORT_TAKEN', message: long, hint: long });
    app = renderApp(session, size);
    await expectEveryScreen(session, size, 'p1');
    await expectEveryScreen(session, size, '');
    session.store.emit({ event: 'ui', action: 'notice', notice: long });
    await app.until('a reason that goes on');
    expectWhole(size, 'notice');
  });

  test('stay whole in help, and when it is closed again', async () => {
    app = renderApp(createFakeSession(), size);
    app.type('?');
    await app.until('p2pd-demo help', 'Everywhere');
    expectWhole(size, 'help');
    app.type('\x1b');
    await app.until('(4) Exit');
    expectWhole(size, 'home');
  });
});

test('frames come soon with 300 long messages of many scripts', async () => {
  const size = { columns: 80, rows: 24 };
  const session = createFakeSession();
  tellStartUp(session);
  const text = '👍🏽क्षิ각漢x'.repeat(2_000);
  session.tell(100, open(), ...many(300, () => message('in', text)), message('in', 'the last'));
  app = renderApp(session, size);
  go(session, 'chat', 'p1');
  await app.until('the last');
  expectWhole(size, 'chat');
});

test.each(NASTY)('text fields stay on their line when %s is pasted', async (_, text) => {
  const size = { columns: 80, rows: 24 };
  const session = createFakeSession();
  tellStartUp(session);
  session.tell(100, open());
  app = renderApp(session, size);
  go(session, 'chat', 'p1');
  await app.until('encrypted');
  app.type(`\x1b[200~${text}\x1b[201~`);
  await app.until('❯');
  expectWhole(size, 'chat');
  app.type('\x1b[H\x1b[C\x1b[C');
  expectWhole(size, 'chat, cursor near the start');
  app.type('\x1b');
  await app.until('(4) Exit');
  app.type(`0\x1b[200~${text}\x1b[201~`);
  await app.until('p2pd-demo connect');
  expectWhole(size, 'connect');
  app.type('\t');
  expectWhole(size, 'connect, another field');
});
