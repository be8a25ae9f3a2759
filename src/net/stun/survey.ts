/**
 * Asks servers of a list until two agree, so that a dead, slow or lying one changes nothing.
 * Machine: no socket, no clock; servers are numbers in the order of the list.
 *
 *   server: waiting ──ask──► hopeful ──STUN_SILENCE──► silent
 *                               └──answered · failed──┘
 *
 * Servers are asked as long as those that are hopeful and those that agree are fewer than
 * STUN_AT_ONCE. It ends when two of different addresses agree; when all were asked, one has
 * answered and no other can be expected to; when nobody is left who could answer; and at its deadline.
 */
import { STUN_AT_ONCE, STUN_SILENCE } from '../timing.ts';

/** Servers that must say the same. Two that lie the same way need to be one. */
const AGREE = 2;

export interface Vote {
  readonly server: number;
  /** The server's address: names that lead to one machine have one vote. */
  readonly ip: string;
  readonly outer: string;
  /** ms. */
  readonly rtt: number;
}

export interface SurveyState {
  readonly total: number;
  readonly deadline: number;
  /** The next server to ask. */
  readonly next: number;
  /** Servers that were asked and have not said anything → since when. */
  readonly asked: ReadonlyMap<number, number>;
  readonly votes: readonly Vote[];
  /** When the next `tick` is due, monotonic ms. */
  readonly wakeAt: number;
  readonly over: boolean;
}

export type SurveyInput =
  | { readonly kind: 'tick' }
  | { readonly kind: 'answered'; readonly vote: Vote }
  | { readonly kind: 'failed'; readonly server: number }
  /** No more time. */
  | { readonly kind: 'stop' };

export type SurveyEffect =
  | { readonly kind: 'ask'; readonly server: number }
  /** The votes that agree; none where nothing is known. */
  | { readonly kind: 'decided'; readonly agreed: readonly Vote[] };

export interface SurveyStep {
  readonly state: SurveyState;
  readonly effects: readonly SurveyEffect[];
}

export function createSurvey(total: number, deadline: number, now: number): SurveyState {
  return { total, deadline, next: 0, asked: new Map(), votes: [], wakeAt: now, over: false };
}

export function stepSurvey(before: SurveyState, input: SurveyInput, now: number): SurveyStep {
  if (before.over) return { state: before, effects: [] };
  const state = noted(before, input);
  const agreed = agreement(state.votes);
  if (agreed.length >= AGREE || input.kind === 'stop' || now >= state.deadline) return decide(state, agreed);
  const { state: asking, effects } = askMore(state, agreed.length, now);
  // On a slow path (satellite) all are silent for long; a lone answer waits as long again for another.
  const patience = Math.max(STUN_SILENCE, ...agreed.map(({ rtt }) => 2 * rtt));
  const moments = [...asking.asked.values()].flatMap((since) => [since + STUN_SILENCE, since + patience]);
  const hopes = moments.filter((moment) => now < moment);
  if (hopes.length === 0 && (agreed.length > 0 || asking.asked.size === 0)) return decide(asking, agreed);
  return { state: { ...asking, wakeAt: Math.min(asking.deadline, ...hopes) }, effects };
}

function noted(state: SurveyState, input: SurveyInput): SurveyState {
  if (input.kind !== 'answered' && input.kind !== 'failed') return state;
  const server = input.kind === 'answered' ? input.vote.server : input.server;
  const asked = new Map(state.asked);
  // Whoever was not asked, or has spoken already, has no say.
  if (!asked.delete(server)) return state;
  return { ...state, asked, votes: input.kind === 'answered' ? [...state.votes, input.vote] : state.votes };
}

function askMore(state: SurveyState, agreed: number, now: number): SurveyStep {
  const asked = new Map(state.asked);
  const effects: SurveyEffect[] = [];
  const isHopeful = (since: number) => now < since + STUN_SILENCE;
  let { next } = state;
  let hopeful = [...asked.values()].filter(isHopeful).length;
  for (; next < state.total && hopeful + agreed < STUN_AT_ONCE; next++, hopeful++) {
    asked.set(next, now);
    effects.push({ kind: 'ask', server: next });
  }
  return { state: { ...state, asked, next }, effects };
}

/** The largest set of votes for one address, one a machine; none where two sets are equally large. */
function agreement(votes: readonly Vote[]): Vote[] {
  const sets = new Map<string, Map<string, Vote>>();
  for (const vote of votes) {
    const set = sets.get(vote.outer) ?? new Map<string, Vote>();
    if (!set.has(vote.ip)) set.set(vote.ip, vote);
    sets.set(vote.outer, set);
  }
  const [best, second] = [...sets.values()].sort((a, b) => b.size - a.size);
  return best === undefined || best.size === second?.size ? [] : [...best.values()];
}

function decide(state: SurveyState, agreed: readonly Vote[]): SurveyStep {
  return { state: { ...state, over: true }, effects: [{ kind: 'decided', agreed }] };
}
