/** Trials in the TUI: begun, watched, stopped, reported. */
import { afterEach, expect, test } from 'vitest';
import type { TrialDocument } from '../../src/app/trial/document.ts';
import { sampleTrial } from '../helpers/sample-trial.ts';
import { createFakeSession, type FakeSession } from './fake-session.ts';
import { type RenderedApp, renderApp } from './render-app.ts';
import { ADDRESS, tellStartUp } from './sample-events.ts';

const ENTER = '\r';
const ESCAPE = '\x1b';
const PEER = 'd04b8e7712fa3c59be6011a2c7f4985e';
let app: RenderedApp;
afterEach(() => app.unmount());

function started(): FakeSession {
  const session = createFakeSession();
  tellStartUp(session);
  return session;
}

const places = (document: TrialDocument) =>
  document.cells.map(({ runs: _, surprise: __, ...cell }) => ({
    ...cell,
    wanted: cell.predicted === 'no' ? 1 : 5,
  }));

/** In the middle of a trial: every cell but the last two has two runs, one is being run. */
function running(session: FakeSession): TrialDocument {
  const document = sampleTrial();
  session.tell(1_000, { event: 'trial', phase: 'running', role: 'a', peer: PEER, cells: places(document) });
  for (const [cell, { runs }] of document.cells.slice(0, -2).entries())
    for (const run of runs.slice(0, 2)) session.tell(2_000, { event: 'trial-run', cell, run, left: 42_000 });
  session.tell(2_100, { event: 'trial-run', cell: 8, run: null, left: 41_000 });
  return document;
}

test('t leads to the trial: an address starts one, the whole command as well, nothing waits for one', async () => {
  const session = started();
  app = renderApp(session);
  for (const [typed, peer] of [
    [ADDRESS, ADDRESS],
    [`npx p2pd-demo trial ${ADDRESS}`, ADDRESS],
    ['alice', 'alice'],
    ['', null],
  ] as const) {
    session.store.emit({ event: 'ui', action: 'go', screen: 'trial-form' });
    await app.until('One side waits');
    if (typed !== '') app.type(typed);
    app.type(ENTER);
    await app.until('starting a node for the trial');
    expect(session.calls.at(-1)).toEqual({ call: 'trial', peer });
  }
});

test('who waits is shown the command for the other side, and c copies it', async () => {
  const session = started();
  app = renderApp(session);
  session.store.emit({ event: 'ui', action: 'go', screen: 'trial' });
  session.tell(1_000, { event: 'trial', phase: 'waiting', role: 'b', address: ADDRESS });
  await app.until('waiting for the other side to start it', 'npx p2pd-demo trial p2pd1');
  app.type('c');
  await app.until('asked the terminal to copy the command');
  expect(app.copied).toEqual([`npx p2pd-demo trial ${ADDRESS}`]);
});

test.each([
  { columns: 80, rows: 24 },
  { columns: 120, rows: 40 },
])(
  'a trial under way at $columns × $rows: how far it is, the last run, every cell in its column',
  async (size) => {
    const session = started();
    app = renderApp(session, size);
    session.store.emit({ event: 'ui', action: 'go', screen: 'trial' });
    running(session);
    await app.until('10 of 26', 'about 41 s left');
    await expect(app.frame()).toMatchFileSnapshot(`frames/trial-running-${size.columns}.txt`);
    expect(app.lines().length).toBeLessThanOrEqual(size.rows);
    for (const line of app.lines()) expect(line.length).toBeLessThanOrEqual(size.columns);
    app.type('x');
    app.type(ESCAPE);
    await app.until('Connect to a node');
    expect(session.calls.at(-1)).toEqual({ call: 'stopTrial' });
  },
);

test.each([
  { columns: 80, rows: 24 },
  { columns: 120, rows: 40 },
])(
  'its report at $columns × $rows: the verdict first; w writes it, c copies it, n begins anew',
  async (size) => {
    const session = started();
    app = renderApp(session, size);
    session.store.emit({ event: 'ui', action: 'go', screen: 'trial' });
    const document = running(session);
    session.tell(9_000, { event: 'trial', phase: 'done', role: 'a', document });
    await app.until('done with', 'These two machines');
    await expect(app.frame()).toMatchFileSnapshot(`frames/trial-${size.columns}.txt`);
    app.type('w');
    app.type('c');
    await app.until('asked the terminal to copy the report as Markdown');
    expect(session.calls.at(-1)).toEqual({ call: 'saveTrial' });
    expect(app.copied[0]).toMatch(/^## Two-machine trial/);
    app.type('n');
    await app.until('One side waits');
  },
);

test('one that was stopped before anything was tried says so, and one that ended early says why', async () => {
  const session = started();
  app = renderApp(session);
  session.store.emit({ event: 'ui', action: 'go', screen: 'trial' });
  session.tell(1, { event: 'trial', phase: 'failed', role: 'b', reason: 'it was stopped' });
  await app.until('it was stopped');
  const document = sampleTrial({ complete: false, incomplete: 'the other side is gone' });
  session.tell(2, { event: 'trial', phase: 'done', role: 'a', document, reason: 'the other side is gone' });
  await app.until('ended early: the other side is gone');
});
