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
  readonly from: SideName;
  /** 0: at its own NAT, 1: at the other one. */
  readonly at: number;
  readonly kind: 'syn' | 'reset' | 'tcp' | 'udp';
  readonly fate: 'flying' | 'through' | 'dropped';
}

export interface Picture {
  readonly marks: readonly Mark[];
  /** The newest packet, in words; empty before there was one. */
  readonly caption: string;
}

export interface Scene {
  readonly sides: Readonly<Record<SideName, SceneSide>>;
  /** ms between the two, there and back. */
  readonly rtt: number;
  /** Virtual ms per real one. */
  readonly speed: number;
  picture(): Picture;
  /** Called when there is another picture. @returns unsubscribe */
  subscribe(listener: () => void): () => void;
}

/** What the TUI shows besides one session. */
export interface DemoView {
  readonly other: Session;
  readonly scene: Scene;
}
