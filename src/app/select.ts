/**
 * What screens show of the state: labels and rows. Pure; whatever a peer wrote is made visible here.
 */
import type { BrokerFact, NetworkInterface, OuterFact } from '../net/index.ts';
import { METHOD_NAMES } from './config.ts';
import type { ServingState } from './serve-state.ts';
import type { AttemptState, NodeState, PipeState, State, WorldState } from './state.ts';
import { makeVisible } from './visible.ts';
import { brokerName, clockText } from './world.ts';

/** Digits of a node id that tell peers apart on a screen. */
const SHORT_ID = 8;

export function selectPipe(state: State): PipeState | null {
  return state.pipes.find((pipe) => pipe.id === state.ui.pipe) ?? null;
}

export function openPipes(pipes: readonly PipeState[]): PipeState[] {
  return pipes.filter((pipe) => pipe.state === 'open');
}

/** Pipes that the other side asked for, newest first. */
export function incomingPipes(pipes: readonly PipeState[]): PipeState[] {
  return pipes.filter((pipe) => !pipe.initiator).reverse();
}

/** Pipes with a conversation to look at: open ones, and closed ones that were open. */
export function chatPipes(pipes: readonly PipeState[]): PipeState[] {
  return pipes.filter((pipe) => pipe.path !== null);
}

export function runningNodes(nodes: readonly NodeState[]): NodeState[] {
  return nodes.filter((node) => node.running);
}

/** What the first node knows of the world outside: its brokers, and what every node of a machine would see. */
export function selectWorld(state: State): WorldState | null {
  const [node] = runningNodes(state.nodes);
  const [first] = Object.keys(state.worlds);
  return state.worlds[node?.nodeId ?? first ?? ''] ?? null;
}

export function shortId(id: string): string {
  return id.slice(0, SHORT_ID);
}

/** `12 ms`, `1.4 s`, `2 min 5 s`: never a digit more than the eye takes in. */
export function formatMs(ms: number): string {
  if (ms < 10) return `${Math.round(ms * 10) / 10} ms`;
  if (ms < 1_000) return `${Math.round(ms)} ms`;
  if (ms < 60_000) return `${(ms / 1_000).toFixed(1)} s`;
  return `${Math.floor(ms / 60_000)} min ${Math.floor((ms % 60_000) / 1_000)} s`;
}

/** `direct · local · IPv4`: the way, without its ends. `dot` is what the terminal can show of that. */
export function wayOf(way: Pick<AttemptState, 'method' | 'path' | 'family'>, dot = '·'): string {
  return [METHOD_NAMES[way.method], way.path, `IPv${way.family}`].join(` ${dot} `);
}

/** `direct · local · IPv4 · tcp · encrypted · rtt 0.4 ms`: the way that a pipe really takes. */
export function pathLine({ path, rtt }: PipeState, dot = '·'): string {
  if (path === null) return '';
  const parts = [wayOf(path, dot), path.transport, 'encrypted'];
  return (rtt === null ? parts : [...parts, `rtt ${formatMs(rtt)}`]).join(` ${dot} `);
}

/** Both ends of a pipe's path. */
export function endsLine({ path }: PipeState, arrow = '→'): string {
  return path === null ? '' : `${path.local} ${arrow} ${path.remote}`;
}

/** Why a pipe ended, safe to show. */
export function reasonOfPipe(pipe: PipeState): string {
  return makeVisible(pipe.reason ?? '');
}

/** A message's text, safe to show. */
export function messageText(text: string): string {
  return makeVisible(text);
}

export interface InterfaceRow {
  readonly name: string;
  readonly kind: string;
  readonly family: string;
  readonly gateway: string;
  readonly address: string;
  /** How servers see it; `-` where none was asked or answered. */
  readonly outer: string;
}

/** One row per address; what the row above says too is left out. */
export function interfaceRows(
  interfaces: readonly NetworkInterface[],
  outer: readonly OuterFact[] = [],
): InterfaceRow[] {
  return interfaces.flatMap((nic) => {
    const families = ([4, 6] as const).flatMap((family) =>
      nic.addresses
        .filter((address) => address.family === family)
        .map((address, i) => ({
          family: i === 0 ? `IPv${family}` : '',
          gateway: i === 0 ? (nic.gateways[family] ?? (nic.defaultRoute[family] ? 'direct' : '-')) : '',
          address: `${address.ip}/${address.prefix}`,
          outer: outerOf(outer, nic.id, address.ip),
        })),
    );
    return families.map((row, i) => ({
      name: i === 0 ? makeVisible(nic.name) : '',
      kind: i === 0 ? nic.kind : '',
      ...row,
    }));
  });
}

function outerOf(facts: readonly OuterFact[], nic: string, inner: string): string {
  const own = facts.filter((fact) => fact.interface === nic && fact.inner === inner);
  return [...new Set(own.map((fact) => makeVisible(fact.outer)))].join(' ') || '-';
}

/** Brokers and clock, a line each: `mqtt  broker.example:1883  listening  rtt 21 ms`. */
export function outsideLines(world: Pick<WorldState, 'brokers' | 'clock'>): string[] {
  const { brokers, clock } = world;
  const names = brokers.map(({ url }) => makeVisible(brokerName(url)));
  const width = Math.max(0, ...names.map((name) => name.length));
  const lines = brokers.map(
    (broker, i) => `mqtt   ${(names[i] ?? '').padEnd(width)}  ${brokerOutcome(broker)}`,
  );
  const answers = (samples: number) =>
    `${samples} server${samples === 1 ? '' : 's'} agree${samples === 1 ? 's' : ''}`;
  const time =
    clock === null ? 'not compared with any server' : `${clockText(clock)}, ${answers(clock.samples)}`;
  return [...lines, `clock  ${time}`];
}

function brokerOutcome({ state, rtt, reason }: BrokerFact): string {
  if (state === 'lost') return `unreachable: ${makeVisible(reason ?? 'no reason known')}`;
  return rtt === null ? state : `${state}  ${formatMs(rtt)}`;
}

/** Heads of `servedRows`. */
export const SERVED_HEADS = {
  services: ['service', 'port', ' clients', 'answered', ' refused', '  errors'],
  clients: ['client', 'answered', 'uses'],
} as const;

/** What is served and by whom it is used, as rows of two tables; numbers stand to the right. */
export function servedRows({ services, clients }: ServingState) {
  const [, , ...counts] = SERVED_HEADS.services;
  const number = (value: number, head: string = SERVED_HEADS.clients[1]) =>
    String(value).padStart(head.length);
  return {
    services: services.map(({ kind, endpoints, clients: now, requests, refused, errors }) => [
      kind,
      portsOf(endpoints),
      ...[now, requests, refused, errors].map((value, i) => number(value, counts[i])),
    ]),
    clients: clients.map(({ ip, kinds, requests }) => [ip, number(requests), kinds.join(', ')]),
  };
}

/** The ports of `ip:port`, each once. */
function portsOf(endpoints: readonly string[]): string {
  return [...new Set(endpoints.map((endpoint) => endpoint.slice(endpoint.lastIndexOf(':') + 1)))].join(' ');
}
