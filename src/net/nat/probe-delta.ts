/**
 * The delta test over one transport: fresh local ports, scattered and then neighbours, each asks a
 * server once, one right after the other; more of a kind until the verdict stands. Effects only.
 */
import { NAT_LOSSY_PATIENCE, NAT_MAX_RUNS, NAT_PACE, NAT_SAMPLE_PATIENCE } from '../nat-timing.ts';
import type { Endpoint } from '../wire/endpoint.ts';
import { consecutivePorts, scatteredPorts } from './ports.ts';
import { type Heard, type ProbeTask, paced } from './task.ts';
import { deltaOf, samplesOf } from './verdict.ts';

/** What one transport does for a sample. */
export interface DeltaProbe<Kept> {
  readonly task: ProbeTask;
  /** Round trips that a sample takes. */
  readonly roundTrips: number;
  /** Packets that it costs. */
  readonly packets: number;
  /** Ports of one run. */
  readonly samples: Readonly<Record<'scattered' | 'consecutive', number>>;
  /** Whom to ask, as far as it is known who answers. */
  servers(): readonly Heard[];
  /** @returns null where the port is taken, or servers have been asked enough */
  sample(
    local: Endpoint,
    server: Endpoint,
    patience: number,
  ): Promise<{
    readonly order: number;
    readonly mapped: Endpoint | null;
    readonly rtt: number | null;
    readonly kept: Kept | null;
  } | null>;
}

/** @returns what the scattered samples left open, for the caller to close */
export async function probeDelta<Kept>(probe: DeltaProbe<Kept>): Promise<Kept[]> {
  const kept: Kept[] = [];
  const { notes, signal } = probe.task;
  for (let run = 1; run <= NAT_MAX_RUNS && !signal.aborted; run++) {
    const { wants } = deltaOf(notes.all);
    const canAsk = probe.servers().some((server) => leastAsked(probe, [server], 0) !== null);
    if ((run > 1 && wants === null) || !canAsk) break;
    const kind = run === 1 ? 'scattered' : (wants ?? 'scattered');
    const seen = samplesOf(notes.all).map(({ external }) => external);
    const ports =
      kind === 'scattered'
        ? scatteredPorts(probe.task.io, probe.samples.scattered)
        : consecutivePorts(probe.task.io, probe.samples.consecutive, seen);
    kept.push(...(await sampleAll(probe, { kind, run, ports })));
  }
  return kept;
}

interface Run {
  readonly kind: 'scattered' | 'consecutive';
  readonly run: number;
  readonly ports: readonly number[];
}

async function sampleAll<Kept>(probe: DeltaProbe<Kept>, { kind, run, ports }: Run): Promise<Kept[]> {
  const { notes, route } = probe.task;
  const kept: Kept[] = [];
  const servers = probe.servers();
  const rtt = Math.max(...servers.map((heard) => heard.rtt));
  // Everybody of a run is waited for as long as the first: the last was sent a little later.
  const lossy = notes.all.some((o) => o.run > 0 && o.outcome === 'silent');
  const least = lossy ? NAT_LOSSY_PATIENCE : NAT_SAMPLE_PATIENCE;
  const patience = probe.roundTrips * Math.max(least, 2 * rtt) + ports.length * NAT_PACE;
  await paced(probe.task, [...ports.entries()], async ([i, port]) => {
    const server = leastAsked(probe, servers, run + i);
    if (server === null) return;
    const local = { ip: route.ip, port };
    const sample = await probe.sample(local, server, patience);
    if (sample === null) return;
    const { order, mapped, rtt: own } = sample;
    const outcome = mapped === null ? 'silent' : 'answered';
    notes.add({ test: kind, server, local, mapped, rtt: own, order, run, outcome });
    if (sample.kept !== null) kept.push(sample.kept);
  });
  return kept;
}

/** In turn, as long as they may be asked; null where all have been asked enough. */
function leastAsked<Kept>(
  { task: { budget }, packets }: DeltaProbe<Kept>,
  servers: readonly Heard[],
  turn: number,
): Endpoint | null {
  const able = servers.filter(({ server }) => budget.left(server.ip) >= packets);
  return able[turn % able.length]?.server ?? null;
}
