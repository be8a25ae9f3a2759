/**
 * Opens a place to punch from: takes a local port, and finds out how the other side will see it and
 * those that follow. Where a server has to be asked, the connection to it stays open: it keeps the
 * mapping. Effects through Io.
 */
import type { ByteStream, Io } from '../io/io.ts';
import { nextPorts } from '../nat/predict.ts';
import { askTcp, type KeptAnswer } from '../stun/ask.ts';
import { PUNCH_ASK_TIMEOUT } from '../timing.ts';
import type { Endpoint, Family } from '../wire/endpoint.ts';
import { FORESEEN } from './flows.ts';
import type { Place, Transport } from './place.ts';
import type { UdpPort } from './udp-port.ts';

export interface Site {
  readonly place: Place;
  /** The first local port; flows from foreseen ports use those after it. */
  readonly port: number;
  /** As a PunchOffer tells them. */
  readonly ports: readonly number[];
  /** Monotonic ms: what is foreseen gets old. */
  readonly openedAt: number;
  /** Over UDP, the port itself. */
  readonly udp: UdpPort | null;
  close(): void;
  /** The connection that keeps the mapping is gone. */
  readonly lost: Promise<void>;
}

export interface SiteTask {
  readonly io: Io;
  /** STUN servers over the transport of its places, in the order in which they are to be asked. */
  readonly servers: (
    family: Family,
    transport: Transport,
    signal: AbortSignal,
  ) => Promise<readonly Endpoint[]>;
  readonly signal: AbortSignal;
}

/** Local ports of punches: above those of services, below those that systems give out by themselves. */
const LOWEST = 20_000;
const HIGHEST = 32_000;
const ANY_TRIES = 4;

/** Over TCP. @param wish the port that the peer hopes for, where the place can choose; 0 = any */
export async function openTcpSite(task: SiteTask, place: Place, wish: number): Promise<Site> {
  const { io } = task;
  const openedAt = io.now();
  const plain = (port: number, ports: readonly number[]): Site => ({
    place,
    port,
    ports,
    openedAt,
    udp: null,
    close: () => undefined,
    lost: new Promise(() => undefined),
  });
  if (place.source === 'local') {
    const port = wish === 0 ? randomPort(io, place) : wish;
    return plain(port, [port]);
  }
  if (place.source === 'none') return plain(randomPort(io, place), []);
  const asked = place.source === 'asked' ? await askBoth(task, place) : await askOne(task, place);
  if (asked === null) return plain(randomPort(io, place), []);
  const { answer, stream, lost } = asked.kept;
  const external = answer.mapped.port;
  const ports = place.source === 'asked' ? [external] : foreseenPorts(place, asked.port, external);
  return { place, port: asked.port, ports, openedAt, udp: null, close: () => stream.destroy(), lost };
}

/** Of the local ports after one whose mapping was seen. */
export function foreseenPorts({ facts }: Place, local: number, external: number): number[] {
  return nextPorts(facts, { local, external }, facts.delta === 3 ? 1 : FORESEEN);
}

interface Held extends KeptAnswer {
  readonly lost: Promise<void>;
}

interface Asked {
  readonly port: number;
  readonly kept: Held;
}

/** One mapping for all: two servers at once, the first answer counts. */
async function askBoth(task: SiteTask, place: Place): Promise<Asked | null> {
  const { io, signal } = task;
  const servers = await task.servers(place.family, 'tcp', signal);
  for (let i = 0; i < servers.length && i < ANY_TRIES && !signal.aborted; i += 2) {
    const port = randomPort(io, place);
    const over = new AbortController();
    const stop = AbortSignal.any([signal, over.signal]);
    const asking = servers.slice(i, i + 2).map((server) => ask(task, place, port, server, stop));
    try {
      const kept = await Promise.any(asking);
      over.abort();
      void dropOthers(asking, kept);
      return { port, kept };
    } catch {
      // The next two.
    }
  }
  return null;
}

/** Each destination costs a mapping: one server at a time, from another port each time. */
async function askOne(task: SiteTask, place: Place): Promise<Asked | null> {
  const { io, signal } = task;
  const servers = await task.servers(place.family, 'tcp', signal);
  for (const server of servers.slice(0, ANY_TRIES)) {
    const port = randomPort(io, place);
    const kept = await ask(task, place, port, server, signal).catch(() => null);
    if (kept !== null) return { port, kept };
    if (signal.aborted) break;
  }
  return null;
}

async function ask(
  { io }: SiteTask,
  { local }: Place,
  port: number,
  server: Endpoint,
  signal: AbortSignal,
): Promise<Held> {
  const kept = await askTcp(io, { ip: local, port }, server, io.now() + PUNCH_ASK_TIMEOUT, signal);
  return { ...kept, lost: hold(kept.stream) };
}

/** Keeps a connection open that has nothing more to say. */
function hold(stream: ByteStream): Promise<void> {
  return new Promise((resolve) => {
    stream.setReader({
      data: () => undefined,
      ended: () => stream.destroy(),
      closed: () => resolve(),
      drained: () => undefined,
    });
  });
}

async function dropOthers(asking: readonly Promise<Held>[], kept: Held): Promise<void> {
  for (const one of asking) {
    const other = await one.catch(() => null);
    if (other !== null && other !== kept) other.stream.destroy();
  }
}

/** Within what the NAT was seen to use: a port outside would not stay what it is. */
export function randomPort(io: Io, { facts, source }: Place): number {
  const bytes = io.randomBytes(4);
  const draw = new DataView(bytes.buffer, bytes.byteOffset).getUint32(0);
  const [lowest, highest] = source === 'local' ? (facts.range ?? [LOWEST, HIGHEST]) : [LOWEST, HIGHEST];
  const from = Math.max(lowest, 1_024);
  const size = Math.max(1, highest - from + 1 - FORESEEN);
  return from + (draw % size);
}
