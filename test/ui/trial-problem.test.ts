/** A trial on the screen, and what fails meanwhile or failed before. */
import { afterEach, expect, test } from 'vitest';
import { createFakeSession } from './fake-session.ts';
import { type RenderedApp, renderApp } from './render-app.ts';
import { ready } from './sample-events.ts';

let app: RenderedApp;
afterEach(() => app.unmount());

const failed = (message: string) =>
  ({ event: 'error', code: 'NO_PATH', message, hint: 'look at the cable' }) as const;

test('trial: what failed elsewhere neither begins it nor hides it', async () => {
  const session = createFakeSession();
  const { emit } = session.store;
  emit(ready());
  app = renderApp(session, { columns: 80, rows: 24 });
  await app.until('trial');
  emit(failed('no way to bob'));
  await app.until('no way to bob');
  app.type('t');
  await app.until('with ', 'It takes a minute or two');
  expect(app.frame()).not.toContain('no way to bob');
  app.type('p2pd1x');
  app.type('\r');
  await app.until('starting a node for the trial');
  emit({ event: 'trial', phase: 'meeting', role: 'a', peer: 'ab'.repeat(16) });
  await app.until('looking for a pipe');
  emit(failed('a pipe is lost'));
  await app.until('a pipe is lost', 'look at the cable', 'looking for a pipe');
});
