/**
 * One Binding request and its answer (RFC 8489 §6.2). Machine: no socket, no clock.
 *
 *   asking ──tick──► send again (UDP: after 100 ms, doubling; TCP: never) ──► asking
 *     ├──message: a response from where it was sent, with its id──► answered
 *     └──message: an error or nothing of use · failed · the deadline──► failed
 *
 * Anything else that comes in, above all from another address, changes nothing.
 */
import { STUN_RTO } from '../timing.ts';
import { type Endpoint, formatEndpoint } from '../wire/endpoint.ts';
import { familyOf, reachOf } from '../wire/ip.ts';
import type { StunMessage } from './message.ts';

export type Transport = 'udp' | 'tcp';

export interface StunAnswer {
  /** How the server sees us. */
  readonly mapped: Endpoint;
  readonly otherAddress: Endpoint | null;
  readonly responseOrigin: Endpoint | null;
  /**
   * ms. Where the request was sent more than once nobody can say which copy was answered (Karn); then
   * it counts from the first, an upper bound.
   */
  readonly rtt: number;
}

export interface TransactionState {
  readonly transport: Transport;
  readonly server: Endpoint;
  readonly transactionId: Uint8Array;
  /** When it is given up, monotonic ms. */
  readonly deadline: number;
  /** Of the first copy; null before it. */
  readonly sentAt: number | null;
  readonly copies: number;
  /** When the next `tick` is due. */
  readonly wakeAt: number;
  readonly over: boolean;
}

export type TransactionInput =
  | { readonly kind: 'tick' }
  | { readonly kind: 'message'; readonly message: StunMessage; readonly from: Endpoint }
  | { readonly kind: 'failed'; readonly reason: string };

export type TransactionEffect =
  | { readonly kind: 'send' }
  | { readonly kind: 'answered'; readonly answer: StunAnswer }
  | { readonly kind: 'failed'; readonly reason: string };

export interface TransactionStep {
  readonly state: TransactionState;
  readonly effects: readonly TransactionEffect[];
}

export function createTransaction(
  question: Pick<TransactionState, 'transport' | 'server' | 'transactionId' | 'deadline'>,
  now: number,
): TransactionState {
  return { ...question, sentAt: null, copies: 0, wakeAt: now, over: false };
}

export function stepTransaction(
  state: TransactionState,
  input: TransactionInput,
  now: number,
): TransactionStep {
  if (state.over) return { state, effects: [] };
  switch (input.kind) {
    case 'tick':
      return now >= state.deadline ? fail(state, 'no answer') : send(state, now);
    case 'message':
      return accept(state, input.message, input.from, now);
    case 'failed':
      return fail(state, input.reason);
  }
}

function send(state: TransactionState, now: number): TransactionStep {
  if (now < state.wakeAt) return { state, effects: [] };
  const next =
    state.transport === 'tcp' ? state.deadline : Math.min(now + STUN_RTO * 2 ** state.copies, state.deadline);
  const sent = { ...state, sentAt: state.sentAt ?? now, copies: state.copies + 1, wakeAt: next };
  return { state: sent, effects: [{ kind: 'send' }] };
}

function accept(state: TransactionState, message: StunMessage, from: Endpoint, now: number): TransactionStep {
  const { kind, mapped, otherAddress, responseOrigin, errorCode, unknownRequired } = message;
  const isAnswer = kind === 'response' || kind === 'error';
  if (state.sentAt === null || !isAnswer || !isOurs(state, message, from)) return { state, effects: [] };
  if (kind === 'error') return fail(state, `error ${errorCode ?? 'without a code'}`);
  // RFC 8489 §6.3.3: an answer that we cannot understand whole is a failure, not silence.
  if (unknownRequired.length > 0) return fail(state, 'answer not understood');
  if (mapped === null) return fail(state, 'answer without an address');
  if (!isPossible(mapped, state.server)) return fail(state, 'impossible address');
  const answer = { mapped, otherAddress, responseOrigin, rtt: now - state.sentAt };
  return { state: { ...state, over: true }, effects: [{ kind: 'answered', answer }] };
}

/** Whether it has our id and comes from exactly where we asked. */
function isOurs(state: TransactionState, { transactionId }: StunMessage, from: Endpoint): boolean {
  return (
    formatEndpoint(from) === formatEndpoint(state.server) &&
    state.transactionId.every((byte, at) => byte === transactionId[at])
  );
}

/** What a server can see: nobody arrives there from a loopback address, unless it has one itself. */
export function isPossible(mapped: Endpoint, server: Endpoint): boolean {
  if (familyOf(mapped.ip) !== familyOf(server.ip)) return false;
  const reach = reachOf(mapped.ip);
  if (reach === 'loopback') return reachOf(server.ip) === 'loopback';
  return reach === 'global' || reach === 'private' || reach === 'unique-local';
}

function fail(state: TransactionState, reason: string): TransactionStep {
  return { state: { ...state, over: true }, effects: [{ kind: 'failed', reason }] };
}
