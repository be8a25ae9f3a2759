/**
 * What a node learns of the world outside: its outer addresses by STUN, the brokers where it
 * listens, the offset of its clock by NTP; all asked at once, at its start. Wiring only.
 */
import { P2pdError, reasonOf } from './errors.ts';
import type { ClockOffset, NodeEvent, OuterFact, ServiceName } from './events.ts';
import type { Io, NetworkInterface } from './io/io.ts';
import { type ClockReport, keepClock, measureClock } from './ntp/client.ts';
import { createResolver, type Resolve } from './resolve.ts';
import { noteOutcome } from './server-memory.ts';
import type { ServerList, StunServer } from './servers.ts';
import type { Signalling } from './signal/signalling.ts';
import type { StateFiles } from './state-files.ts';
import { findOuter, type OuterReport } from './stun/client.ts';
import { SERVICES_GRACE, SERVICES_TIMEOUT, STUN_AT_ONCE } from './timing.ts';
import type { Endpoint, Family } from './wire/endpoint.ts';
import { canonicalIp, familyOf } from './wire/ip.ts';

export interface WorldTask {
  readonly io: Io;
  /** The node's id. */
  readonly node: string;
  /** As they are now. */
  readonly interfaces: () => readonly NetworkInterface[];
  readonly servers: ServerList;
  readonly files: StateFiles | null;
  readonly emit: (event: NodeEvent) => void;
  readonly signal: AbortSignal;
}

export class World {
  readonly #task: WorldTask;
  readonly #resolve: Resolve;
  readonly #outcomes = new Map<ServiceName, boolean>();
  #outer: readonly OuterFact[] = [];
  #clock: ClockOffset | null = null;
  #signalling: Signalling | null = null;

  constructor(task: WorldTask) {
    this.#task = task;
    this.#resolve = createResolver(task.io);
  }

  get outer(): readonly OuterFact[] {
    return this.#outer;
  }

  /** Unix ms, corrected by what time servers said. */
  wall(): number {
    return this.#task.io.wallClock() + (this.#clock?.offset ?? 0);
  }

  /** STUN servers of a family, by their addresses, those that answered last first. Never rejects. */
  async stunServers(
    family: Family,
    transport: 'tcp' | 'udp',
    signal: AbortSignal,
  ): Promise<readonly Endpoint[]> {
    const { io } = this.#task;
    const all = this.#task.servers.stun.filter(({ tcp }) => tcp || transport === 'udp');
    const servers = all.slice(0, STUN_AT_ONCE + 1);
    const over = new AbortController();
    const find = async ({ host, port }: StunServer) => {
      const literal = canonicalIp(host);
      // A name that hangs must not hold the others up.
      const limit = AbortSignal.any([signal, over.signal]);
      const ips = literal === null ? await this.#resolve(host, family, limit) : [literal];
      return ips.filter((ip) => familyOf(ip) === family).map((ip) => ({ ip, port }));
    };
    void io
      .sleepUntil(io.now() + SERVICES_GRACE, AbortSignal.any([signal, over.signal]))
      .then(() => over.abort());
    const found = await Promise.all(servers.map(find));
    over.abort();
    return found.flatMap((endpoints) => endpoints.slice(0, 1));
  }

  /** Asks everything at once. Resolves when what the address says is known, at most SERVICES_TIMEOUT. */
  async start(signalling: Signalling | null): Promise<void> {
    const { io, servers, signal } = this.#task;
    this.#signalling = signalling;
    const clock = servers.ntp.length > 0 ? this.#step('ntp', () => this.#askNtp()) : null;
    await Promise.all([
      servers.stun.length > 0 ? this.#step('stun', () => this.#askStun()) : null,
      signalling === null ? null : this.#step('mqtt', () => this.#meetBrokers(signalling)),
    ]);
    // A node is of use without a clock: a time server that is dead must not hold it up.
    const done = new AbortController();
    await Promise.race([
      clock,
      io.sleepUntil(io.now() + SERVICES_GRACE, AbortSignal.any([signal, done.signal])),
    ]);
    done.abort();
  }

  /** The network is another one: how servers see it is asked anew. @returns whether one has answered, or none is known */
  async renew(): Promise<boolean> {
    const { interfaces, servers } = this.#task;
    const own = interfaces().flatMap((nic) => nic.addresses.map(({ ip }) => ip));
    this.#outer = this.#outer.filter(({ inner }) => own.includes(inner));
    if (servers.stun.length === 0) return true;
    const answered = await this.#askStun().then(
      () => true,
      () => false,
    );
    this.#outcomes.set('stun', answered);
    this.tell();
    return answered;
  }

  /** Tells everything known, whole. */
  tell(): void {
    const { node, emit, signal } = this.#task;
    if (signal.aborted) return;
    const { stun, ntp } = this.#task.servers;
    const asked: readonly (ServiceName | null)[] = [
      stun.length > 0 ? 'stun' : null,
      this.#signalling === null ? null : 'mqtt',
      ntp.length > 0 ? 'ntp' : null,
    ];
    const outcomes = asked.flatMap((name) => (name === null ? [] : [this.#outcomes.get(name) ?? null]));
    const heard =
      Boolean(this.#signalling?.listening.length) || this.#outer.length > 0 || this.#clock !== null;
    emit({
      event: 'world',
      node,
      outer: this.#outer,
      brokers: this.#signalling?.brokers ?? [],
      clock: this.#clock,
      // Not before each kind has had its time.
      offline: outcomes.length > 0 && !outcomes.includes(null) && !heard,
    });
  }

  /** One kind of service, told as a step of the start. A failure is told and no more: a node runs without. */
  async #step(name: ServiceName, action: () => Promise<string>): Promise<void> {
    const { node, emit, signal } = this.#task;
    emit({ event: 'step', node, name, state: 'start' });
    try {
      const detail = await action();
      this.#outcomes.set(name, true);
      if (!signal.aborted) emit({ event: 'step', node, name, state: 'ok', detail });
    } catch (error) {
      this.#outcomes.set(name, false);
      if (!signal.aborted) emit({ event: 'step', node, name, state: 'failed', detail: reasonOf(error) });
    }
    this.tell();
  }

  async #askStun(): Promise<string> {
    const { io, interfaces, servers, signal } = this.#task;
    const resolve = this.#resolve;
    const report = await findOuter({
      io,
      interfaces: interfaces(),
      servers: servers.stun,
      resolve,
      timeout: SERVICES_TIMEOUT,
      signal,
    });
    this.#outer = report.facts;
    this.#note('stun', report);
    if (report.facts.length === 0) throw noneAnswered(report);
    return report.facts.map(describeOuter).join('; ');
  }

  async #askNtp(): Promise<string> {
    const { io, servers, signal } = this.#task;
    const task = { io, servers: servers.ntp, resolve: this.#resolve, timeout: SERVICES_TIMEOUT, signal };
    const report = await measureClock(task);
    this.#note('ntp', report);
    void keepClock(
      task,
      (clock) => {
        this.#clock = clock;
        this.tell();
      },
      report,
    );
    if (report.clock === null && report.answered.length > 0)
      throw new P2pdError('NO_SERVICE', 'the servers contradict each other');
    if (report.clock === null) throw noneAnswered(report);
    this.#clock = report.clock;
    return describeClock(report.clock);
  }

  async #meetBrokers(signalling: Signalling): Promise<string> {
    const { io } = this.#task;
    const startedAt = io.now();
    await signalling.start(startedAt + SERVICES_TIMEOUT);
    const { listening, brokers } = signalling;
    // Whoever was not waited for has not failed, unless nobody else answers.
    const failed = brokers.filter(
      ({ state }) => state === 'lost' || (state === 'connecting' && listening.length === 0),
    );
    const report = {
      answered: listening.map((server) => ({ server })),
      failed: failed.map(({ url, reason }) => ({ server: url, reason: reason ?? 'no answer' })),
    };
    this.#note('mqtt', report);
    if (listening.length === 0) throw noneAnswered(report);
    const names = listening.map((url) => url.replace(/^mqtts?:\/\//, ''));
    return `${names.join(', ')} after ${Math.round(io.now() - startedAt)} ms`;
  }

  #note(kind: ServiceName, report: Outcome): void {
    const { files, io } = this.#task;
    if (files === null) return;
    void noteOutcome(files, kind, report, io.wallClock());
  }
}

interface Outcome {
  readonly answered: readonly { readonly server: string }[];
  readonly failed: readonly { readonly server: string; readonly reason: string }[];
}

/** What was seen of each, the same reasons together. */
function noneAnswered({ failed }: Outcome | OuterReport | ClockReport): P2pdError {
  const reasons = new Map<string, number>();
  for (const { reason } of failed) reasons.set(reason, (reasons.get(reason) ?? 0) + 1);
  const summary = [...reasons].map(([reason, count]) => `${count} × ${reason}`).join(', ');
  return new P2pdError('NO_SERVICE', `none answers${summary === '' ? '' : `: ${summary}`}`);
}

function describeOuter({ outer, inner, agreed, rtt }: OuterFact): string {
  const same = outer === inner ? ' (no translation)' : '';
  return `${outer}${same} by ${agreed} server${agreed === 1 ? '' : 's'}, ${Math.round(rtt)} ms`;
}

function describeClock({ offset, error, samples }: ClockOffset): string {
  const sign = offset < 0 ? '−' : '+';
  const rounded = (value: number) => String(Math.round(value * 10) / 10);
  return `${sign}${rounded(Math.abs(offset))} ± ${rounded(error)} ms by ${samples} server${samples === 1 ? '' : 's'}`;
}
