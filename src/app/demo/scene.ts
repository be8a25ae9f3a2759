/** What the demo's picture shows: two machines, their NATs, and the packets between them. Types only. */
import type { Session } from '../session.ts';

export type SideName = 'a' | 'b';

export interface SceneSide {
  readonly name: string;
  /** The machine's own address, and the one that others see. */
  readonly inner: string;
  readonly outer: string;
  /** `restrict port, equal`. */
  readonly nat: string;
}

/** A packet on its way from one NAT to the other, or what has just become of it. */
export interface Mark {
  /** In which direction it goes: from this side to the other one. */
  readonly from: SideName;
  /** 0: at the NAT where that direction begins, 1: at the other one; servers are midway. */
  readonly at: number;
  /** What servers and relays get and send is all of one kind. */
  readonly kind: 'syn' | 'reset' | 'tcp' | 'udp' | 'server';
  readonly fate: 'flying' | 'through' | 'dropped';
}

export interface Picture {
  readonly marks: readonly Mark[];
  /** The newest packet between the two, in words; empty before there was one. */
  readonly caption: string;
  /** Virtual ms per real one. */
  readonly speed: number;
}

export interface Scene {
  readonly sides: Readonly<Record<SideName, SceneSide>>;
  /** ms between the two, there and back. */
  readonly rtt: number;
  picture(): Picture;
  /** Called when there is another picture. @returns unsubscribe */
  subscribe(listener: () => void): () => void;
}

/** What the TUI shows besides one session. */
export interface DemoView {
  readonly other: Session;
  readonly scene: Scene;
}
