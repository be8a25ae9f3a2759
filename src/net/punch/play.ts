/** One site's punch, whichever transport carries it, and the part that chance has in it. */
import type { Lane, Tracer } from '../connect/trace.ts';
import type { ByteStream, Io } from '../io/io.ts';
import type { PunchOffer } from '../signal/punch-call.ts';
import { birthdayPart } from './birthday.ts';
import type { PunchRole } from './flows.ts';
import type { Aim, Place } from './place.ts';
import type { Chance, Punch } from './punch.ts';
import type { Site, SiteTask } from './site.ts';
import { TcpPunch } from './tcp-punch.ts';
import type { Quality } from './udp-port.ts';
import { UdpPunch } from './udp-punch.ts';

/** What all punches of one side of a pipe share. */
export interface PlayTask extends SiteTask {
  readonly io: Io;
  readonly role: PunchRole;
  /** Of `probeKey`. */
  readonly key: Uint8Array;
  readonly tracer: Tracer;
  /** Takes the node's one place for guessing; null where another punch has it. @returns how to give it back */
  readonly enterChance: (ip: string) => (() => void) | null;
}

/** What becomes of a site's punch. */
export interface PlayEnd {
  /** Takes what has opened. @returns whether the peer is at its other end */
  readonly connected: (stream: ByteStream, quality: (() => Quality) | null) => Promise<boolean>;
  readonly failed: (error: unknown) => void;
  readonly lane: Lane;
  readonly signal: AbortSignal;
}

export function playFrom(task: PlayTask, site: Site, end: PlayEnd): Punch {
  const { io, role, key } = task;
  const { connected, failed, lane, signal } = end;
  lane.foreseen(site.ports);
  if (site.udp === null)
    return new TcpPunch({
      io,
      role,
      site,
      connected: (stream) => connected(stream, null),
      failed,
      lane,
      signal,
    });
  return new UdpPunch({
    io,
    role,
    site,
    key,
    connected: (stream, port) => connected(stream, () => port.quality),
    failed,
    lane,
    server: async (stop) => (await task.servers(site.place.family, 'udp', stop))[0] ?? null,
    signal,
  });
}

export function methodOf({ transport }: Pick<Place, 'transport'>): PunchOffer['method'] {
  return transport === 'tcp' ? 'tcp-punch' : 'udp-punch';
}

/**
 * What is left to chance between an own place and one of the peer; null where nothing is. What the peer
 * says of its ports now counts more than what its address said.
 */
export function chanceFor(
  task: Pick<PlayTask, 'enterChance'>,
  place: Place,
  { ports }: Pick<PunchOffer, 'ports'>,
  peer: Aim | undefined,
): Chance | null {
  if (place.transport !== 'udp' || place.path !== 'external' || peer === undefined) return null;
  const source = ports.length === 0 ? 'none' : peer.source === 'none' ? 'asked' : peer.source;
  const part = birthdayPart(place, { source, facts: peer.facts });
  return part === null ? null : { part, range: peer.facts.range, enter: task.enterChance };
}
