/**
 * Events to state. Pure, exhaustive, bounded; the only place where state is made.
 */
import type {
  AttemptEvent,
  MessageEvent,
  NatEvent,
  NatReport,
  OpenEvent,
  SignalEvent,
  WorldEvent,
} from '../net/index.ts';
import type {
  AppEvent,
  BenchEvent,
  ErrorEvent,
  LogLevel,
  NicknameEvent,
  ReadyEvent,
  Stamped,
  StepEvent,
} from './events.ts';
import { logLinesOf } from './log-line.ts';
import { newPipe } from './new-pipe.ts';
import { withChange } from './reduce-path.ts';
import { reduceServeReady, reduceServeStopped, reduceServing } from './serve-state.ts';
import {
  type AttemptState,
  MAX_ATTEMPTS,
  MAX_FACTS,
  MAX_LOG,
  MAX_MESSAGE_TEXT,
  MAX_MESSAGES,
  MAX_NAT_REPORTS,
  MAX_PIPES,
  type PipeState,
  type State,
  type StepState,
} from './state.ts';
import { withAttempt, withExplanation, withTrace } from './timeline.ts';
import { reduceTrial } from './trial/events.ts';
import { begins, chatWhenOpen, reduceUi, type UiEvent } from './ui-state.ts';
import { nextWorld, shortened } from './world.ts';

export function reduce(state: State, event: Stamped): State {
  const next = fold(state, event);
  if (next === state) return next;
  const lines = logLinesOf(event, state);
  return lines.reduce((logged, { level, text }) => addLog(logged, event.at, level, text), next);
}

function fold(state: State, event: Stamped): State {
  switch (event.event) {
    case 'interfaces':
    case 'network':
      return { ...state, interfaces: event.interfaces };
    case 'step':
      return reduceStep(state, event);
    case 'ready':
      return reduceReady(state, event);
    case 'serving':
      return { ...state, serving: reduceServing(state.serving, event) };
    case 'address':
      return reduceAddress(state, event);
    case 'world':
      return reduceWorld(state, event);
    case 'nat':
      return reduceNat(state, event);
    case 'stopped':
      return reduceStopped(state, event.nodeId);
    case 'load':
      return { ...state, load: { cpu: event.cpu, memoryUsed: event.memoryUsed, load1: event.load1 } };
    case 'connect':
      return addPipe({ ...state, error: null }, newPipe(event.pipe, event.node, true, event.at, event));
    case 'nickname':
      return reduceNickname(state, event);
    case 'signal':
      return reduceSignal(state, event);
    case 'attempt':
      return { ...reduceAttempt(state, event), timelines: withAttempt(state.timelines, event) };
    case 'trace':
      return { ...state, timelines: withTrace(state.timelines, event) };
    case 'explanation':
      return { ...state, timelines: withExplanation(state.timelines, event) };
    case 'open':
      return reduceOpen(state, event);
    case 'message':
      return reduceMessage(state, event);
    case 'rtt':
      return updatePipe(state, event.pipe, (pipe) => ({ ...pipe, rtt: event.rtt }));
    case 'note':
    case 'path':
    case 'stranded':
    case 'file':
      return updatePipe(state, event.pipe, (pipe) => withChange(pipe, event));
    case 'closed':
      return updatePipe(state, event.pipe, (pipe) => ({ ...pipe, state: 'closed', reason: event.reason }));
    case 'error':
      return reduceError(state, event);
    case 'log':
      return addLog(state, event.at, event.level, event.text);
    case 'refused':
      return addLog(state, event.at, 'info', `refused ${event.remote}: ${event.reason}`);
    case 'trial':
    case 'trial-run':
      return { ...state, trial: reduceTrial(state.trial, event) };
    case 'bench':
      return reduceBench(state, event);
    case 'ui':
      return reduceUiEvent(state, event);
    default:
      return unreachable(event);
  }
}

function reduceAddress(state: State, { node, address }: Extract<Stamped, { event: 'address' }>): State {
  return { ...state, nodes: state.nodes.map((n) => (n.nodeId === node ? { ...n, address } : n)) };
}

function unreachable(event: never): never {
  throw new Error(`unknown event ${JSON.stringify(event satisfies never as AppEvent)}`);
}

/** The node's id gives way to a name that somebody chose. */
function reduceNickname(state: State, { node, event: _, at: __, ...told }: Stamped<NicknameEvent>): State {
  const before = state.nicknames[node];
  if (told.name === node && before !== undefined && before.name !== node) return state;
  return { ...state, nicknames: { ...state.nicknames, [node]: told } };
}

function reduceStep(state: State, event: Stamped<StepEvent>): State {
  const before = state.steps.find((step) => step.name === event.name);
  const startedAt = event.state === 'start' ? event.at : (before?.startedAt ?? event.at);
  const step: StepState = {
    name: event.name,
    state: event.state,
    detail: shortened(event.detail ?? ''),
    startedAt,
    elapsed: event.state === 'start' ? null : event.at - startedAt,
  };
  const steps = before ? state.steps.map((s) => (s === before ? step : s)) : [...state.steps, step];
  return { ...state, steps };
}

function reduceReady(state: State, event: Stamped<ReadyEvent>): State {
  if (event.servers !== undefined) return { ...state, serving: reduceServeReady(event) };
  const { nodeId, address, port, slot, nickname } = event;
  const node = { nodeId, address, port, slot, nickname, running: true };
  const known = state.nodes.some((n) => n.nodeId === nodeId);
  return {
    ...state,
    nodes: known ? state.nodes.map((n) => (n.nodeId === nodeId ? node : n)) : [...state.nodes, node],
  };
}

function reduceWorld(state: State, event: WorldEvent): State {
  const world = nextWorld(state.worlds[event.node] ?? null, event);
  return { ...state, worlds: { ...state.worlds, [event.node]: world } };
}

function reduceNat(state: State, { report, done, at }: Stamped<NatEvent>): State {
  const isSame = (known: NatReport) => known.interface === report.interface && known.family === report.family;
  // What is known whole stays until there is something newer that is whole.
  if (!done && state.nat.some((known) => known.done && isSame(known.report))) return state;
  const others = state.nat.filter((known) => !isSame(known.report));
  const nat = [...others, { report, done, at }].slice(-MAX_NAT_REPORTS);
  return { ...state, nat: nat.sort((a, b) => placeOf(state, a.report) - placeOf(state, b.report)) };
}

/** Reports stand in the order of the interfaces, IPv4 first, so that they keep their places. */
function placeOf({ interfaces }: State, { interface: id, family }: NatReport): number {
  return (interfaces ?? []).findIndex((nic) => nic.id === id) * 10 + family;
}

function reduceStopped(state: State, nodeId: string): State {
  const { [nodeId]: _gone, ...worlds } = state.worlds;
  const nodes = state.nodes.map((n) => (n.nodeId === nodeId ? { ...n, running: false } : n));
  return { ...state, nodes, worlds, serving: reduceServeStopped(state.serving, nodeId) };
}

function reduceBench(state: State, { at, sendMbps, receiveMbps }: Stamped<BenchEvent>): State {
  return addLog(state, at, 'info', `bench ${sendMbps} Mbit/s out, ${receiveMbps} in`);
}

function addPipe(state: State, pipe: PipeState): State {
  const pipes = [...state.pipes, pipe];
  if (pipes.length > MAX_PIPES) {
    const oldest = pipes.findIndex((p) => p.state === 'closed' || p.state === 'failed');
    pipes.splice(Math.max(0, oldest), 1);
  }
  return { ...state, pipes };
}

function updatePipe(state: State, id: string, change: (pipe: PipeState) => PipeState): State {
  if (!state.pipes.some((pipe) => pipe.id === id)) return state;
  return { ...state, pipes: state.pipes.map((pipe) => (pipe.id === id ? change(pipe) : pipe)) };
}

function reduceSignal(state: State, event: SignalEvent): State {
  const { state: outcome, brokers, rtt, clock } = event;
  return updatePipe(state, event.pipe, (pipe) => ({
    ...pipe,
    signal: { state: outcome, brokers: brokers.slice(0, MAX_FACTS).map(shortened), rtt, clock },
  }));
}

function reduceAttempt(state: State, event: Stamped<AttemptEvent>): State {
  const { id, method, path, family, local, remote } = event;
  return updatePipe(state, event.pipe, (pipe) => {
    const before = pipe.attempts.find((attempt) => attempt.id === id);
    const attempt: AttemptState = {
      id,
      method,
      path,
      family,
      state: event.state,
      local,
      remote,
      startedAt: before?.startedAt ?? event.at - event.elapsed,
      elapsed: event.state === 'start' ? null : event.elapsed,
      reason: event.reason ?? null,
    };
    const attempts = before
      ? pipe.attempts.map((a) => (a === before ? attempt : a))
      : [...pipe.attempts, attempt].slice(-MAX_ATTEMPTS);
    return { ...pipe, attempts };
  });
}

function reduceOpen(state: State, event: Stamped<OpenEvent>): State {
  const known = state.pipes.some((pipe) => pipe.id === event.pipe);
  const startedAt = event.at - event.elapsed;
  const base = known
    ? state
    : addPipe(state, newPipe(event.pipe, event.node, event.initiator, startedAt, null));
  const { method, path, family, transport, local, remote } = event;
  const shown = { ...base, ui: chatWhenOpen(base.ui, event.pipe) };
  return updatePipe(shown, event.pipe, (pipe) => ({
    ...pipe,
    state: 'open',
    peer: event.peer,
    path: { method, path, family, transport, local, remote },
    elapsed: event.elapsed,
    rtt: event.rtt,
  }));
}

function reduceMessage(state: State, event: Stamped<MessageEvent>): State {
  const inFront = state.ui.screen === 'chat' && state.ui.pipe === event.pipe;
  return updatePipe(state, event.pipe, (pipe) => ({
    ...pipe,
    messages: [
      ...pipe.messages.slice(1 - MAX_MESSAGES),
      { at: event.at, direction: event.direction, text: event.text.slice(0, MAX_MESSAGE_TEXT) },
    ],
    unread: event.direction === 'in' && !inFront ? pipe.unread + 1 : pipe.unread,
  }));
}

function reduceError(state: State, event: Stamped<ErrorEvent>): State {
  const text = event.hint === '' ? event.message : `${event.message}; ${event.hint}`;
  const logged = addLog(state, event.at, 'error', text);
  if (event.pipe === undefined) return { ...logged, error: { message: event.message, hint: event.hint } };
  return updatePipe(logged, event.pipe, (pipe) => ({
    ...pipe,
    state: pipe.state === 'connecting' ? 'failed' : pipe.state,
    reason: text,
  }));
}

function addLog(state: State, at: number, level: LogLevel, text: string): State {
  return { ...state, log: [...state.log.slice(1 - MAX_LOG), { at, level, text: shortened(text) }] };
}

/** What is typed anew, asked to serve, or looked at again has no fault yet. */
function reduceUiEvent(state: State, event: UiEvent): State {
  const error = begins(event, state.ui.screen) ? null : state.error;
  return markRead({ ...state, error, ui: reduceUi(state.ui, event) });
}

function markRead(state: State): State {
  if (state.ui.screen !== 'chat' || state.ui.pipe === null) return state;
  return updatePipe(state, state.ui.pipe, (pipe) => (pipe.unread === 0 ? pipe : { ...pipe, unread: 0 }));
}
