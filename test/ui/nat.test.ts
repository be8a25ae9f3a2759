/** The screens about NATs: the report as it fills in, the tables, and the matrix; at 80×24, small and wide. */
import { afterEach, expect, test } from 'vitest';
import type { Screen } from '../../src/app/ui-state.ts';
import { sampleNat } from '../helpers/sample-nat.ts';
import { createFakeSession, type FakeSession } from './fake-session.ts';
import { type RenderedApp, renderApp } from './render-app.ts';
import { ADDRESS, NODE_ID, tellStartUp } from './sample-events.ts';

let app: RenderedApp;
afterEach(() => app.unmount());

function on(screen: Screen): FakeSession {
  const session = createFakeSession();
  tellStartUp(session);
  session.store.emit({ event: 'ui', action: 'go', screen });
  return session;
}

function tellNat(session: FakeSession, done = true): void {
  session.tell(3_000, { event: 'nat', report: sampleNat(), done });
}

function asked(session: FakeSession): number {
  return session.calls.filter(({ call }) => call === 'loadNat').length;
}

test('nat: asks once it is opened, fills in live, and says what it means', async () => {
  const session = on('nat');
  app = renderApp(session);
  await app.until('asking STUN servers');
  await expect.poll(() => asked(session)).toBe(1);
  tellNat(session, false);
  await app.until('eth0 IPv4', 'asking STUN servers');
  tellNat(session);
  await app.until('what servers saw', '6 symmetric', 'independent, +2', 'its port must be', 'only a peer');
  await expect(app.frame()).toMatchFileSnapshot('frames/nat.txt');
});

test('nat: e opens the evidence and closes it, r asks again', async () => {
  const session = on('nat');
  tellNat(session);
  app = renderApp(session, { columns: 110, rows: 40 });
  await app.until('what servers saw');
  app.type('e');
  await app.until('Evidence over UDP', '203.0.113.7:40000, 41 ms', 'nothing came back');
  app.type('r');
  await expect.poll(() => asked(session)).toBe(1);
  app.type('e');
  await app.until('what servers saw');
  await expect.poll(() => app.frame()).not.toContain('Evidence over UDP');
});

test('nat: what went wrong is told until the user looks again', async () => {
  const session = on('nat');
  tellNat(session);
  app = renderApp(session);
  await app.until('what servers saw');
  session.tell(4_000, { event: 'error', code: 'NO_SERVICE', message: 'no server answered', hint: '' });
  await app.until('✖ no server answered', '6 symmetric');
  app.type('r');
  await app.until('what servers saw');
  expect(app.frame()).not.toContain('no server answered');
});

test('nat: UDP and TCP stay side by side, long addresses whole, in the smallest terminal too', async () => {
  const session = on('nat');
  const external = ['2001:db8:85a3:1234:5678:8a2e:370:7334', '203.0.113.9'];
  session.tell(3_000, { event: 'nat', report: sampleNat({ udp: { external } }), done: true });
  app = renderApp(session, { columns: 60, rows: 40 });
  await app.until('6 symmetric           unknown', 'endpoint-independent', '203.0.113.9');
  const seen = app.frame().replaceAll(/\s+/g, '');
  expect(seen).toContain('outeraddress2001:db8:85a3:1234:203.0.113.75678:8a2e:370:7334');
});

test('matrix: names and verdicts are readable without UTF-8 in the smallest terminal', async () => {
  const session = on('matrix');
  tellNat(session);
  app = renderApp(session, { columns: 60, rows: 15 }, false);
  await app.until('direct  rev.  TCP    UDP    relay', '>  open internet', 'TCP punch: yes');
});

test('nat tables: both tables, the own rows marked, and what it means', async () => {
  const session = on('nat-tables');
  app = renderApp(session);
  await app.until('mappings reusable by', 'is not known yet');
  tellNat(session);
  await app.until('❯ 6 symmetric', '❯ 4 independent', 'Each mapping is a fixed step', 'random         any');
  await expect(app.frame()).toMatchFileSnapshot('frames/nat-tables.txt');
});

test("matrix: the own NAT against each other, the peer's row marked and chosen", async () => {
  const session = on('matrix');
  app = renderApp(session);
  await app.until('Your NAT: unknown (r finds it out)');
  tellNat(session);
  session.tell(4_000, {
    event: 'connect',
    pipe: 'p1',
    node: NODE_ID,
    peer: ADDRESS,
    peerNat: { type: 5, delta: 6 },
  });
  session.store.emit({ event: 'ui', action: 'go', screen: 'matrix' });
  await app.until(
    'Your NAT: symmetric, independent',
    '❯● restrict port, random',
    '● the peer',
    'TCP punch: yes',
  );
  await expect(app.frame()).toMatchFileSnapshot('frames/matrix.txt');
  app.type('\u001b[B');
  await app.until('❯  symmetric, equal');
});

test.each<readonly [Screen, string]>([
  ['nat', 'UDP'],
  ['nat-tables', 'open internet'],
  ['matrix', 'Your NAT'],
])('%s: can be used at 60×15', async (screen, word) => {
  const session = on(screen);
  tellNat(session);
  app = renderApp(session, { columns: 60, rows: 15 });
  await app.until(word);
  for (const line of app.frame().split('\n')) expect(line.length).toBeLessThanOrEqual(60);
  expect(app.frame().split('\n').length).toBeLessThanOrEqual(14);
});
