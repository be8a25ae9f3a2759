/**
 * How long the routers in front of a node remember UDP mappings, and so how often its quiet pipes must say
 * something. Looked at once, while nothing is punched: it takes up to two minutes. Wiring only.
 */
import type { OuterFact } from './events.ts';
import type { Io } from './io/io.ts';
import type { LearntFact } from './nat/learnt.ts';
import { NAT_DELAY, UDP_KEEPALIVE_INTERVAL, UDP_KEEPALIVE_RANGE, UDP_KEEPALIVE_SHARE } from './nat-timing.ts';
import type { Endpoint, Family } from './wire/endpoint.ts';

export interface MappingWatchTask {
  readonly io: Io;
  readonly outer: () => readonly OuterFact[];
  readonly servers: (family: Family, signal: AbortSignal) => Promise<readonly Endpoint[]>;
  readonly learn: (fact: LearntFact) => void;
  /** Somebody punches: what is asked now would take the mappings that are foreseen. */
  readonly isBusy: () => boolean;
  readonly signal: AbortSignal;
}

export class MappingWatch {
  readonly #task: MappingWatchTask;
  /** ms that mappings live at least, by own address. */
  readonly #lifetimes = new Map<string, number>();

  constructor(task: MappingWatchTask) {
    this.#task = task;
  }

  /** ms without a word after which a pipe over UDP from that address has to say something. */
  keepaliveOf(ip: string): number {
    return keepaliveFor(this.#lifetimes.get(ip) ?? null);
  }

  /** Watches the mappings of every own address that is translated. Never rejects. */
  async watch(): Promise<void> {
    const { io, outer, isBusy, signal } = this.#task;
    do await io.sleepUntil(io.now() + NAT_DELAY, AbortSignal.any([signal]));
    while (isBusy() && !signal.aborted);
    const translated = outer().filter((fact) => fact.transport === 'udp' && fact.inner !== fact.outer);
    await Promise.all(translated.map((fact) => this.#watchOne(fact)));
  }

  async #watchOne({ inner: ip, family }: OuterFact): Promise<void> {
    const { io, servers, learn, signal } = this.#task;
    if (signal.aborted) return;
    const { probeLifetime } = await import('./nat/lifetime.ts');
    const found = await probeLifetime({ io, ip, servers: await servers(family, signal), signal });
    if (found === null || signal.aborted) return;
    this.#lifetimes.set(ip, found.atLeast);
    learn({ kind: 'lifetime', family, ...found });
  }
}

/** @param lifetime ms that mappings live at least; null = nobody could see it */
export function keepaliveFor(lifetime: number | null): number {
  if (lifetime === null) return UDP_KEEPALIVE_INTERVAL;
  const { least, most } = UDP_KEEPALIVE_RANGE;
  return Math.min(most, Math.max(least, lifetime * UDP_KEEPALIVE_SHARE));
}
