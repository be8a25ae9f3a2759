import { describe, expect, test } from 'vitest';
import type { Stamped } from '../../src/app/events.ts';
import { reduce } from '../../src/app/reduce.ts';
import {
  chatPipes,
  endsLine,
  formatMs,
  incomingPipes,
  interfaceRows,
  messageText,
  openPipes,
  outsideLines,
  pathLine,
  reasonOfPipe,
  runningNodes,
  selectPipe,
  selectWorld,
  shortId,
  wayOf,
} from '../../src/app/select.ts';
import { INITIAL_STATE, type PipeState, type State } from '../../src/app/state.ts';
import { attempt, INTERFACES, NODE_ID, open, PEER_ID, ready, world } from '../ui/sample-events.ts';

function stateAfter(...events: readonly Stamped[]): State {
  return events.reduce(reduce, INITIAL_STATE);
}

function pipeAfter(...events: readonly Stamped[]): PipeState {
  const [pipe] = stateAfter(...events).pipes;
  if (pipe === undefined) throw new Error('no pipe');
  return pipe;
}

const OPEN = { ...open(), at: 20 };

describe('select', () => {
  test.each([
    [0.44, '0.4 ms'],
    [9.96, '10 ms'],
    [12.4, '12 ms'],
    [999, '999 ms'],
    [1_234, '1.2 s'],
    [125_000, '2 min 5 s'],
  ])('formatMs: %d ms reads %s', (ms, text) => {
    expect(formatMs(ms)).toBe(text);
  });

  test('shortId: is long enough to tell peers apart', () => {
    expect(shortId(PEER_ID)).toBe('b7710e55');
  });

  test('wayOf: names method, pathway and family', () => {
    expect(wayOf(attempt({ path: 'external', family: 6 }))).toBe('direct · external · IPv6');
  });

  test('pathLine: names the real path, its round trip and that it is encrypted', () => {
    expect(pathLine(pipeAfter(OPEN))).toBe('direct · local · IPv4 · tcp · encrypted · rtt 0.4 ms');
    expect(pathLine(pipeAfter(OPEN), '-')).toBe('direct - local - IPv4 - tcp - encrypted - rtt 0.4 ms');
  });

  test('endsLine: names both ends', () => {
    expect(endsLine(pipeAfter(OPEN))).toBe('192.0.2.21:10001 → 192.0.2.33:41234');
  });

  test('pathLine: is empty before a pipe has a path', () => {
    expect(pathLine(pipeAfter({ event: 'connect', pipe: 'p1', node: NODE_ID, peer: 'x', at: 1 }))).toBe('');
  });

  test('lists of pipes: open ones, those that came in newest first, those with a conversation', () => {
    const { pipes } = stateAfter(
      { event: 'connect', pipe: 'p0', node: NODE_ID, peer: 'x', at: 1 },
      OPEN,
      { ...open({ pipe: 'p2', initiator: false }), at: 21 },
      { ...open({ pipe: 'p3', initiator: false }), at: 22 },
      { event: 'closed', pipe: 'p2', reason: 'left', at: 23 },
    );
    expect(openPipes(pipes).map(({ id }) => id)).toEqual(['p1', 'p3']);
    expect(incomingPipes(pipes).map(({ id }) => id)).toEqual(['p3', 'p2']);
    expect(chatPipes(pipes).map(({ id }) => id)).toEqual(['p1', 'p2', 'p3']);
  });

  test('selectPipe: gives the pipe in front, null where there is none', () => {
    const go = { event: 'ui', action: 'go', screen: 'chat', at: 30 } as const;
    expect(selectPipe(stateAfter(OPEN, { ...go, pipe: 'p1' }))?.id).toBe('p1');
    expect(selectPipe(stateAfter(OPEN, { ...go, pipe: 'gone' }))).toBe(null);
  });

  test('runningNodes: leaves out those that have stopped', () => {
    const { nodes } = stateAfter(
      { ...ready(), at: 1 },
      { ...ready('22', 1), at: 2 },
      { event: 'stopped', nodeId: NODE_ID, at: 3 },
    );
    expect(runningNodes(nodes).map(({ nodeId }) => nodeId)).toEqual(['22']);
  });

  test('messageText, reasonOfPipe: make visible what a peer wrote', () => {
    expect(messageText('\x1b[2J')).toBe('\\x1b[2J');
    expect(reasonOfPipe(pipeAfter(OPEN, { event: 'closed', pipe: 'p1', reason: 'by\u202ee', at: 21 }))).toBe(
      'by\\u{202e}e',
    );
  });

  test('interfaceRows: one row per address, with the gateway on the first of its family', () => {
    expect(interfaceRows(INTERFACES).map((row) => Object.values(row).join('|'))).toEqual([
      'Intel Wi-Fi 6 AX200|wireless|IPv4|192.0.2.1|192.0.2.21/24|-',
      '||IPv6|fe80::1|2001:db8:21::21/64|-',
      '||||fe80::21%wlan0/64|-',
      'eth0|ethernet|IPv4|-|198.51.100.7/24|-',
    ]);
  });

  test('interfaceRows: outer addresses stand beside the inner ones that they belong to, each once', () => {
    const { outer } = world();
    const [first] = outer;
    if (first === undefined) throw new Error('no sample');
    const facts = [...outer, { ...first, transport: 'tcp' as const }, { ...first, outer: '203.0.113.8' }];
    expect(interfaceRows(INTERFACES, facts).map((row) => row.outer)).toEqual([
      '203.0.113.7 203.0.113.8',
      '2001:db8:21::21',
      '-',
      '-',
    ]);
  });

  test('selectWorld: of the first node that runs; before any is ready, of the one that starts', () => {
    expect(selectWorld(INITIAL_STATE)).toBe(null);
    const starting = stateAfter({ ...world({ offline: true }), at: 1 });
    expect(selectWorld(starting)?.offline).toBe(true);
    const second = stateAfter(
      { ...ready(), at: 1 },
      { ...world(), at: 2 },
      { ...ready('22', 1), at: 3 },
      { ...world({ node: '22', offline: true }), at: 4 },
    );
    expect(selectWorld(second)?.offline).toBe(false);
    expect(selectWorld(reduce(second, { event: 'stopped', nodeId: NODE_ID, at: 5 }))?.offline).toBe(true);
  });

  test('outsideLines: brokers with state and round trip, then the clock', () => {
    expect(outsideLines(world())).toEqual([
      'mqtt   mqtt.example.com:1883    listening  23 ms',
      'mqtt   broker.example.net:8883  listening',
      'mqtt   198.51.100.10:1883       unreachable: no answer',
      'clock  −3.2 ± 1.1 ms, 4 servers agree',
    ]);
    expect(outsideLines(world({ brokers: [], clock: null }))).toEqual([
      'clock  not compared with any server',
    ]);
  });

  test('outsideLines: what a broker says is made visible', () => {
    const [broker] = world().brokers;
    if (broker === undefined) throw new Error('no sample');
    const odd = { ...broker, state: 'lost', reason: 'go\x1b[2J' } as const;
    expect(outsideLines(world({ brokers: [odd] }))[0]).toContain('unreachable: go\\x1b[2J');
  });
});
