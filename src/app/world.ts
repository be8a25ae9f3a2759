/**
 * The world outside in words: clocks, brokers, how a peer answers over signalling, and what changed
 * since a node told last. Pure; nothing is made visible here.
 */
import type { BrokerFact, ClockOffset, OuterFact, WorldEvent } from '../net/index.ts';
import { MAX_FACTS, MAX_LINE, type SignalState, type WorldState } from './state.ts';

/** `−3.2 ± 1.1 ms`. */
export function clockText({ offset, error }: ClockOffset): string {
  const tenths = (value: number) => String(Math.round(Math.abs(value) * 10) / 10);
  return `${offset < 0 ? '−' : '+'}${tenths(offset)} ± ${tenths(error)} ms`;
}

/** `203.0.113.7 by 2 servers, 21 ms`. */
export function outerText({ outer, agreed, rtt }: OuterFact): string {
  return `${outer} by ${agreed} server${agreed === 1 ? '' : 's'}, ${Math.round(rtt)} ms`;
}

/** `4 × ENOTFOUND, 1 × no answer`: what was seen of servers, the same reasons together. */
export function reasonsText(failed: readonly { readonly reason: string }[]): string {
  const counts = new Map<string, number>();
  for (const { reason } of failed) counts.set(reason, (counts.get(reason) ?? 0) + 1);
  return [...counts].map(([reason, count]) => `${count} × ${reason}`).join(', ') || 'no reason known';
}

/** `broker.example:1883`: brokers without the part that they have in common. */
export function brokerName(url: string): string {
  return url.replace(/^mqtts?:\/\//, '');
}

/** How asking a peer over signalling went, in one line. */
export function signalLine({ state, brokers, rtt, clock }: SignalState): string {
  const asked = `asked ${brokers.length} broker${brokers.length === 1 ? '' : 's'}`;
  switch (state) {
    case 'asked':
      return `${asked} for the peer`;
    case 'answered': {
      const after = rtt === null ? '' : ` after ${Math.round(rtt)} ms`;
      const theirs = clock === null ? '' : `, its clock ${clockText(clock)}`;
      return `${asked}: answered${after}${theirs}`;
    }
    case 'silent':
      return brokers.length === 0
        ? 'no broker could be reached to ask the peer'
        : `${asked}: the peer does not answer on any`;
  }
}

/** The same with the brokers' names where nobody answered: for the log, which has the room. */
export function signalReport(signal: SignalState): string {
  const { state, brokers } = signal;
  const names = state === 'silent' && brokers.length > 0 ? ` (${brokers.map(brokerName).join(', ')})` : '';
  return signalLine(signal) + names;
}

/** A line about what servers and peers said, as long as it is kept. */
export function shortened(text: string): string {
  return text.slice(0, MAX_LINE);
}

/** What a node told, bounded. @param before null: it told nothing yet */
export function nextWorld(before: WorldState | null, event: WorldEvent): WorldState {
  const brokers = event.brokers.slice(0, MAX_FACTS).map((broker) => ({
    ...broker,
    url: shortened(broker.url),
    reason: broker.reason === null ? null : shortened(broker.reason),
  }));
  const outcomes = brokers.flatMap(({ url, state }) => {
    const outcome = state === 'connecting' ? before?.outcomes[url] : state;
    return outcome === undefined ? [] : [[url, outcome] as const];
  });
  return {
    outer: event.outer.slice(0, MAX_FACTS).map((fact) => ({ ...fact, outer: shortened(fact.outer) })),
    brokers,
    outcomes: Object.fromEntries(outcomes),
    clock: event.clock,
    offline: event.offline,
  };
}

/**
 * What is different now, a line each. What is known for the first time, the steps of the start tell.
 *
 * @param before null: nothing was known
 */
export function worldChanges(before: WorldState | null, after: WorldState): readonly string[] {
  return [
    ...after.brokers.flatMap((broker) => brokerChange(before?.outcomes[broker.url], broker)),
    ...outerChanges(before?.outer ?? [], after.outer),
    ...clockChange(before?.clock ?? null, after.clock),
    ...(before?.offline === true && !after.offline ? ['a service can be reached again'] : []),
  ];
}

function brokerChange(
  before: 'listening' | 'lost' | undefined,
  { url, state, reason }: BrokerFact,
): readonly string[] {
  if (state === before || state === 'connecting') return [];
  const name = brokerName(url);
  if (state === 'listening') return [`mqtt: listening at ${name}`];
  const what = before === undefined ? 'cannot be reached' : 'is lost';
  return [`mqtt: ${name} ${what}: ${reason ?? 'no reason known'}`];
}

function outerChanges(before: readonly OuterFact[], after: readonly OuterFact[]): readonly string[] {
  if (before.length === 0) return [];
  const ways = (facts: readonly OuterFact[]) =>
    new Set(facts.map((fact) => `${fact.inner} as ${fact.outer}`));
  const known = ways(before);
  return [...ways(after)].filter((way) => !known.has(way)).map((way) => `stun: servers see ${way}`);
}

/** A clock that moved within what it was known to is no news. */
function clockChange(before: ClockOffset | null, after: ClockOffset | null): readonly string[] {
  if (before === null || after === null) return [];
  if (Math.abs(after.offset - before.offset) <= before.error) return [];
  return [`ntp: ${clockText(after)}`];
}
