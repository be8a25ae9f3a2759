/** What the punches of both transports have in common. Types only. */
import type { Lane } from '../connect/trace.ts';
import type { ByteStream, Io } from '../io/io.ts';
import type { Aimed, PunchRole } from './flows.ts';
import type { Site } from './site.ts';

/** The part of a side where only chance helps. */
export interface Chance {
  readonly part: 'random' | 'guesser';
  /** Of the other side's ports; null = not known. */
  readonly range: readonly [number, number] | null;
  /** Takes the one place for this; null where another one has it. @returns how to give it back */
  readonly enter: (ip: string) => (() => void) | null;
}

/** One site's punch, over either transport. */
export interface Punch {
  readonly site: Site;
  /** Opens the own filter before the meeting, where that can be done unseen by the peer's router. */
  open?(peer: Aimed): void;
  /** Aims at ports of the peer, in order: each flow makes a mapping. @returns whether there is any way */
  aim(peer: Aimed, chance: Chance | null): boolean;
}

export interface PunchTask {
  readonly io: Io;
  readonly role: PunchRole;
  readonly site: Site;
  /** Takes what has opened. @returns whether the peer is at its other end */
  readonly connected: (stream: ByteStream) => Promise<boolean>;
  readonly failed: (error: unknown) => void;
  /** Where what happens is noted. */
  readonly lane: Lane;
  readonly signal: AbortSignal;
}
