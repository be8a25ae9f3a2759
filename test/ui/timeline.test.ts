/** The timeline: what a layman sees of a punch, live and afterwards, and keys under a storm of packets. */
import { afterEach, expect, test } from 'vitest';
import { createFakeSession, type FakeSession } from './fake-session.ts';
import { type RenderedApp, renderApp } from './render-app.ts';
import { ADDRESS, attempt, explanation, NODE_ID, open, tellStartUp, trace } from './sample-events.ts';

const CTRL_Y = '\x19';
const [UP, ESC] = ['\x1b[A', '\x1b'];
/** ms between two frames of the store. */
const FRAME = 33;

let app: RenderedApp;
afterEach(() => app.unmount());

function started(): FakeSession {
  const session = createFakeSession();
  tellStartUp(session);
  return session;
}

/** Both transports are punched, UDP opens. */
function punched(): FakeSession {
  const session = started();
  session.tell(1_000, { event: 'connect', pipe: 'p1', node: NODE_ID, peer: ADDRESS });
  for (const method of ['tcp-punch', 'udp-punch'] as const)
    session.tell(1_000, attempt({ id: method, method, path: 'external', remote: '203.0.113.9:0' }));
  session.tell(1_062, trace(), trace({ method: 'tcp-punch' }));
  session.tell(1_083, trace({ method: 'tcp-punch', kind: 'refused' }));
  session.tell(1_112, trace({ kind: 'sent' }), trace({ kind: 'received' }));
  session.tell(1_124, trace({ kind: 'open' }));
  session.tell(1_126, open({ method: 'udp-punch', path: 'external' }));
  session.tell(
    1_130,
    explanation({
      sentence:
        'both sides sent at the same time over UDP, and each router took the other’s packets for answers',
      confidence: 'certain',
      evidence: ['packets: 2 sent', '1 received'],
      help: null,
    }),
  );
  session.tell(
    1_180,
    trace({ side: 'peer', ago: 110, error: 6 }),
    trace({ side: 'peer', kind: 'received', ago: 70, error: 6 }),
  );
  return session;
}

test('timeline: a lane for each method and side on one clock, and below why it opened', async () => {
  const session = punched();
  app = renderApp(session);
  app.type('y');
  await app.until('p2pd-demo timeline', 'their clock ± 6 ms', 'both sides sent at the same time', 'certain');
  await app.until('UDP punch', 'UDP punch they', 'open 62 ms', '1 refused');
  await expect(app.frame()).toMatchFileSnapshot('frames/timeline.txt');
});

test('timeline: before anything was connected it says so', async () => {
  app = renderApp(started());
  app.type('y');
  await app.until('nothing has been connected yet');
});

test('timeline: live while a connect runs, and what failed stays, with what would help', async () => {
  const session = started();
  app = renderApp(session);
  session.tell(1_000, { event: 'connect', pipe: 'p1', node: NODE_ID, peer: ADDRESS });
  session.tell(1_060, trace());
  app.type('y');
  await app.until('1 sent');
  session.tell(1_110, trace());
  await app.until('2 sent');
  session.tell(1_300, explanation());
  await app.until('their router lets in only', 'likely', 'forward a port');
});

test('timeline: Up and Down go through the pipes; Ctrl+Y leads there from the chat, Esc back', async () => {
  const session = punched();
  session.tell(2_000, trace({ pipe: 'p2' }), open({ pipe: 'p2', peer: 'c0ffee00c0ffee00' }));
  app = renderApp(session);
  session.store.emit({ event: 'ui', action: 'go', screen: 'chat', pipe: 'p2' });
  await app.until('peer c0ffee00');
  app.type(CTRL_Y);
  await app.until('p2pd-demo timeline', 'to peer c0ffee00', '2 of 2');
  app.type(UP);
  await app.until('to peer b7710e55', '1 of 2');
  app.type(ESC);
  await app.until('p2pd-demo chat');
});

test.each([
  { columns: 80, rows: 15 },
  { columns: 60, rows: 24 },
  { columns: 140, rows: 40 },
])('timeline: fits $columns×$rows, whatever the peer tells', async (size) => {
  const session = punched();
  for (const path of ['external', 'local'] as const)
    for (const family of [4, 6] as const)
      session.tell(1_200, trace({ path, family, side: 'peer', count: 1_000_000_000, ago: 100, error: 900 }));
  session.tell(1_300, explanation({ sentence: 'x'.repeat(400), evidence: ['漢'.repeat(200)] }));
  app = renderApp(session, size);
  app.type('y');
  await app.until('p2pd-demo timeline', 'xxx');
  expect(app.lines()).toHaveLength(size.rows - 1);
  for (const line of app.lines()) expect(line.length, line).toBeLessThanOrEqual(size.columns);
});

test('timeline: in a storm of packets it draws 30 frames a second at most, and no key is lost', async () => {
  const session = started();
  session.tell(1_000, { event: 'connect', pipe: 'p1', node: NODE_ID, peer: ADDRESS });
  app = renderApp(session);
  app.type('y');
  await app.until('p2pd-demo timeline');
  const before = app.written.length;
  const began = performance.now();
  for (let i = 0; i < 100; i++) {
    for (let j = 0; j < 50; j++) session.tell(1_000 + i, trace({ kind: j % 2 === 0 ? 'sent' : 'received' }));
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
  const frames = app.written.length - before;
  expect(frames).toBeLessThanOrEqual(Math.ceil((performance.now() - began) / FRAME) + 1);
  // The same storm while somebody types, key by key.
  app.type(ESC);
  app.type('0');
  await app.until('p2pd-demo connect');
  const text = 'p2pd1thequickbrownfox234';
  for (const key of text) {
    for (let j = 0; j < 50; j++) session.tell(1_200, trace());
    app.type(key);
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
  await app.until(text);
});
