/** What meetings stand on. Types only. */
import type { NodeAddress } from '../address.ts';
import type { Relays } from '../connect/relays.ts';
import type { Method, NodeEvent, OuterFact } from '../events.ts';
import type { Identity } from '../identity.ts';
import type { Io, NetworkInterface } from '../io/io.ts';
import type { KnownNat } from '../nat/known.ts';
import type { LearntFact } from '../nat/learnt.ts';
import type { PipeListener } from '../pipe/pipe.ts';
import type { Place } from '../punch/place.ts';
import type { Site, SiteTask } from '../punch/site.ts';
import type { Signalling } from '../signal/signalling.ts';
import type { Endpoint } from '../wire/endpoint.ts';

/** What a node lends to those who bring it pipes. */
export interface NodeSide {
  /** Where the node listens. */
  readonly locals: () => readonly Endpoint[];
  readonly allowed: (nodeId: string) => boolean;
  readonly isOpen: (pipe: string) => boolean;
  /** Whether a pipe of this name is open, and by a relay. */
  readonly isRelayed: (pipe: string) => boolean;
  /** @param startedAt when the pipe showed its first sign  @param asker who asks for it */
  readonly listener: (startedAt: number, asker: NodeAddress) => PipeListener;
  readonly emit: (event: NodeEvent) => void;
  readonly signal: AbortSignal;
}

/** What the meetings of a node stand on. */
export interface MeetingTask extends NodeSide {
  readonly io: Io;
  readonly identity: Identity;
  /** 16 hex digits. */
  readonly machineId: string;
  readonly interfaces: readonly NetworkInterface[];
  readonly signalling: Signalling;
  /** Corrected Unix ms. */
  readonly wall: () => number;
  readonly outer: () => readonly OuterFact[];
  /** What is known of the NATs in front of it. */
  readonly nats: () => readonly KnownNat[];
  /** Resolves once they are known, or have had their time. Never rejects. */
  readonly natsKnown: (signal: AbortSignal) => Promise<void>;
  /** A site for a place that is open already, if there is one. */
  readonly warm: (place: Place) => Site | null;
  readonly isWarm: (place: Place) => boolean;
  /** STUN servers, in the order in which they are to be asked. */
  readonly stunServers: SiteTask['servers'];
  /** Takes what punches show of the own NATs. */
  readonly learn: (fact: LearntFact) => void;
  /** The TURN servers that it may use. */
  readonly relays: Relays;
  /** Whether a peer may ask for more than strangers may. */
  readonly isPartner: (nodeId: string) => boolean;
  /** What opened the last pipe with a node. */
  readonly lastMethod: (nodeId: string) => Method | null;
  /** The own newest address, as signed bytes, and its sequence number. */
  readonly ownAddress: () => { readonly bytes: Uint8Array; readonly sequence: number };
}
