import { describe, expect, test } from 'vitest';
import type { AppEvent, Stamped } from '../../src/app/events.ts';
import { reduce } from '../../src/app/reduce.ts';
import {
  INITIAL_STATE,
  MAX_ATTEMPTS,
  MAX_LOG,
  MAX_MESSAGE_TEXT,
  MAX_MESSAGES,
  MAX_PIPES,
  type State,
} from '../../src/app/state.ts';
import { ADDRESS, attempt, INTERFACES, message, NODE_ID, open, PEER_ID, ready } from '../ui/sample-events.ts';

/** Folds events that come a millisecond apart. */
function fold(events: readonly AppEvent[], from: State = INITIAL_STATE): State {
  return events.reduce<State>((state, event, i) => reduce(state, { ...event, at: i + 1 } as Stamped), from);
}

function at(time: number, event: AppEvent): Stamped {
  return { ...event, at: time } as Stamped;
}

const connect: AppEvent = { event: 'connect', pipe: 'p1', node: NODE_ID, peer: ADDRESS };
const closed = (pipe: string): AppEvent => ({ event: 'closed', pipe, reason: 'finished' });
const go = (screen: 'home' | 'chat' | 'connect', pipe?: string | null): AppEvent => ({
  event: 'ui',
  action: 'go',
  screen,
  ...(pipe === undefined ? {} : { pipe }),
});

describe('reduce: start-up', () => {
  test('step: has no time while it runs, then the time that it took', () => {
    const running = fold([{ event: 'step', name: 'listen', state: 'start' }]);
    expect(running.steps).toEqual([
      { name: 'listen', state: 'start', detail: '', startedAt: 1, elapsed: null },
    ]);
    const done = reduce(running, at(31, { event: 'step', name: 'listen', state: 'ok', detail: 'port 1' }));
    expect(done.steps).toEqual([
      { name: 'listen', state: 'ok', detail: 'port 1', startedAt: 1, elapsed: 30 },
    ]);
  });

  test('step: keeps the order of the starts, and one line for a step that runs again', () => {
    const { steps } = fold([
      { event: 'step', name: 'interfaces', state: 'start' },
      { event: 'step', name: 'identity', state: 'start' },
      { event: 'step', name: 'interfaces', state: 'failed', detail: 'none' },
      { event: 'step', name: 'interfaces', state: 'start' },
    ]);
    expect(steps.map(({ name, state, startedAt }) => [name, state, startedAt])).toEqual([
      ['interfaces', 'start', 4],
      ['identity', 'start', 2],
    ]);
  });

  test('step: one that was never said to start took no time', () => {
    const { steps } = fold([{ event: 'step', name: 'identity', state: 'ok' }]);
    expect(steps).toMatchObject([{ elapsed: 0, detail: '' }]);
  });

  test('ready: adds a node, and renews one that is known; stopped: it runs no longer', () => {
    const state = fold([ready(), ready('22', 1), ready(NODE_ID, 0, 'p2pd1newer')]);
    expect(state.nodes.map(({ nodeId, address, running }) => [nodeId, address, running])).toEqual([
      [NODE_ID, 'p2pd1newer', true],
      ['22', ADDRESS, true],
    ]);
    const stopped = fold([{ event: 'stopped', nodeId: '22' }], state);
    expect(stopped.nodes.map(({ running }) => running)).toEqual([true, false]);
  });

  test('interfaces, load: the newest count', () => {
    const state = fold([
      { event: 'load', cpu: 1, memoryUsed: 1, load1: 1 },
      { event: 'interfaces', interfaces: [] },
      { event: 'load', cpu: 0.5, memoryUsed: 0.25, load1: 0.1 },
      { event: 'interfaces', interfaces: INTERFACES },
    ]);
    expect(state.load).toEqual({ cpu: 0.5, memoryUsed: 0.25, load1: 0.1 });
    expect(state.interfaces).toBe(INTERFACES);
  });
});

describe('reduce: pipes', () => {
  test('connect: a pipe to come, of which nothing is known but what the user gave', () => {
    expect(fold([connect]).pipes).toEqual([
      {
        id: 'p1',
        node: NODE_ID,
        initiator: true,
        state: 'connecting',
        target: ADDRESS,
        peer: null,
        peerNat: null,
        path: null,
        startedAt: 1,
        elapsed: null,
        rtt: null,
        signal: null,
        attempts: [],
        messages: [],
        unread: 0,
        reason: null,
        stranded: null,
      },
    ]);
  });

  test('connect: forgets the fault before it', () => {
    const faulty = fold([{ event: 'error', code: 'NO_PATH', message: 'm', hint: 'h' }]);
    expect(faulty.error).toEqual({ message: 'm', hint: 'h' });
    expect(fold([connect], faulty).error).toBe(null);
  });

  test('attempt: starts, then has its outcome in the same place', () => {
    const [pipe] = fold([
      connect,
      attempt({ id: 'a1' }),
      attempt({ id: 'a2' }),
      attempt({ id: 'a1', state: 'failed', elapsed: 7, reason: 'refused' }),
      attempt({ id: 'a2', state: 'open', elapsed: 9 }),
    ]).pipes;
    expect(pipe?.attempts).toMatchObject([
      { id: 'a1', state: 'failed', startedAt: 2, elapsed: 7, reason: 'refused' },
      { id: 'a2', state: 'open', startedAt: 3, elapsed: 9, reason: null },
    ]);
  });

  test('attempt: one whose start was missed began before its outcome', () => {
    const state = reduce(fold([connect]), at(100, attempt({ state: 'failed', elapsed: 40 })));
    expect(state.pipes[0]?.attempts).toMatchObject([{ startedAt: 60, elapsed: 40 }]);
  });

  test('open: the pipe has its path, its proven peer and its round trip', () => {
    const [pipe] = fold([connect, open()]).pipes;
    expect(pipe).toMatchObject({
      state: 'open',
      peer: PEER_ID,
      elapsed: 12,
      rtt: 0.4,
      target: ADDRESS,
      path: { method: 'direct', path: 'local', family: 4, transport: 'tcp' },
    });
  });

  test('open: a pipe that nobody here asked for came in', () => {
    const state = reduce(INITIAL_STATE, at(100, open({ initiator: false })));
    expect(state.pipes).toMatchObject([{ initiator: false, target: null, startedAt: 88, state: 'open' }]);
  });

  test('rtt, closed: change their pipe and no other', () => {
    const two = fold([open(), open({ pipe: 'p2' })]);
    const state = fold([{ event: 'rtt', pipe: 'p2', rtt: 5 }, closed('p2')], two);
    expect(state.pipes[0]).toBe(two.pipes[0]);
    expect(state.pipes[1]).toMatchObject({ rtt: 5, state: 'closed', reason: 'finished' });
  });

  test.each<AppEvent>([message('in', 'x'), closed('p1'), { event: 'rtt', pipe: 'p1', rtt: 1 }])(
    'an event about a pipe that is not known changes nothing: $event',
    (event) => {
      expect(fold([event])).toBe(INITIAL_STATE);
    },
  );

  test('error: fails the pipe that it is about, with what to try, and is logged', () => {
    const fault: AppEvent = { event: 'error', code: 'NO_PATH', message: 'no way', hint: 'walk', pipe: 'p1' };
    const state = fold([connect, fault]);
    expect(state.pipes).toMatchObject([{ state: 'failed', reason: 'no way; walk' }]);
    expect(state.error).toBe(null);
    expect(state.log).toMatchObject([{ level: 'error', text: 'no way; walk' }]);
  });

  test('error: an open pipe stays open', () => {
    const fault: AppEvent = { event: 'error', code: 'MESSAGE_TOO_LONG', message: 'm', hint: '', pipe: 'p1' };
    expect(fold([open(), fault]).pipes).toMatchObject([{ state: 'open' }]);
  });

  test('error: one that is about no pipe stands by itself, until the form is typed in anew', () => {
    const fault: AppEvent = { event: 'error', code: 'ADDRESS_DAMAGED', message: 'm', hint: 'h' };
    const state = fold([open(), fault]);
    expect(state.error).toEqual({ message: 'm', hint: 'h' });
    expect(state.pipes).toMatchObject([{ state: 'open', reason: null }]);
    expect(fold([go('home')], state).error).not.toBe(null);
    expect(fold([{ event: 'ui', action: 'draft', draft: { peer: 'x' } }], state).error).toBe(null);
  });
});

describe('reduce: log', () => {
  test('log, refused, bench: one line each, with level and time', () => {
    const { log } = fold([
      { event: 'log', level: 'warn', text: 'w' },
      { event: 'refused', node: NODE_ID, remote: '203.0.113.9:1', reason: 'no preamble' },
      { event: 'bench', pipe: 'p1', bytes: 1, sendMbps: 2, receiveMbps: 3, rtt: 4 },
    ]);
    expect(log).toEqual([
      { at: 1, level: 'warn', text: 'w' },
      { at: 2, level: 'info', text: 'refused 203.0.113.9:1: no preamble' },
      { at: 3, level: 'info', text: 'bench 2 Mbit/s out, 3 in' },
    ]);
  });
});

describe('reduce: bounds', () => {
  test('log: the last 500 lines are kept', () => {
    const { log } = fold(
      Array.from(
        { length: MAX_LOG + 20 },
        (_, i): AppEvent => ({ event: 'log', level: 'info', text: `${i}` }),
      ),
    );
    expect(MAX_LOG).toBe(500);
    expect(log.map(({ text }) => text)).toEqual(Array.from({ length: MAX_LOG }, (_, i) => `${i + 20}`));
  });

  test('messages: the last 1,000 of a pipe are kept', () => {
    const many = Array.from({ length: MAX_MESSAGES + 7 }, (_, i) => message('in', `${i}`));
    const [pipe] = fold([open(), ...many]).pipes;
    expect(MAX_MESSAGES).toBe(1_000);
    expect(pipe?.messages).toHaveLength(MAX_MESSAGES);
    expect(pipe?.messages[0]?.text).toBe('7');
    expect(pipe?.unread).toBe(MAX_MESSAGES + 7);
  });

  test('message: of one of 16 MiB only what a screen can show is kept', () => {
    const [pipe] = fold([open(), message('in', 'x'.repeat(16 * 1024 * 1024))]).pipes;
    expect(pipe?.messages[0]?.text).toHaveLength(MAX_MESSAGE_TEXT);
  });

  test('attempts: the last 100 of a pipe are kept', () => {
    const many = Array.from({ length: MAX_ATTEMPTS + 5 }, (_, i) => attempt({ id: `a${i}` }));
    const [pipe] = fold([connect, ...many]).pipes;
    expect(MAX_ATTEMPTS).toBe(100);
    expect(pipe?.attempts.map(({ id }) => id)).toEqual(
      Array.from({ length: MAX_ATTEMPTS }, (_, i) => `a${i + 5}`),
    );
  });

  test('pipes: 200 are kept, and closed and failed ones leave first, oldest first', () => {
    const opened = Array.from({ length: MAX_PIPES }, (_, i) => open({ pipe: `p${i}` }));
    const fault: AppEvent = { event: 'error', code: 'NO_PATH', message: '', hint: '', pipe: 'late' };
    const full = fold([...opened.slice(1), { ...connect, pipe: 'late' }, fault, closed('p150')]);
    expect(MAX_PIPES).toBe(200);
    expect(full.pipes).toHaveLength(MAX_PIPES);
    const one = fold([open({ pipe: 'x1' })], full);
    expect(one.pipes).toHaveLength(MAX_PIPES);
    expect(one.pipes.some(({ id }) => id === 'p150')).toBe(false);
    const two = fold([open({ pipe: 'x2' })], one);
    expect(two.pipes.some(({ id }) => id === 'late')).toBe(false);
    expect(two.pipes[0]?.id).toBe('p1');
    const three = fold([open({ pipe: 'x3' })], two);
    expect(three.pipes[0]?.id, 'all are open: the oldest leaves').toBe('p2');
    expect(three.pipes.at(-1)?.id).toBe('x3');
  });
});

describe('reduce: what the user looks at', () => {
  test('message: unread while its chat is not in front, read when it comes to the front', () => {
    const elsewhere = fold([open(), go('home'), message('in', 'a'), message('in', 'b'), message('out', 'c')]);
    expect(elsewhere.pipes).toMatchObject([{ unread: 2 }]);
    const inFront = fold([go('chat', 'p1'), message('in', 'd')], elsewhere);
    expect(inFront.pipes).toMatchObject([{ unread: 0 }]);
    const left = fold([go('home'), message('in', 'e')], inFront);
    expect(left.pipes).toMatchObject([{ unread: 1 }]);
  });

  test('message: is unread while another chat is in front', () => {
    const state = fold([open(), open({ pipe: 'p2' }), go('chat', 'p1'), message('in', 'a', 'p2')]);
    expect(state.pipes.map(({ unread }) => unread)).toEqual([0, 1]);
  });

  test('open: the chat opens by itself for the pipe that was waited for', () => {
    const waiting = fold([connect, go('connect', 'p1')]);
    expect(fold([open()], waiting).ui).toMatchObject({ screen: 'chat', pipe: 'p1' });
  });

  test('open: the screen stays for any other pipe, and for a user who has gone elsewhere', () => {
    const waiting = fold([connect, go('connect', 'p1')]);
    expect(fold([open({ pipe: 'p2', initiator: false })], waiting).ui.screen).toBe('connect');
    expect(fold([go('home'), open()], waiting).ui.screen).toBe('home');
  });

  test('ui: a draft keeps the other fields, a notice goes with the next screen, the overlay too', () => {
    const state = fold([
      { event: 'ui', action: 'draft', draft: { peer: 'x' } },
      { event: 'ui', action: 'draft', draft: { paths: 'l' } },
      { event: 'ui', action: 'notice', notice: 'n' },
      { event: 'ui', action: 'overlay', overlay: 'help' },
    ]);
    expect(state.ui).toMatchObject({
      draft: { peer: 'x', methods: '', paths: 'l', families: '' },
      notice: 'n',
      overlay: 'help',
    });
    expect(fold([go('chat', 'p9')], state).ui).toMatchObject({ notice: null, overlay: null, pipe: 'p9' });
    expect(fold([go('chat', 'p9'), go('home')], state).ui.pipe).toBe('p9');
    expect(fold([go('chat', 'p9'), go('connect', null)], state).ui.pipe).toBe(null);
  });
});
