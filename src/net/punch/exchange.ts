/**
 * What one UDP port sends and answers during a punch. Machine: no socket, no clock.
 *
 *   remote: aimed ──probe in──► heard ──chosen──► carries the stream
 *
 * Hellos go on at their pace whatever has been heard: whichever answer is lost, the next one replaces it,
 * also the last one. Every hello of the peer is answered where it came from, for its NAT lets in nothing else.
 */
import { MAX_PROBED, PROBE_PACE, PROBE_SLOW_AFTER, PROBE_SLOW_PACE } from '../timing.ts';
import { type Endpoint, formatEndpoint } from '../wire/endpoint.ts';
import type { PunchRole } from './flows.ts';
import type { Probe } from './probe.ts';

interface Target {
  readonly remote: Endpoint;
  readonly since: number;
  readonly nextAt: number;
  /** ms between hellos; null = by the clock of a punch. */
  readonly pace: number | null;
  /** When the peer's first probe came from there; null = none has. */
  readonly heardAt: number | null;
}

export interface ExchangeState {
  readonly role: PunchRole;
  /** Of the own stream on this port. */
  readonly stream: number;
  /** By endpoint. */
  readonly targets: ReadonlyMap<string, Target>;
  readonly sent: number;
  /** When hellos left that have not been answered, by number. */
  readonly open: ReadonlyMap<number, { readonly at: number; readonly key: string }>;
  readonly answered: number;
  /** The path that was chosen. */
  readonly chosen: string | null;
  readonly wakeAt: number;
}

export type ExchangeInput =
  /** @param pace ms; null = the punch's own */
  | { readonly kind: 'aim'; readonly remotes: readonly Endpoint[]; readonly pace: number | null }
  /** One hello, at once and never again. @param ttl routers that it may pass */
  | { readonly kind: 'once'; readonly remotes: readonly Endpoint[]; readonly ttl: number | null }
  | { readonly kind: 'probe'; readonly probe: Probe; readonly from: Endpoint }
  /** The stream goes by this path: the peer is told. */
  | { readonly kind: 'choose'; readonly remote: Endpoint }
  | { readonly kind: 'tick' };

export type ExchangeEffect =
  | { readonly kind: 'send'; readonly probe: Probe; readonly remote: Endpoint; readonly ttl: number | null }
  /** The first probe of the peer on a path. @param stream the peer's own */
  | { readonly kind: 'heard'; readonly remote: Endpoint; readonly stream: number }
  /** The peer has chosen this path. */
  | { readonly kind: 'chosen'; readonly remote: Endpoint; readonly stream: number }
  /** An own hello was answered. @param seen where the peer saw it come from */
  | {
      readonly kind: 'measured';
      readonly rtt: number;
      readonly by: Endpoint;
      readonly seen: Endpoint | null;
    };

export interface ExchangeStep {
  readonly state: ExchangeState;
  readonly effects: readonly ExchangeEffect[];
}

/** Hellos whose answers are waited for. */
const MAX_OPEN = 256;

export function createExchange(role: PunchRole, stream: number): ExchangeState {
  const wakeAt = Number.POSITIVE_INFINITY;
  return { role, stream, targets: new Map(), sent: 0, open: new Map(), answered: 0, chosen: null, wakeAt };
}

export function stepExchange(state: ExchangeState, input: ExchangeInput, now: number): ExchangeStep {
  switch (input.kind) {
    case 'aim':
      return sendDue(withTargets(state, input.remotes, input.pace, now), now);
    case 'once':
      return sendTo(state, input.remotes, input.ttl, now);
    case 'tick':
      return sendDue(state, now);
    case 'choose':
      return choose(state, input.remote, now);
    case 'probe':
      return input.probe.role === state.role
        ? { state, effects: [] }
        : receive(state, input.probe, input.from, now);
  }
}

/** Share of the own hellos on paths that work, of a round trip ago and more, that were not answered: 0 to 1. */
export function lossOf({ open, answered, targets }: ExchangeState, now: number, rtt: number): number {
  const late = [...open.values()].filter(({ at, key }) => {
    const since = targets.get(key)?.heardAt ?? null;
    return since !== null && at >= since && now - at > 1.5 * rtt + 10;
  }).length;
  return answered + late === 0 ? 0 : late / (answered + late);
}

function withTargets(
  state: ExchangeState,
  remotes: readonly Endpoint[],
  pace: number | null,
  now: number,
): ExchangeState {
  const targets = new Map(state.targets);
  for (const remote of remotes) {
    const key = formatEndpoint(remote);
    if (targets.size >= MAX_PROBED && !targets.has(key)) break;
    if (!targets.has(key)) targets.set(key, { remote, since: now, nextAt: now, pace, heardAt: null });
  }
  return wake({ ...state, targets });
}

function sendDue(state: ExchangeState, now: number): ExchangeStep {
  const due = [...state.targets].filter(([, { nextAt }]) => nextAt <= now);
  if (due.length === 0) return { state, effects: [] };
  const targets = new Map(state.targets);
  for (const [key, target] of due) {
    const pace = target.pace ?? (now - target.since < PROBE_SLOW_AFTER ? PROBE_PACE : PROBE_SLOW_PACE);
    targets.set(key, { ...target, nextAt: now + pace });
  }
  return sendTo(
    wake({ ...state, targets }),
    due.map(([, { remote }]) => remote),
    null,
    now,
  );
}

function sendTo(
  state: ExchangeState,
  remotes: readonly Endpoint[],
  ttl: number | null,
  now: number,
): ExchangeStep {
  let { sent } = state;
  const open = new Map(state.open);
  const effects = remotes.map((remote): ExchangeEffect => {
    sent++;
    // What dies on the way cannot be answered.
    if (ttl === null && open.size < MAX_OPEN) open.set(sent, { at: now, key: formatEndpoint(remote) });
    const probe: Probe = {
      kind: 'hello',
      role: state.role,
      number: sent,
      echo: 0,
      stream: state.stream,
      seen: null,
    };
    return { kind: 'send', probe, remote, ttl };
  });
  return { state: { ...state, sent, open }, effects };
}

function receive(state: ExchangeState, probe: Probe, from: Endpoint, now: number): ExchangeStep {
  const key = formatEndpoint(from);
  const known = state.targets.get(key);
  if (known === undefined && state.targets.size >= MAX_PROBED) return { state, effects: [] };
  const target = known ?? { remote: from, since: now, nextAt: now + PROBE_PACE, pace: null, heardAt: null };
  const targets = new Map(state.targets).set(key, { ...target, heardAt: target.heardAt ?? now });
  let next: ExchangeState = wake({ ...state, targets });
  const effects: ExchangeEffect[] = [];
  if (probe.kind === 'hello') {
    const answer = answerTo(next, key, probe, from);
    next = { ...next, sent: next.sent + 1 };
    effects.push(answer);
  } else {
    const asked = next.open.get(probe.echo);
    if (asked !== undefined) {
      const open = new Map(next.open);
      open.delete(probe.echo);
      next = { ...next, open, answered: next.answered + 1 };
      effects.push({ kind: 'measured', rtt: now - asked.at, by: from, seen: probe.seen });
    }
  }
  if (target.heardAt === null) effects.push({ kind: 'heard', remote: from, stream: probe.stream });
  if (probe.kind === 'chosen') effects.push({ kind: 'chosen', remote: from, stream: probe.stream });
  return { state: next, effects };
}

function answerTo(state: ExchangeState, key: string, to: Probe, from: Endpoint): ExchangeEffect {
  const probe: Probe = {
    kind: state.chosen === key ? 'chosen' : 'heard',
    role: state.role,
    number: state.sent + 1,
    echo: to.number,
    stream: state.stream,
    seen: from,
  };
  return { kind: 'send', probe, remote: from, ttl: null };
}

/** Told twice: the stream's first packet, right behind it, finds nobody where it was lost. */
function choose(state: ExchangeState, remote: Endpoint, now: number): ExchangeStep {
  const chosen = formatEndpoint(remote);
  const next = wake({ ...withTargets(state, [remote], null, now), chosen, sent: state.sent + 2 });
  const tell = (number: number): ExchangeEffect => ({
    kind: 'send',
    probe: { kind: 'chosen', role: state.role, number, echo: 0, stream: state.stream, seen: remote },
    remote,
    ttl: null,
  });
  return { state: next, effects: [tell(state.sent + 1), tell(state.sent + 2)] };
}

function wake(state: ExchangeState): ExchangeState {
  const wakeAt = Math.min(
    Number.POSITIVE_INFINITY,
    ...[...state.targets.values()].map(({ nextAt }) => nextAt),
  );
  return { ...state, wakeAt };
}
