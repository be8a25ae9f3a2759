/**
 * The NAT report of every interface and family: UDP and TCP side by side, all at once, told anew
 * whenever something more is known. Effects only through Io.
 */
import type { Io, NetworkInterface } from '../io/io.ts';
import type { PortMappingFacts } from '../nat-report.ts';
import { NAT_BUDGET, NAT_TIMEOUT } from '../nat-timing.ts';
import { probePortMapping } from '../portmap/probe.ts';
import { routerSides, sideOf } from '../portmap/side.ts';
import type { StunServer } from '../servers.ts';
import { type Route, routesOf } from '../stun/route.ts';
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
  /** Whether routers are asked what they offer. @default false */
  readonly portMapping?: boolean;
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
  const tell = throttled(io, over.signal, () => task.report(reportOf(false), false));
  const notes = { udp: new Notes(() => tell()), tcp: new Notes(() => tell()) };
  const reportOf = (done: boolean): NatReport => makeReport(route, io.now() - startedAt, notes, done);
  const stop = AbortSignal.any([signal, over.signal]);
  const budget = new Budget(NAT_BUDGET);
  const common = { io, route, servers, resolve, budget, signal: stop };
  const timer = io.sleepUntil(startedAt + NAT_TIMEOUT, stop).then(() => over.abort());
  const [, , portMapping] = await Promise.all([
    probeUdp({ ...common, notes: notes.udp }),
    probeTcp({ ...common, notes: notes.tcp }),
    task.portMapping === true ? probeRouter(task, route, stop) : undefined,
  ]);
  over.abort();
  await timer;
  const report = { ...reportOf(true), ...(portMapping === undefined ? {} : { portMapping }) };
  // What was given up is no report.
  if (!signal.aborted) task.report(report, true);
  return report;
}

/** undefined where no router stands between. */
async function probeRouter(
  { io, interfaces }: NatTask,
  { interface: id, family }: Route,
  signal: AbortSignal,
): Promise<PortMappingFacts | undefined> {
  const side = routerSides(interfaces).find((one) => one.interface === id && one.family === family);
  return side && probePortMapping(sideOf(side, io, signal));
}

function makeReport(
  route: Route,
  elapsed: number,
  notes: { readonly udp: Notes; readonly tcp: Notes },
  done: boolean,
): NatReport {
  const seen = { udp: notes.udp.all, tcp: notes.tcp.all };
  const udp = verdictOf(seen.udp, true, seen.tcp);
  const tcp = verdictOf(seen.tcp, false, seen.udp);
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

/** At most once in a while; what comes too soon is told when its time has come. */
function throttled(io: Io, signal: AbortSignal, action: () => void): () => void {
  let due = io.now();
  let waiting = false;
  return () => {
    if (waiting) return;
    waiting = true;
    void io.sleepUntil(due, signal).then(() => {
      waiting = false;
      due = io.now() + REPORT_EVERY;
      if (!signal.aborted) action();
    });
  };
}
