/**
 * Opens a place to punch from over UDP: as `site.ts`, but what asks the server is the very socket that
 * then punches, and repeats itself, for a UDP mapping ends when nothing goes by it. Effects through Io.
 */
import { deferred } from '../deferred.ts';
import type { StunAnswer } from '../stun/transaction.ts';
import { PUNCH_ASK_TIMEOUT, UDP_SITE_REFRESH } from '../timing.ts';
import type { Endpoint } from '../wire/endpoint.ts';
import type { Place } from './place.ts';
import { foreseenPorts, randomPort, type Site, type SiteTask } from './site.ts';
import { UdpPort } from './udp-port.ts';

const ANY_TRIES = 4;

/** @throws the system's error; an Error where there is nothing to make streams over UDP with */
export async function openUdpSite(task: SiteTask, place: Place, wish: number): Promise<Site> {
  const { io, signal } = task;
  const openedAt = io.now();
  const udp = await openPort(task, place, wish);
  const lost = deferred<void>();
  const over = new AbortController();
  const stop = AbortSignal.any([signal, over.signal]);
  const site = (ports: readonly number[]): Site => ({
    place,
    port: udp.port,
    ports,
    openedAt,
    udp,
    close: () => {
      over.abort();
      udp.close();
      lost.resolve();
    },
    lost: lost.promise,
  });
  if (place.source === 'local') return site([udp.port]);
  if (place.source === 'none') return site([]);
  const servers = await task.servers(place.family, 'udp', signal);
  const asked = await (place.source === 'asked' ? askPairs : askOne)(task, udp, servers, stop);
  if (asked === null) return site([]);
  const { server, answer } = asked;
  if (place.source === 'next') return site(foreseenPorts(place, udp.port, answer.mapped.port));
  void refresh(task, udp, server, answer.mapped.port, stop).then(lost.resolve);
  return site([answer.mapped.port]);
}

/** The port that is wished for, else one that is free. */
async function openPort({ io }: SiteTask, place: Place, wish: number): Promise<UdpPort> {
  for (let left = ANY_TRIES; ; left--) {
    const port = wish !== 0 && left === ANY_TRIES && place.source === 'local' ? wish : randomPort(io, place);
    try {
      return await UdpPort.open(io, { ip: place.local, port });
    } catch (error) {
      if (left === 0 || !isTaken(error)) throw error;
    }
  }
}

interface Asked {
  readonly server: Endpoint;
  readonly answer: StunAnswer;
}

/** One mapping for all: two servers at once, the first answer counts. */
async function askPairs(
  { io }: SiteTask,
  udp: UdpPort,
  servers: readonly Endpoint[],
  stop: AbortSignal,
): Promise<Asked | null> {
  for (let i = 0; i < servers.length && i < ANY_TRIES && !stop.aborted; i += 2) {
    const until = io.now() + PUNCH_ASK_TIMEOUT;
    const asking = servers
      .slice(i, i + 2)
      .map(async (server) => ({ server, answer: await udp.ask(server, until, stop) }));
    const first = await Promise.any(asking).catch(() => null);
    if (first !== null) return first;
  }
  return null;
}

/** Each destination costs a mapping: one server, and only where it stays silent another one. */
async function askOne(
  { io }: SiteTask,
  udp: UdpPort,
  servers: readonly Endpoint[],
  stop: AbortSignal,
): Promise<Asked | null> {
  for (const server of servers.slice(0, ANY_TRIES)) {
    const answer = await udp.ask(server, io.now() + PUNCH_ASK_TIMEOUT, stop).catch(() => null);
    if (answer !== null) return { server, answer };
    if (stop.aborted) break;
  }
  return null;
}

/** Resolves when the mapping is another one, or nobody knows. */
async function refresh(
  { io }: SiteTask,
  udp: UdpPort,
  server: Endpoint,
  mapped: number,
  stop: AbortSignal,
): Promise<void> {
  for (;;) {
    await io.sleepUntil(io.now() + UDP_SITE_REFRESH, AbortSignal.any([stop]));
    if (stop.aborted) return;
    const answer = await udp.ask(server, io.now() + PUNCH_ASK_TIMEOUT, stop).catch(() => null);
    if (answer?.mapped.port !== mapped) return;
  }
}

function isTaken(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'EADDRINUSE';
}
