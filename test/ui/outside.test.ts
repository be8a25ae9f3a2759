/** What the screens say of the world outside: services, signalling, and serving on this machine. */
import { afterEach, expect, test, vi } from 'vitest';
import { createFakeSession } from './fake-session.ts';
import { type RenderedApp, renderApp } from './render-app.ts';
import { ADDRESS, NODE_ID, SERVE_ID, signal, tellServing, tellStartUp, world } from './sample-events.ts';

let app: RenderedApp;
afterEach(() => app.unmount());

test('home: says that no public service answers, and offers to serve', async () => {
  const session = createFakeSession();
  tellStartUp(session);
  const step = { event: 'step', node: NODE_ID, state: 'failed' } as const;
  session.tell(
    1_560,
    { ...step, name: 'stun', detail: 'none answers: 4 × ENOTFOUND' },
    { ...step, name: 'mqtt', detail: 'none answers: 6 × ENOTFOUND' },
    { ...step, name: 'ntp', detail: 'none answers: 4 × ENOTFOUND' },
    world({ outer: [], brokers: [], clock: null, offline: true }),
  );
  app = renderApp(session);
  await app.until('✖ stun', '✖ mqtt', '✖ ntp', 'offline: no public service answers', 's serves here');
  await expect(app.frame()).toMatchFileSnapshot('frames/home-offline.txt');
});

test('connect: a peer that answers on no broker is told apart from paths that do not open', async () => {
  const session = createFakeSession();
  tellStartUp(session);
  app = renderApp(session);
  session.tell(1_000, { event: 'connect', pipe: 'p1', node: NODE_ID, peer: ADDRESS });
  session.store.emit({ event: 'ui', action: 'go', screen: 'connect', pipe: 'p1' });
  session.tell(7_000, signal({ state: 'silent' }));
  await app.until('✖ signalling: asked 2 brokers: the peer does not answer on any');
});

test('accept: the address is the newest', async () => {
  const session = createFakeSession();
  tellStartUp(session);
  app = renderApp(session);
  app.type('1');
  await app.until(ADDRESS.slice(0, 60));
  session.tell(3_000, { event: 'address', node: NODE_ID, address: 'p2pd1newer' });
  await app.until('npx p2pd-demo connect p2pd1newer');
  expect(app.frame()).not.toContain(ADDRESS.slice(0, 60));
});

test('serve: the command for other machines, what is used by whom, and counts', async () => {
  const session = createFakeSession();
  tellStartUp(session);
  app = renderApp(session);
  app.type('s');
  await app.until('p2pd-demo serve', 'starting to serve');
  expect(session.calls).toContainEqual({ call: 'serve' });
  tellServing(session);
  await app.until('● serving', 'npx p2pd-demo --via 192.0.2.21#9f2c1234abcd5678', '3478 3479', '192.0.2.33');
  expect(app.lines()).toContain('npx p2pd-demo --via 192.0.2.21#9f2c1234abcd5678');
  await expect(app.frame()).toMatchFileSnapshot('frames/serve.txt');
});

test('serve: c copies the command, Esc leaves it running, x stops it, s begins again', async () => {
  const session = createFakeSession();
  tellStartUp(session);
  tellServing(session);
  app = renderApp(session);
  await app.until('● this machine serves; s shows the command');
  app.type('s');
  await app.until('● serving');
  app.type('c');
  await app.until('asked the terminal to copy the command');
  expect(app.copied).toEqual(['npx p2pd-demo --via 192.0.2.21#9f2c1234abcd5678']);
  app.type('\x1b');
  await app.until('(4) Exit', '● this machine serves');
  expect(session.calls).not.toContainEqual({ call: 'stopServing' });
  app.type('s');
  await app.until('● serving');
  app.type('x');
  await vi.waitUntil(() => session.calls.some(({ call }) => call === 'stopServing'));
  session.tell(9_000, { event: 'stopped', nodeId: SERVE_ID });
  await app.until('○ stopped; s serves again');
  app.type('s');
  await vi.waitUntil(() => session.calls.filter(({ call }) => call === 'serve').length === 3);
});

test('serve: says why it cannot, and what to try', async () => {
  const session = createFakeSession();
  tellStartUp(session);
  app = renderApp(session);
  app.type('s');
  await app.until('starting to serve');
  session.tell(100, {
    event: 'error',
    code: 'PORT_TAKEN',
    message: 'port 1883 is taken',
    hint: 'another program serves MQTT',
  });
  await app.until('✖ port 1883 is taken', 'try: another program serves MQTT');
});

test('serve: a long command is whole, row by row, so that it can be copied', async () => {
  const session = createFakeSession();
  tellStartUp(session);
  const name = `${'a-long-name.'.repeat(12)}example.com#9f2c1234abcd5678`;
  const command = `npx p2pd-demo --via ${name}`;
  tellServing(session);
  session.tell(7_000, { event: 'serving', services: [], clients: [], command, commands: [command] });
  app = renderApp(session, { columns: 60, rows: 15 });
  app.type('s');
  await app.until('nobody has asked yet');
  expect(app.lines().join('')).toContain(command);
});
