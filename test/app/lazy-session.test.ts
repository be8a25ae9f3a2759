import { expect, test } from 'vitest';
import { createLazySession } from '../../src/app/lazy-session.ts';
import type { ConnectChoice, Session } from '../../src/app/session.ts';
import { createAppStore } from '../../src/app/store.ts';
import { createFakeSession } from '../ui/fake-session.ts';

const choice: ConnectChoice = { peer: 'p2pd1x', methods: ['direct'], paths: ['local'], families: [4] };

function lazy(load: () => Promise<Session>) {
  const store = createAppStore(() => 0);
  return { store, session: createLazySession(store, load) };
}

test('lazy session: hands everything to the session that it has loaded', async () => {
  const live = createFakeSession();
  const { session } = lazy(async () => live);
  await session.start();
  await session.startNode();
  expect(session.connect(choice)).toBe('p1');
  session.say('p1', 'hello');
  session.watch('p1');
  session.close('p1');
  await session.stop();
  expect(live.calls).toEqual([
    { call: 'start' },
    { call: 'startNode' },
    { call: 'connect', choice },
    { call: 'say', pipe: 'p1', text: 'hello' },
    { call: 'watch', pipe: 'p1' },
    { call: 'close', pipe: 'p1' },
    { call: 'stop' },
  ]);
});

test('lazy session: says that it is too early for what is asked before it is loaded', async () => {
  const { session, store } = lazy(async () => createFakeSession());
  expect(session.connect(choice)).toBe(null);
  expect(store.getState().error).toEqual({
    message: 'no node is running yet',
    hint: 'wait until start-up is done',
  });
  await session.startNode();
  session.say('p1', 'x');
  session.watch(null);
  session.close('p1');
  expect(store.getState().log).toHaveLength(2);
});

test('lazy session: is not loaded before it starts', async () => {
  let loads = 0;
  const { session } = lazy(async () => {
    loads++;
    return createFakeSession();
  });
  expect(loads).toBe(0);
  await session.start();
  expect(loads).toBe(1);
});

test('lazy session: one that is stopped while it loads never starts', async () => {
  const live = createFakeSession();
  let loaded: (session: Session) => void = () => undefined;
  const { session } = lazy(() => new Promise((resolve) => (loaded = resolve)));
  const started = session.start();
  await session.stop();
  loaded(live);
  await started;
  expect(live.calls).toEqual([]);
});
