/**
 * What a node knows of the NATs in front of it: from this run's probe, else from the last one where the
 * network is the same. Probes once: a little after the start, or as soon as somebody needs it. Wiring only.
 */
import type { NodeEvent, OuterFact } from './events.ts';
import type { Io, NetworkInterface } from './io/io.ts';
import type { KnownNat } from './nat/known.ts';
import { type LearntFact, withLearnt } from './nat/learnt.ts';
import { networkOf, type RememberedReports, rememberedNat, rememberNat } from './nat/memory.ts';
import type { NatReport } from './nat-report.ts';
import { NAT_DELAY } from './nat-timing.ts';
import type { RouterSide } from './portmap/side.ts';
import { createResolver } from './resolve.ts';
import type { StunServer } from './servers.ts';
import type { StateFiles } from './state-files.ts';
import { PUNCH_NAT_WAIT } from './timing.ts';

export interface NatWatchTask {
  readonly io: Io;
  /** As they are now. */
  readonly interfaces: () => readonly NetworkInterface[];
  readonly servers: readonly StunServer[];
  readonly files: StateFiles | null;
  readonly outer: () => readonly OuterFact[];
  readonly emit: (event: NodeEvent) => void;
  /** Somebody punches. */
  readonly isBusy: () => boolean;
  /** There are reports. */
  readonly found: () => void;
  /** Whether routers are asked what they offer. */
  readonly portMapping: boolean;
  readonly signal: AbortSignal;
}

/** Facts that wait for a report. */
const MAX_PENDING = 20;

export class NatWatch {
  readonly #task: NatWatchTask;
  #remembered: RememberedReports['reports'] = [];
  #reports: readonly NatReport[] = [];
  #probing: Promise<void> | null = null;
  readonly #pending: LearntFact[] = [];

  constructor(task: NatWatchTask) {
    this.#task = task;
  }

  async load(): Promise<void> {
    const { files } = this.#task;
    this.#remembered = (files === null ? null : await rememberedNat(files))?.reports ?? [];
  }

  /** This run's reports. */
  get reports(): readonly NatReport[] {
    return this.#reports;
  }

  get known(): readonly KnownNat[] {
    const outer = this.#task.outer();
    const again = this.#remembered.filter(({ interface: id, family, network }) =>
      outer.some(
        (fact) => fact.interface === id && fact.family === family && networkOf(fact.outer) === network,
      ),
    );
    return [...this.#reports, ...again];
  }

  /** Asks a little later: a node that has done its work by then asks nobody. */
  async findLater(): Promise<void> {
    const { io, signal } = this.#task;
    await io.sleepUntil(io.now() + NAT_DELAY, AbortSignal.any([signal]));
    // Its questions would take the mappings that a punch foresees.
    while (this.#probing === null && this.#task.isBusy() && !signal.aborted)
      await io.sleepUntil(io.now() + NAT_DELAY, AbortSignal.any([signal]));
    if (!signal.aborted) await this.find();
  }

  /**
   * The network is another one: reports of what is as it was are kept.
   *
   * @param before how servers saw it then
   * @returns whether something has to be asked anew
   */
  async renew(before: readonly OuterFact[]): Promise<boolean> {
    await this.#probing;
    const now = this.#task.outer();
    const isKept = (one: { interface: string; family: number }) =>
      now.some(
        (fact) => sameRoute(fact, one) && before.some((old) => sameRoute(old, fact) && sameSight(old, fact)),
      );
    this.#reports = this.#reports.filter(isKept);
    if (now.every(isKept)) return false;
    await this.load();
    this.#probing = null;
    return now.length > 0;
  }

  /** Asks now, once. Never rejects. */
  find(): Promise<void> {
    this.#probing ??= this.#probe();
    return this.#probing;
  }

  /** Resolves once everything is known that a punch needs, or it has had its time. */
  async wait(signal: AbortSignal): Promise<void> {
    const { io } = this.#task;
    const done = new AbortController();
    const stop = AbortSignal.any([signal, done.signal]);
    await Promise.race([this.find(), io.sleepUntil(io.now() + PUNCH_NAT_WAIT, stop)]);
    done.abort();
  }

  /** What a punch has shown of a NAT: kept with what servers said, each transport by itself. */
  learn(fact: LearntFact): void {
    const { outer, emit, files, io } = this.#task;
    if (this.#reports.length === 0) {
      // Kept for the report that is to come.
      if (this.#pending.length < MAX_PENDING) this.#pending.push(fact);
      return;
    }
    const before = this.#reports;
    const at = fact.kind === 'unsolicited' ? null : fact.local.ip;
    const nic = outer().find((one) => one.family === fact.family && (at === null || one.inner === at));
    this.#reports = before.map((report) =>
      report.interface === nic?.interface && report.family === fact.family
        ? withLearnt(report, fact)
        : report,
    );
    const changed = this.#reports.filter((report, i) => report !== before[i]);
    for (const report of changed) emit({ event: 'nat', report, done: true });
    if (changed.length > 0 && files !== null) void rememberNat(files, this.#reports, io.wallClock());
  }

  async #probe(): Promise<void> {
    const { io, interfaces, servers, files, signal, emit, found } = this.#task;
    if (servers.length === 0) return;
    const { probeNat } = await import('./nat/probe.ts');
    const reports = await probeNat({
      io,
      interfaces: interfaces(),
      servers,
      resolve: createResolver(io),
      signal,
      report: (report, done) => {
        if (!signal.aborted) emit({ event: 'nat', report, done });
      },
    });
    if (signal.aborted) return;
    this.#reports = reports;
    for (const fact of this.#pending.splice(0)) this.learn(fact);
    found();
    void this.#askRouters();
    if (files !== null) await rememberNat(files, this.#reports, io.wallClock());
  }

  /** What routers offer, told once it is known: a router that says nothing takes seconds, and no punch waits for it. */
  async #askRouters(): Promise<void> {
    const { io, interfaces, signal, emit, portMapping } = this.#task;
    if (!portMapping) return;
    const [{ probePortMapping }, { routerSides, sideOf }] = await Promise.all([
      import('./portmap/probe.ts'),
      import('./portmap/side.ts'),
    ]);
    const ask = async (side: RouterSide) => {
      const facts = await probePortMapping(sideOf(side, io, signal));
      if (signal.aborted) return;
      const isOf = (report: NatReport) => sameRoute(report, side);
      this.#reports = this.#reports.map((report) =>
        isOf(report) ? { ...report, portMapping: facts } : report,
      );
      for (const report of this.#reports.filter(isOf)) emit({ event: 'nat', report, done: true });
    };
    await Promise.all(routerSides(interfaces()).map(ask));
  }
}

function sameRoute(
  a: { readonly interface: string; readonly family: number },
  b: { readonly interface: string; readonly family: number },
): boolean {
  return a.interface === b.interface && a.family === b.family;
}

function sameSight(a: OuterFact, b: OuterFact): boolean {
  return a.inner === b.inner && networkOf(a.outer) === networkOf(b.outer);
}
