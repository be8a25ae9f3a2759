import { describe, expect, test } from 'vitest';
import { decodeStun, encodeBindingResponse, type StunMessage } from '../../../src/net/stun/message.ts';
import {
  createTransaction,
  stepTransaction,
  type TransactionEffect,
  type TransactionInput,
  type Transport,
} from '../../../src/net/stun/transaction.ts';

const ID = new Uint8Array(12).fill(5);
const SERVER = { ip: '198.51.100.10', port: 3478 };
const MAPPED = { ip: '203.0.113.9', port: 40_000 };

function answer(change: Partial<StunMessage> = {}): StunMessage {
  return { ...decodeStun(encodeBindingResponse(ID, { mapped: MAPPED })), ...change };
}

/** A transaction that is ticked when it wishes. */
function run({ transport = 'udp' as Transport, deadline = 1_500, server = SERVER } = {}) {
  let state = createTransaction({ transport, server, transactionId: ID, deadline }, 0);
  const log: [number, TransactionEffect['kind']][] = [];
  const step = (input: TransactionInput, now: number): readonly TransactionEffect[] => {
    const result = stepTransaction(state, input, now);
    state = result.state;
    log.push(...result.effects.map(({ kind }): [number, TransactionEffect['kind']] => [now, kind]));
    return result.effects;
  };
  const until = (time: number) => {
    while (!state.over && state.wakeAt <= time) step({ kind: 'tick' }, state.wakeAt);
  };
  const hear = (message: StunMessage, now: number, from = server) => {
    until(now);
    return step({ kind: 'message', message, from }, now);
  };
  return { log, step, until, hear, isOver: () => state.over };
}

describe('STUN transaction', () => {
  test('UDP: sends at 0, 100, 300 and 700 ms, gives up at its deadline', () => {
    const { log, until } = run();
    until(10_000);
    expect(log).toEqual([
      [0, 'send'],
      [100, 'send'],
      [300, 'send'],
      [700, 'send'],
      [1_500, 'failed'],
    ]);
  });

  test('TCP: sends once', () => {
    const { log, until } = run({ transport: 'tcp' });
    until(10_000);
    expect(log).toEqual([
      [0, 'send'],
      [1_500, 'failed'],
    ]);
  });

  test('a tick that comes early sends nothing', () => {
    const { log, step, until } = run();
    until(0);
    step({ kind: 'tick' }, 50);
    expect(log).toHaveLength(1);
  });

  test('an answer says how the server sees us and after how long', () => {
    const { hear, isOver } = run();
    expect(hear(answer(), 42)).toEqual([
      { kind: 'answered', answer: { mapped: MAPPED, otherAddress: null, responseOrigin: null, rtt: 42 } },
    ]);
    expect(isOver()).toBe(true);
  });

  test('after more than one copy the round trip counts from the first', () => {
    const { hear } = run();
    expect(hear(answer(), 120)).toMatchObject([{ answer: { rtt: 120 } }]);
  });

  test.each<[string, StunMessage, typeof SERVER]>([
    ['another id', answer({ transactionId: new Uint8Array(12).fill(6) }), SERVER],
    ['another port', answer(), { ...SERVER, port: 3479 }],
    ['another address', answer(), { ...SERVER, ip: '198.51.100.11' }],
    ['our own request, reflected', answer({ kind: 'request' }), SERVER],
    ['an indication', answer({ kind: 'indication' }), SERVER],
  ])('%s changes nothing, and the answer still counts', (_, message, from) => {
    const { hear } = run();
    expect(hear(message, 10, from)).toEqual([]);
    expect(hear(answer(), 20)).toMatchObject([{ kind: 'answered' }]);
  });

  test('before anything was sent nothing is an answer', () => {
    const { step } = run();
    expect(step({ kind: 'message', message: answer(), from: SERVER }, 0)).toEqual([]);
  });

  test.each<[string, Partial<StunMessage>, string]>([
    ['an error', { kind: 'error', mapped: null, errorCode: 500 }, 'error 500'],
    ['an error without a code', { kind: 'error', mapped: null }, 'error without a code'],
    ['what we do not understand', { unknownRequired: [0x7777] }, 'answer not understood'],
    ['no address', { mapped: null }, 'answer without an address'],
    ['an address of the other family', { mapped: { ip: '2001:db8::1', port: 1 } }, 'impossible address'],
    ['a loopback address', { mapped: { ip: '127.0.0.1', port: 1 } }, 'impossible address'],
    ['a link-local address', { mapped: { ip: '169.254.1.1', port: 1 } }, 'impossible address'],
    ['a multicast address', { mapped: { ip: '224.0.0.1', port: 1 } }, 'impossible address'],
  ])('an answer with %s is a failure', (_, change, reason) => {
    const { hear, isOver } = run();
    expect(hear(answer(change), 10)).toEqual([{ kind: 'failed', reason }]);
    expect(isOver()).toBe(true);
    expect(hear(answer(), 20)).toEqual([]);
  });

  test('a server on loopback may see a loopback address', () => {
    const { hear } = run({ server: { ip: '127.0.0.1', port: 3478 } });
    expect(hear(answer({ mapped: { ip: '127.0.0.1', port: 9 } }), 1)).toMatchObject([{ kind: 'answered' }]);
  });

  test('what the system says against it ends it at once', () => {
    const { step, until, log } = run();
    until(0);
    expect(step({ kind: 'failed', reason: 'ENETUNREACH' }, 1)).toEqual([
      { kind: 'failed', reason: 'ENETUNREACH' },
    ]);
    until(10_000);
    expect(log).toHaveLength(2);
  });
});
