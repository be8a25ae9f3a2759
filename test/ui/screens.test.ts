/** Every screen at 80×24: its words, its height, and one frame kept in frames/ as documentation. */
import { afterEach, expect, test } from 'vitest';
import type { Screen } from '../../src/app/ui-state.ts';
import { createFakeSession, type FakeSession } from './fake-session.ts';
import { type RenderedApp, renderApp, type Size } from './render-app.ts';
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
  tellServices,
  tellStartUp,
  world,
} from './sample-events.ts';

const SMALL: Size = { columns: 80, rows: 24 };
const LARGE: Size = { columns: 120, rows: 40 };
const SCREENS: readonly Screen[] = [
  'home',
  'connect',
  'accept',
  'nodes',
  'interfaces',
  'nat',
  'nat-tables',
  'matrix',
  'serve',
  'chat',
  'timeline',
  'nickname',
  'log',
];

let app: RenderedApp;
afterEach(() => app.unmount());

function go(session: FakeSession, screen: Screen, pipe?: string): void {
  session.store.emit({ event: 'ui', action: 'go', screen, ...(pipe === undefined ? {} : { pipe }) });
}

/** A session in the middle of its life: started, one pipe out, one in, something said. */
function busySession(): FakeSession {
  const session = createFakeSession();
  tellStartUp(session);
  session.tell(1_000, { event: 'connect', pipe: 'p1', node: NODE_ID, peer: ADDRESS });
  session.tell(
    1_001,
    attempt({ id: 'a1', path: 'external', remote: '203.0.113.9:10001' }),
    attempt({ id: 'a2' }),
  );
  session.tell(1_009, attempt({ id: 'a2', state: 'open', elapsed: 8 }));
  session.tell(1_013, open());
  session.tell(
    1_500,
    open({ pipe: 'p2', initiator: false, peer: 'c0ffee00c0ffee00', rtt: 41.3, path: 'external' }),
  );
  session.tell(2_000, message('out', 'hello'), message('in', 'hello yourself'), message('in', 'psst', 'p2'));
  return session;
}

test('home: shows the menu in the first frame, before anything has started', () => {
  app = renderApp(createFakeSession());
  for (const entry of ['(0) Connect to a node', '(1) Accept connections', '(2) Start an', '(4) Exit']) {
    expect(app.frame()).toContain(entry);
  }
  expect(app.written).toHaveLength(1);
});

test('home: ticks the steps of start-up off, with what was found and how long it took', async () => {
  const session = createFakeSession();
  app = renderApp(session);
  tellStartUp(session);
  await app.until('✔ interfaces   22 ms  2 with an address', 'identity', 'port 10001', NODE_ID.slice(0, 8));
  tellServices(session);
  await app.until(
    '✔ stun',
    '24 ms  203.0.113.7 by 2',
    '✔ mqtt',
    '340 ms  mqtt.example.com',
    '✔ ntp',
    '± 1.1 ms',
  );
  await expect(app.frame()).toMatchFileSnapshot('frames/home.txt');
});

test('home: says why start-up failed and what to try', async () => {
  const session = createFakeSession();
  app = renderApp(session);
  session.tell(5, {
    event: 'error',
    code: 'PORT_TAKEN',
    message: 'port 10001 is taken',
    hint: 'another --port',
  });
  await app.until('✖ port 10001 is taken', 'try: another --port');
});

test('connect: lists attempts with way, ends, time and outcome, and keeps the form', async () => {
  const session = createFakeSession();
  tellStartUp(session);
  app = renderApp(session);
  go(session, 'connect');
  await app.until('peer', 'methods', 'pathways', 'families');
  app.type(ADDRESS);
  await app.until(ADDRESS.slice(-20));
  app.type('\r');
  await app.until('connecting');
  const first = { id: 'a1', path: 'external', family: 6, remote: '[2001:db8::9]:10001' } as const;
  session.tell(1_000, attempt(first));
  session.tell(1_050, attempt({ id: 'a2' }), signal());
  await app.until('asked 2 brokers for the peer');
  session.tell(
    1_250,
    attempt({ ...first, state: 'failed', elapsed: 250, reason: 'nothing listens there (RST)' }),
  );
  await app.until('✖ direct', '250 ms', 'nothing listens there (RST)', '192.0.2.21:10001 → 192.0.2.33:10001');
  // A failed connect stands still: what runs has a spinner and a clock.
  session.tell(
    1_260,
    signal({ state: 'answered', rtt: 43, clock: { offset: -3.2, error: 1.1, samples: 1 } }),
    attempt({
      id: 'a3',
      method: 'reverse',
      path: 'external',
      state: 'failed',
      elapsed: 9,
      reason: 'no answer',
    }),
  );
  await app.until('✔ signalling: asked 2 brokers: answered after 43 ms, its clock −3.2 ± 1.1 ms');
  session.tell(1_300, attempt({ id: 'a2', state: 'failed', elapsed: 250, reason: 'no answer' }));
  session.tell(1_300, {
    event: 'error',
    code: 'NO_PATH',
    message: 'no method reached the peer',
    hint: 'is it running?',
    pipe: 'p1',
  });
  await app.until('no method reached the peer; is it running?', ADDRESS.slice(-10));
  await expect(app.frame()).toMatchFileSnapshot('frames/connect.txt');
});

test('accept: prints the address without border or margin, so that it can be copied', async () => {
  app = renderApp(busySession());
  app.type('1');
  await app.until('npx p2pd-demo connect', 'c0ffee00');
  const lines = app.lines();
  const first = lines.indexOf(ADDRESS.slice(0, 80));
  expect(first).toBeGreaterThan(0);
  expect(lines.slice(first, first + Math.ceil(ADDRESS.length / 80)).join('')).toBe(ADDRESS);
  await expect(app.frame()).toMatchFileSnapshot('frames/accept.txt');
});

test('nodes: shows the address of the node that is chosen', async () => {
  const session = busySession();
  session.tell(3_000, ready('2222222222222222', 1, 'p2pd1second'));
  session.tell(3_100, {
    event: 'nickname',
    node: '2222222222222222',
    name: 'alice',
    state: 'held',
    full: 'alice.peer',
    servers: [],
    expires: null,
    reason: null,
  });
  app = renderApp(session);
  app.type('n');
  await app.until('slot 0', 'slot 1', 'port 10002  alice.peer', ADDRESS.slice(0, 60));
  app.type('\x1b[B');
  await app.until('p2pd1second');
  await expect(app.frame()).toMatchFileSnapshot('frames/nodes.txt');
});

test('interfaces: shows kind, gateways, addresses of both families, and the world outside', async () => {
  const session = busySession();
  session.tell(3_000, world());
  app = renderApp(session);
  app.type('i');
  await app.until(
    'Intel Wi-Fi 6 AX200',
    'wireless',
    '192.0.2.1',
    'fe80::1',
    '2001:db8:21::21/64',
    '198.51.100.7/24',
    'outer 203.0.113.7',
    'mqtt.example.com:1883    listening  23 ms',
    'unreachable: no answer',
    'clock  −3.2 ± 1.1 ms',
  );
  await expect(app.frame()).toMatchFileSnapshot('frames/interfaces.txt');
});

test('interfaces: long addresses are whole, in a list where a table would cut them', async () => {
  const session = createFakeSession();
  const [nic] = INTERFACES;
  if (nic === undefined) throw new Error('no sample');
  const gateways = { 4: '192.0.2.1', 6: 'fe80::a2b5:49ff:fe3a:7c21' };
  const ip = '2001:db8:1234:5678:a2b5:49ff:fe3a:7c21';
  const addresses = nic.addresses.map((address) => (address.family === 6 ? { ...address, ip } : address));
  const name = 'Intel(R) Wi-Fi 6 AX200 160MHz';
  session.tell(1, { event: 'interfaces', interfaces: [{ ...nic, name, gateways, addresses }] });
  app = renderApp(session);
  app.type('i');
  await app.until(`${name} (wireless)`, `IPv6  gateway ${gateways[6]}`, `        ${ip}/64`);
  app.resize(LARGE);
  await app.until('interface  ', `${name}  wireless`, gateways[6], `${ip}/64`);
});

test('chat: names the real path and its round trip, and who said what', async () => {
  const session = busySession();
  app = renderApp(session);
  go(session, 'chat', 'p1');
  await app.until(
    'direct · local · IPv4 · tcp',
    '192.0.2.21:10001 → 192.0.2.33:41234',
    'rtt 0.4 ms',
    'encrypted',
  );
  await app.until(PEER_ID.slice(0, 8), 'you: hello', 'hello yourself');
  await expect(app.frame()).toMatchFileSnapshot('frames/chat.txt');
});

test('log: shows the newest lines with their levels', async () => {
  const session = busySession();
  session.tell(3_000, {
    event: 'refused',
    node: NODE_ID,
    remote: '203.0.113.66:5',
    reason: 'no preamble in 5 s',
  });
  session.tell(3_100, { event: 'log', level: 'warn', text: 'a warning' });
  app = renderApp(session);
  app.type('l');
  await app.until('info', 'refused 203.0.113.66:5: no preamble in 5 s', 'warn', 'a warning');
  await expect(app.frame()).toMatchFileSnapshot('frames/log.txt');
});

test('help: lists every key of the keymap', async () => {
  app = renderApp(createFakeSession());
  app.type('?');
  await app.until('Everywhere', 'Ctrl+C leave', 'Chat', 'Ctrl+D close', 'Ctrl+W erase a word');
  await expect(app.frame()).toMatchFileSnapshot('frames/help.txt');
});

test.each([SMALL, LARGE])(
  'every screen: stays below the height of a terminal of $columns×$rows',
  async (size) => {
    const session = busySession();
    app = renderApp(session, size);
    for (const screen of SCREENS) {
      go(session, screen, 'p1');
      await app.until(screen === 'home' ? '(4) Exit' : `p2pd-demo ${screen}`);
      expect(app.lines(), screen).toHaveLength(size.rows - 1);
      for (const line of app.lines()) expect(line.length, line).toBeLessThanOrEqual(size.columns);
    }
  },
);

test.each([
  { columns: 59, rows: 24 },
  { columns: 40, rows: 12 },
  { columns: 80, rows: 14 },
])('every screen: says in one line that $columns×$rows is too small', async (size) => {
  app = renderApp(createFakeSession(), size);
  await app.until('terminal too small: needs 60x15');
  expect(app.lines()).toHaveLength(1);
});

test('a resize: clears the terminal and draws anew, there and back', async () => {
  const session = busySession();
  app = renderApp(session);
  app.resize(LARGE);
  await app.until('(4) Exit');
  await expect.poll(() => app.lines().length).toBe(LARGE.rows - 1);
  app.resize({ columns: 40, rows: 12 });
  await app.until('too small');
  app.resize(SMALL);
  await app.until('(4) Exit');
  await expect.poll(() => app.lines().length).toBe(SMALL.rows - 1);
  expect(app.clears()).toBe(3);
});

test('a locale without UTF-8: gets marks in ASCII', async () => {
  const session = busySession();
  app = renderApp(session, SMALL, false);
  await app.until('+ interfaces');
  for (const screen of SCREENS) {
    go(session, screen, 'p1');
    await app.until(screen === 'home' ? '(4) Exit' : `p2pd-demo ${screen}`);
    expect(app.frame(), screen).toMatch(/^[\x20-\x7e\n]*$/);
  }
});
