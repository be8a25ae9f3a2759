/** Nicknames in the TUI: checked while they are typed, registered, shown, and connected to. */
import { afterEach, expect, test } from 'vitest';
import type { NicknameEvent } from '../../src/app/events.ts';
import { createFakeSession, type FakeSession } from './fake-session.ts';
import { type RenderedApp, renderApp } from './render-app.ts';
import { NODE_ID, tellStartUp } from './sample-events.ts';

const ENTER = '\r';
let app: RenderedApp;
afterEach(() => app.unmount());

function started(options?: Parameters<typeof createFakeSession>[0]): FakeSession {
  const session = createFakeSession(options);
  tellStartUp(session);
  return session;
}

function nickname(more: Partial<NicknameEvent> = {}): NicknameEvent {
  return {
    event: 'nickname',
    node: NODE_ID,
    name: 'alice',
    state: 'held',
    full: 'alice.peer',
    servers: [
      { host: '198.51.100.10', outcome: 'has it' },
      { host: 'names.example.org', outcome: 'has it' },
    ],
    expires: 1_800_000_000,
    reason: null,
    ...more,
  };
}

test('3 leads to the nickname: what cannot be one is told at once, Enter registers what can', async () => {
  const session = started();
  app = renderApp(session);
  app.type('3');
  await app.until('p2pd-demo nickname', 'small letters, digits');
  app.type('Alice');
  await app.until('"A" cannot be in a nickname: small letters only');
  app.type(ENTER);
  app.type('\x15alice');
  await app.until('Enter registers it');
  app.type(ENTER);
  expect(session.calls.filter(({ call }) => call === 'register')).toEqual([
    { call: 'register', nickname: 'alice' },
  ]);
  session.tell(100, nickname({ state: 'asking', full: null, servers: [], expires: null }));
  await app.until('asking for alice');
  session.tell(200, nickname());
  await app.until(
    'alice.peer',
    'npx p2pd-demo connect alice.peer',
    'held until 2027-01-15',
    '198.51.100.10: has it',
  );
  await expect(app.frame()).toMatchFileSnapshot('frames/nickname.txt');
});

test('taken, refused, limit, silent: each is told with its server', async () => {
  const session = started();
  app = renderApp(session);
  app.type('3');
  session.tell(
    100,
    nickname({
      state: 'failed',
      full: null,
      expires: null,
      reason: 'the nickname "alice" is taken: another key holds it',
      servers: [
        { host: '198.51.100.10', outcome: 'somebody else has it' },
        { host: 'names.example.org', outcome: 'silent: no answer' },
      ],
    }),
  );
  await app.until(
    '✖ the nickname "alice" is taken',
    '198.51.100.10: somebody else has it',
    'silent: no answer',
  );
});

test('accept shows the command with the nickname once it is held', async () => {
  const session = started();
  app = renderApp(session);
  app.type('1');
  await app.until('p2pd-demo accept');
  session.tell(100, nickname());
  await app.until('npx p2pd-demo connect alice.peer');
});

test('connect by nickname: looked up first, then connected to', async () => {
  const session = started({ found: { address: 'p2pd1found' } });
  app = renderApp(session);
  app.type(`0alice.peer${ENTER}`);
  await app.until('connecting');
  expect(session.calls.filter(({ call }) => call === 'lookUp' || call === 'connect')).toMatchObject([
    { call: 'lookUp', nickname: 'alice.peer', acceptNewKey: false },
    { call: 'connect', choice: { peer: 'p2pd1found' } },
  ]);
});

test('a changed key stops there; Enter a second time accepts it', async () => {
  const session = started({ found: 'changed' });
  app = renderApp(session);
  app.type(`0alice${ENTER}`);
  await app.until('another key: Enter again');
  expect(session.calls.some(({ call }) => call === 'connect')).toBe(false);
  app.type(ENTER);
  await app.until('connecting');
  expect(session.calls.filter(({ call }) => call === 'lookUp')).toMatchObject([
    { acceptNewKey: false },
    { acceptNewKey: true },
  ]);
});
