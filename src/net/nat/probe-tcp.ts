/**
 * Probes one interface and family over TCP: from one local port to several servers and their other
 * places, then the delta test. Filtering cannot be tested so: a server cannot answer a connection from
 * elsewhere (RFC 5780 §4.4 is about UDP). Effects only.
 */
import { reasonOf } from '../errors.ts';
import {
  NAT_PATIENCE,
  NAT_SERVERS,
  NAT_TCP_PACKETS,
  NAT_TCP_PATIENCE,
  NAT_TCP_SAMPLES,
} from '../nat-timing.ts';
import type { StunServer } from '../servers.ts';
import { CONNECTED_ONLY, createTcpAsker } from '../stun/ask.ts';
import type { StunAnswer } from '../stun/transaction.ts';
import { type Endpoint, formatEndpoint } from '../wire/endpoint.ts';
import { foldMapping } from './mapping.ts';
import type { Observation } from './observation.ts';
import { HIGHEST_PORT, LOWEST_PORT } from './ports.ts';
import { type DeltaProbe, probeDelta } from './probe-delta.ts';
import { endpointOf, type Heard, isPartner, nearest, type ProbeTask, randomPort } from './task.ts';

interface TcpOutcome {
  readonly order: number;
  readonly answer: StunAnswer | null;
  readonly outcome: Observation['outcome'];
}

/** Never rejects. */
export async function probeTcp(task: ProbeTask): Promise<void> {
  const local = await freePort(task);
  const heard = new Map<string, { server: Endpoint; answer: StunAnswer }>();
  const ask = async (server: Endpoint, deadline: number) => {
    const { answer } = await askFrom(task, local, server, deadline);
    if (answer !== null) heard.set(formatEndpoint(server), { server, answer });
    return answer !== null;
  };
  const taken = new Set<string>();
  await firstOf(task, task.servers.filter(({ tcp }) => tcp).slice(0, NAT_SERVERS), async (server) => {
    const endpoint = await endpointOf(task, server, taken);
    return endpoint !== null && ask(endpoint, task.io.now() + NAT_TCP_PATIENCE);
  });
  const answering = [...heard.values()];
  if (answering.length === 0) return;
  // Two round trips made it.
  const rtt = Math.min(...answering.map(({ answer }) => answer.rtt)) / 2;
  const others = answering.flatMap(({ server, answer }) => otherPlaces(task, server, answer.otherAddress));
  const fresh = new Map(others.map((place) => [formatEndpoint(place), place]));
  for (const known of taken) fresh.delete(known);
  const patience = Math.max(NAT_PATIENCE, 6 * rtt);
  const translated = foldMapping(task.notes.all).translated !== false;
  const asking = Promise.all(
    [...fresh.values()].slice(0, 4).map((place) => ask(place, task.io.now() + patience)),
  );
  // One address alone would be asked too often.
  if (answering.length === 1) await asking;
  const answered = () =>
    nearest([...heard.values()].map(({ server, answer }) => ({ server, rtt: answer.rtt / 2 })));
  await Promise.all([asking, translated ? probeDelta(tcpDelta(task, answered)) : null]);
}

/** A random port that nobody here listens on or has. */
async function freePort({ io, route }: ProbeTask): Promise<Endpoint> {
  for (let i = 0; ; i++) {
    const local = { ip: route.ip, port: randomPort(io, LOWEST_PORT, HIGHEST_PORT) };
    const listener = await io.listenTcp(local, (stream) => stream.destroy()).catch(() => null);
    await listener?.close();
    if (listener !== null || i >= 3) return local;
  }
}

/** The other port of a server that has one, and its other address: mapping by which part of the destination. */
function otherPlaces(task: ProbeTask, server: Endpoint, other: Endpoint | null): Endpoint[] {
  if (other === null || !isPartner(task, server, other)) return [];
  task.notes.relate(server.ip, other.ip);
  return [
    { ip: server.ip, port: other.port },
    { ip: other.ip, port: server.port },
  ];
}

/** Resolves when all are done, or some time after two were heard: a lost SYN comes again only after a second. */
async function firstOf(
  { io, signal }: ProbeTask,
  servers: readonly StunServer[],
  ask: (server: StunServer) => Promise<boolean>,
): Promise<void> {
  const startedAt = io.now();
  const over = new AbortController();
  const stop = AbortSignal.any([signal, over.signal]);
  let done = 0;
  let heard = 0;
  await new Promise<void>((resolve) => {
    if (servers.length === 0) resolve();
    for (const server of servers) {
      void ask(server).then(async (answered) => {
        done++;
        if (answered) heard++;
        if (done === servers.length) resolve();
        if (!answered || heard !== 2) return;
        await io.sleepUntil(io.now() + Math.max(NAT_PATIENCE / 2, io.now() - startedAt), stop);
        resolve();
      });
    }
  });
  over.abort();
}

function tcpDelta(task: ProbeTask, servers: () => readonly Heard[]): DeltaProbe<never> {
  return {
    task,
    servers,
    roundTrips: 2,
    packets: NAT_TCP_PACKETS,
    samples: NAT_TCP_SAMPLES,
    async sample(local, server, patience) {
      const { order, answer, outcome } = await dial(task, local, server, task.io.now() + patience);
      if (outcome === 'failed') return null;
      return { order, mapped: answer?.mapped ?? null, rtt: answer?.rtt ?? null, kept: null };
    },
  };
}

/** One question of the mapping test, noted. */
async function askFrom(
  task: ProbeTask,
  local: Endpoint,
  server: Endpoint,
  deadline: number,
): Promise<TcpOutcome> {
  const result = await dial(task, local, server, deadline);
  const { order, answer, outcome } = result;
  const { notes, signal } = task;
  if (signal.aborted && outcome !== 'answered') return result;
  const [mapped, rtt] = [answer?.mapped ?? null, answer?.rtt ?? null];
  notes.add({ test: 'mapping', server, local, mapped, rtt, order, run: 0, outcome });
  return result;
}

async function dial(
  task: ProbeTask,
  local: Endpoint,
  server: Endpoint,
  deadline: number,
): Promise<TcpOutcome> {
  const { io, signal, budget, notes } = task;
  const order = notes.next();
  if (!budget.take(server.ip, NAT_TCP_PACKETS)) return { order, answer: null, outcome: 'failed' };
  try {
    const answer = await createTcpAsker(io, local.ip, local.port).ask(server, deadline, signal);
    return { order, answer, outcome: 'answered' };
  } catch (error) {
    return { order, answer: null, outcome: outcomeOf(reasonOf(error)) };
  }
}

function outcomeOf(reason: string): Observation['outcome'] {
  if (reason === 'no answer') return 'silent';
  const isAlive = reason === CONNECTED_ONLY || /ECONNREFUSED|ECONNRESET|error \d|closed without/.test(reason);
  return isAlive ? 'refused' : 'failed';
}
