/** The demo's picture above the screens, and the key that shows the other side's. */
import { afterEach, expect, test } from 'vitest';
import type { Mark, Picture, Scene } from '../../src/app/demo/scene.ts';
import { createFakeSession } from './fake-session.ts';
import { type RenderedApp, renderApp, type Size } from './render-app.ts';
import { attempt, NODE_ID, open, PEER_ID, ready } from './sample-events.ts';

const SIZES: readonly Size[] = [
  { columns: 80, rows: 24 },
  { columns: 120, rows: 40 },
  { columns: 60, rows: 20 },
];

let app: RenderedApp;
afterEach(() => app.unmount());

function sceneOf(first: Partial<Picture> = {}) {
  let picture: Picture = { marks: [], caption: '', speed: 1, ...first };
  const listeners = new Set<() => void>();
  const scene: Scene = {
    sides: {
      a: { name: 'alice', inner: '192.168.1.2', outer: '203.0.113.6', nat: 'restrict port, equal' },
      b: { name: 'bob', inner: '192.168.2.2', outer: '203.0.113.7', nat: 'symmetric, independent' },
    },
    rtt: 40,
    picture: () => picture,
    subscribe(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
  const show = (next: Partial<Picture>) => {
    picture = { ...picture, ...next };
    for (const listener of listeners) listener();
  };
  return { scene, show };
}

function rendered(size: Size = { columns: 80, rows: 24 }, utf8 = true, first: Partial<Picture> = {}) {
  const [a, b] = [createFakeSession(), createFakeSession()];
  const { scene, show } = sceneOf(first);
  app = renderApp(a, size, utf8, { other: b, scene });
  return { a, b, show };
}

const mark = (changes: Partial<Mark>): Mark => ({
  from: 'a',
  at: 0.5,
  kind: 'syn',
  fate: 'flying',
  ...changes,
});

test.each(SIZES)('demo: both machines and NATs stand above the screen at $columns×$rows', (size) => {
  rendered(size, true, { caption: "alice SYN 203.0.113.6:5 to 203.0.113.7:6: dropped by bob's NAT" });
  const lines = app.lines();
  expect(lines.length).toBeLessThan(size.rows);
  expect(Math.max(...lines.map(({ length }) => length))).toBeLessThanOrEqual(size.columns);
  expect(lines[0]).toMatch(/● alice 192\.168\.1\.2 ┃.*┃ 192\.168\.2\.2 bob ○$/);
  expect(lines[1]).toMatch(/restrict port, equal ┃ +┃ symmetric, independent$/);
  expect(lines[2]).toMatch(/203\.0\.113\.6 ┃ +┃ 203\.0\.113\.7$/);
  expect(lines[3]).toContain('alice SYN 203.0.113.6:5');
  expect(app.frame()).toContain('(0) Connect to a node');
});

test('demo: where there are few rows the screens have them all', () => {
  rendered({ columns: 60, rows: 15 });
  expect(app.frame()).not.toContain('alice');
  expect(app.frame()).toContain('(0) Connect to a node');
});

test('demo: packets are where they are, either way; one that was dropped is not hidden', async () => {
  const { show } = rendered();
  show({
    marks: [
      mark({ at: 0 }),
      mark({ at: 1, fate: 'dropped' }),
      mark({ at: 1, fate: 'through' }),
      mark({ from: 'b', at: 1, kind: 'udp', fate: 'through' }),
      mark({ from: 'b', at: 0.5, kind: 'server' }),
    ],
    speed: 0.02,
  });
  await app.until('time × 0.02');
  const lines = app.lines();
  expect(lines[1]).toMatch(/┃▶ {22}✖┃/);
  expect(lines[2]).toMatch(/┃● {10,12}· {10,12}┃/);
});

test('demo: without UTF-8 the picture is ASCII', () => {
  rendered(undefined, false, { marks: [mark({ at: 0 }), mark({ from: 'b', at: 0 })], speed: 0.5 });
  const top = app.lines().slice(0, 4).join('\n');
  expect(top).toMatch(/^[\x20-\x7e\n]*$/);
  expect(top).toContain('|>');
  expect(top).toContain('<|');
});

test('demo: Tab shows the other side, wherever one is, and each side stays where it was', async () => {
  const { a, b } = rendered();
  a.tell(1, ready());
  b.tell(1, { event: 'ready', nodeId: PEER_ID, address: 'p2pd1b', port: 10_002, slot: 0, nickname: null });
  await app.until(NODE_ID.slice(0, 8), 'Tab other side');
  app.type('l');
  await app.until('p2pd-demo log');
  app.type('\t');
  await app.until(PEER_ID.slice(0, 8), '(0) Connect to a node', 'bob ●');
  app.type('n');
  await app.until('p2pd-demo nodes');
  app.type('\t');
  await app.until('p2pd-demo log', NODE_ID.slice(0, 8), '● alice');
  expect(b.store.getState().ui.screen).toBe('nodes');
});

test('demo: keys that follow Tab at once are for the other side', async () => {
  const { a, b } = rendered();
  app.type('\ti');
  await app.until('p2pd-demo interfaces', 'bob ●');
  expect([a.store.getState().ui.screen, b.store.getState().ui.screen]).toEqual(['home', 'interfaces']);
});

test('demo: what was typed on a side and not sent waits there', async () => {
  const { a, b } = rendered();
  for (const side of [a, b]) {
    side.tell(1, ready(), { event: 'connect', pipe: 'p1', node: NODE_ID, peer: 'x' }, attempt(), open());
    side.store.emit({ event: 'ui', action: 'go', screen: 'chat', pipe: 'p1' });
  }
  await app.until('p2pd-demo chat');
  app.type('only here');
  await app.until('only here');
  app.type('\t');
  await app.until('bob ●');
  expect(app.frame()).not.toContain('only here');
  app.type('\t');
  await app.until('● alice', 'only here');
});
