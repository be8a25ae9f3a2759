/**
 * The NAT report of every interface and family: UDP and TCP side by side, all at once, told anew
 * whenever something more is known. Effects only through Io.
 */
import type { Io, NetworkInterface } from '../io/io.ts';
import type { StunServer } from '../servers.ts';
import { type Route, routesOf } from '../stun/route.ts';
import { NAT_BUDGET, NAT_TIMEOUT } from '../timing.ts';
import type { NatReport } from './behavior.ts';
import { Budget } from './budget.ts';
import { probeTcp } from './probe-tcp.ts';
import { probeUdp } from './probe-udp.ts';
import { Notes, type ProbeTask } from './task.ts';
import { verdictOf } from './verdict.ts';

export interface NatTask {
  readonly io: Io;
  readonly interfaces: readonly NetworkInterface[];
  /** In the order in which they are to be asked. */
  readonly servers: readonly StunServer[];
  readonly resolve: ProbeTask['resolve'];
  readonly signal: AbortSignal;
  /** A report as far as it is known; `done`: it is final. */
  readonly report: (report: NatReport, done: boolean) => void;
}

/** ms between two reports of one interface and family while probes answer. */
const REPORT_EVERY = 50;

/** @returns one report per interface and family that has an address. Never rejects */
export async function probeNat(task: NatTask): Promise<readonly NatReport[]> {
  return Promise.all(routesOf(task.interfaces).map((route) => probeRoute(task, route)));
}

async function probeRoute(task: NatTask, route: Route): Promise<NatReport> {
  const { io, signal, servers, resolve } = task;
  const startedAt = io.now();
  const over = new AbortController();
  const tell = throttled(io, () => {
    if (!over.signal.aborted) task.report(reportOf(false), false);
  });
  const notes = { udp: new Notes(() => tell()), tcp: new Notes(() => tell()) };
  const reportOf = (done: boolean): NatReport => makeReport(route, io.now() - startedAt, notes, done);
  const deadline = startedAt + NAT_TIMEOUT;
  const stop = AbortSignal.any([signal, over.signal]);
  const budget = new Budget(NAT_BUDGET);
  const common = { io, route, servers, resolve, deadline, budget, signal: stop };
  const timer = io.sleepUntil(deadline, stop).then(() => over.abort());
  await Promise.all([probeUdp({ ...common, notes: notes.udp }), probeTcp({ ...common, notes: notes.tcp })]);
  over.abort();
  await timer;
  const report = reportOf(true);
  task.report(report, true);
  return report;
}

function makeReport(
  route: Route,
  elapsed: number,
  notes: { readonly udp: Notes; readonly tcp: Notes },
  done: boolean,
): NatReport {
  const udp = verdictOf(notes.udp.all, true);
  const tcp = verdictOf(notes.tcp.all, false);
  // While probes answer, what is not known yet is nothing to be explained.
  const final = (report: typeof udp) => (done ? report : { ...report, unknown: [] });
  return {
    interface: route.interface,
    family: route.family,
    elapsed: Math.round(elapsed),
    udp: final(udp),
    tcp: { ...final(tcp), unsolicited: 'unknown' },
  };
}

/** At most once in a while. */
function throttled(io: Io, action: () => void): () => void {
  let last = Number.NEGATIVE_INFINITY;
  return () => {
    if (io.now() - last < REPORT_EVERY) return;
    last = io.now();
    action();
  };
}
