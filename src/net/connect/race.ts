/**
 * The race of attempts for one pipe (happy eyeballs, RFC 8305 §5, carried through to an
 * authenticated peer, because a stranger may sit on a private address). Machine: no socket, no clock.
 *
 *   attempt: waiting ──dial──► dialling ──secured──► secured ──commit──► committed ──opened──► won
 *                                  └─────────────failed─────┴───────────────┘
 *
 * Besides those that the race dials there are attempts that go on by themselves: `join` tells of a
 * hope (the peer was asked to dial back), or of a connection that has come in.
 *
 * A relayed attempt that opens wins, but does not end the race: what opens later is its successor.
 *
 * Only one attempt at a time is committed, that is, sends our proof: so the peer never sees two
 * pipes for one wish. The others wait, take its place if it fails, and are dropped when it opens.
 */
import { ATTEMPT_DELAY } from '../timing.ts';

export type RaceInput =
  | { readonly kind: 'start' }
  /** Attempts of the caller's own numbers, from FIRST_JOINED on. */
  | { readonly kind: 'join'; readonly attempt: number }
  /** There are more to dial. */
  | { readonly kind: 'more'; readonly count: number }
  | { readonly kind: 'secured'; readonly attempt: number }
  | { readonly kind: 'opened'; readonly attempt: number }
  /** As `opened`, by a relay: the others go on, and the first of them to open takes its place. */
  | { readonly kind: 'relayed'; readonly attempt: number }
  | { readonly kind: 'failed'; readonly attempt: number }
  /** Nothing is committed until `resume`: the peer's own pipe may come. */
  | { readonly kind: 'hold' | 'resume' }
  | { readonly kind: 'tick' };

export type RaceEffect =
  | { readonly kind: 'dial' | 'commit' | 'drop' | 'won'; readonly attempt: number }
  /** Every attempt has failed. */
  | { readonly kind: 'lost' };

/** Numbers of attempts that the race does not dial; above any that it does. */
export const FIRST_JOINED = 1_000;

type Stage = 'dialling' | 'secured' | 'committed';

/** Attempts are numbered 0 to total − 1 in the order they are to be tried. */
export interface RaceState {
  readonly total: number;
  /** The next attempt to dial. */
  readonly next: number;
  readonly running: ReadonlyMap<number, Stage>;
  /** When the next attempt is due, monotonic ms; Infinity when none is. */
  readonly wakeAt: number;
  readonly held: boolean;
  readonly over: boolean;
}

export interface RaceStep {
  readonly state: RaceState;
  readonly effects: readonly RaceEffect[];
}

export function createRace(total: number): RaceState {
  return { total, next: 0, running: new Map(), wakeAt: Number.POSITIVE_INFINITY, held: false, over: false };
}

export function stepRace(state: RaceState, input: RaceInput, now: number): RaceStep {
  if (state.over) return { state, effects: [] };
  switch (input.kind) {
    case 'start':
      return dialNext(state, now);
    case 'tick':
      return now >= state.wakeAt ? dialNext(state, now) : { state, effects: [] };
    case 'join':
      return {
        state: { ...state, running: new Map(state.running).set(input.attempt, 'dialling') },
        effects: [],
      };
    case 'more':
      return more({ ...state, total: state.total + input.count }, now);
    case 'secured':
      return secured(state, input.attempt);
    case 'opened':
      return opened(state, input.attempt);
    case 'relayed':
      return relayed(state, input.attempt, now);
    case 'failed':
      return failed(state, input.attempt, now);
    case 'hold':
      return { state: { ...state, held: true }, effects: [] };
    case 'resume':
      return goOn({ ...state, held: false }, now);
  }
}

function dialNext(state: RaceState, now: number): RaceStep {
  if (isCommitted(state)) return { state: { ...state, wakeAt: Number.POSITIVE_INFINITY }, effects: [] };
  if (state.next >= state.total) {
    const idle = { ...state, wakeAt: Number.POSITIVE_INFINITY };
    if (state.running.size > 0) return { state: idle, effects: [] };
    return { state: { ...idle, over: true }, effects: [{ kind: 'lost' }] };
  }
  const attempt = state.next;
  const last = attempt + 1 === state.total;
  return {
    state: {
      ...state,
      next: attempt + 1,
      running: new Map(state.running).set(attempt, 'dialling'),
      wakeAt: last ? Number.POSITIVE_INFINITY : now + ATTEMPT_DELAY,
    },
    effects: [{ kind: 'dial', attempt }],
  };
}

/** Where nothing was left to dial, the first of the new ones is dialled at once. */
function more(state: RaceState, now: number): RaceStep {
  return state.wakeAt === Number.POSITIVE_INFINITY ? dialNext(state, now) : { state, effects: [] };
}

function secured(state: RaceState, attempt: number): RaceStep {
  if (!state.running.has(attempt)) return { state, effects: [] };
  const commit = !isCommitted(state);
  const running = new Map(state.running).set(attempt, commit ? 'committed' : 'secured');
  return { state: { ...state, running }, effects: commit ? [{ kind: 'commit', attempt }] : [] };
}

function opened(state: RaceState, attempt: number): RaceStep {
  const losers = [...state.running.keys()].filter((other) => other !== attempt);
  return {
    state: { ...state, running: new Map(), wakeAt: Number.POSITIVE_INFINITY, over: true },
    effects: [
      { kind: 'won', attempt },
      ...losers.map((loser) => ({ kind: 'drop' as const, attempt: loser })),
    ],
  };
}

/** Won, and goes on; lost means then that nothing better was found. */
function relayed(state: RaceState, attempt: number, now: number): RaceStep {
  const next = failed(state, attempt, now);
  return { state: next.state, effects: [{ kind: 'won', attempt }, ...next.effects] };
}

/** The next secured attempt takes the place of a committed one; else the next in line is dialled at once. */
function failed(state: RaceState, attempt: number, now: number): RaceStep {
  if (!state.running.has(attempt)) return { state, effects: [] };
  const running = new Map(state.running);
  running.delete(attempt);
  const left = { ...state, running };
  return goOn(left, now);
}

function goOn(state: RaceState, now: number): RaceStep {
  if (isCommitted(state)) return { state, effects: [] };
  const heir = [...state.running].find(([, stage]) => stage === 'secured');
  return heir === undefined ? dialNext(state, now) : secured(state, heir[0]);
}

function isCommitted(state: RaceState): boolean {
  return state.held || [...state.running.values()].includes('committed');
}
