/**
 * What a node tells about its pipes: plain objects, the contract's events of these names less
 * `at`. The program's one stream of events is made of them. Types only.
 */
import type { NetworkInterface } from './io/io.ts';
import type { NatReport } from './nat-report.ts';
import type { Family } from './wire/endpoint.ts';

export type Method = 'direct' | 'reverse' | 'tcp-punch' | 'udp-punch' | 'relay';
/** P2PD's pathways: external (WAN) or local (LAN, same machine). The contract's JSON key is `path`. */
export type Pathway = 'external' | 'local';

/** One attempt of one method over one pair of endpoints; `id` tells attempts of one pipe apart. */
export interface AttemptEvent {
  readonly event: 'attempt';
  readonly pipe: string;
  readonly id: string;
  readonly method: Method;
  readonly path: Pathway;
  readonly family: Family;
  readonly state: 'start' | 'failed' | 'open';
  readonly local: string;
  readonly remote: string;
  /** ms since this attempt started. */
  readonly elapsed: number;
  /** Why it failed; on success and start absent. */
  readonly reason?: string;
}

export interface OpenEvent {
  readonly event: 'open';
  readonly pipe: string;
  readonly node: string;
  /** Who asked for the pipe. */
  readonly initiator: boolean;
  readonly method: Method;
  readonly path: Pathway;
  readonly family: Family;
  readonly transport: 'tcp' | 'udp';
  readonly local: string;
  readonly remote: string;
  /** The peer's node id, proven. */
  readonly peer: string;
  readonly encrypted: true;
  /** ms, as the contract defines it. */
  readonly elapsed: number;
  /** Round trip of the path in ms; null where it opened before one was measured. */
  readonly rtt: number | null;
}

/** A pipe goes on by another path. */
export interface PathEvent {
  readonly event: 'path';
  readonly pipe: string;
  readonly from: Method;
  readonly to: Method;
  /** ms that it had no path; 0 where one followed the other. */
  readonly elapsed: number;
  readonly path: Pathway;
  readonly family: Family;
  readonly transport: 'tcp' | 'udp';
  readonly local: string;
  readonly remote: string;
  /** Round trips in ms of the former path and of this one; null where none was measured. */
  readonly before: number | null;
  readonly rtt: number | null;
}

/** A pipe has lost its path; another one is looked for. */
export interface StrandedEvent {
  readonly event: 'stranded';
  readonly pipe: string;
  readonly reason: string;
  /** ms that it may take. */
  readonly limit: number;
}

export interface MessageEvent {
  readonly event: 'message';
  readonly pipe: string;
  readonly direction: 'in' | 'out';
  /** The bytes as UTF-8, not yet made safe for a terminal. */
  readonly text: string;
}

/** How a file on its way over a pipe does. */
export interface FileEvent {
  readonly event: 'file';
  readonly pipe: string;
  readonly direction: 'in' | 'out';
  /** Of one received: already made safe, and once it is done the name under which it is kept. */
  readonly name: string;
  /** Bytes. */
  readonly size: number;
  /** Bytes that are there. */
  readonly done: number;
  /** Bytes of these that were there before, from an earlier try. */
  readonly from: number;
  /** `refused`: a peer's file that is not wanted here. */
  readonly state: 'start' | 'progress' | 'done' | 'failed' | 'refused';
  /** Once it is done: its path here, or its name on the other side. */
  readonly kept?: string;
  /** Why it failed. */
  readonly reason?: string;
}

export interface RttEvent {
  readonly event: 'rtt';
  readonly pipe: string;
  readonly rtt: number;
}

export interface ClosedEvent {
  readonly event: 'closed';
  readonly pipe: string;
  readonly reason: string;
}

/** A connection that never became a pipe: a stranger, a slow or damaged handshake, a peer not allowed. */
export interface RefusedEvent {
  readonly event: 'refused';
  readonly node: string;
  readonly remote: string;
  readonly reason: string;
}

/** A kind of public service that a node asks at its start. */
export type ServiceName = 'stun' | 'mqtt' | 'ntp';

/** How asking one kind of service, or the routers for a port, went; `detail` says in a few words what answered and how fast. */
export interface ServiceEvent {
  readonly event: 'step';
  readonly node: string;
  readonly name: ServiceName | 'portmap';
  readonly state: 'start' | 'ok' | 'failed';
  readonly detail?: string;
}

/** How the Internet sees one address of an interface (server-reflexive, RFC 8445 §4). */
export interface OuterFact {
  /** The interface's id. */
  readonly interface: string;
  readonly family: Family;
  readonly inner: string;
  readonly outer: string;
  /** Which transport the answers came over. */
  readonly transport: 'udp' | 'tcp';
  /** Servers that agree. */
  readonly agreed: number;
  /** Round trip of the fastest of them, ms. */
  readonly rtt: number;
}

export interface BrokerFact {
  readonly url: string;
  readonly state: 'connecting' | 'listening' | 'lost';
  /** Round trip of a message to ourselves through it, ms; null before the first. */
  readonly rtt: number | null;
  /** Why it was lost. */
  readonly reason: string | null;
}

/** Our clock against that of time servers: corrected time = own + offset. */
export interface ClockOffset {
  /** ms. */
  readonly offset: number;
  /** ± ms. */
  readonly error: number;
  /** Answers that agree. */
  readonly samples: number;
}

/** What a node knows of the world outside; told anew, whole, with each change. */
export interface WorldEvent {
  readonly event: 'world';
  readonly node: string;
  readonly outer: readonly OuterFact[];
  readonly brokers: readonly BrokerFact[];
  /** null = not known. */
  readonly clock: ClockOffset | null;
  /** No service of any kind could be reached, though some were asked. */
  readonly offline: boolean;
}

/** What is known of the NAT in front of one interface and family; told again while probes answer. */
export interface NatEvent {
  readonly event: 'nat';
  readonly report: NatReport;
  /** The report is final. */
  readonly done: boolean;
}

/** A node's address is another one now: a higher sequence number. */
export interface AddressEvent {
  readonly event: 'address';
  readonly node: string;
  readonly address: string;
}

/** How asking a peer over signalling goes. */
export interface SignalEvent {
  readonly event: 'signal';
  readonly pipe: string;
  readonly peer: string;
  /** asked: sent to its brokers · answered: it acknowledged · silent: it did not, on any of them. */
  readonly state: 'asked' | 'answered' | 'silent';
  /** Brokers that the message went to. */
  readonly brokers: readonly string[];
  /** Round trip to the peer's program, ms; null before it answered. */
  readonly rtt: number | null;
  /** Its clock against ours; null before it answered. */
  readonly clock: ClockOffset | null;
}

/** Packets of one kind that one side of a hole punch met within a moment. */
export interface TraceEvent {
  readonly event: 'trace';
  readonly pipe: string;
  /** own: seen here · peer: as the peer told it. */
  readonly side: 'own' | 'peer';
  readonly method: 'tcp-punch' | 'udp-punch';
  readonly path: Pathway;
  readonly family: Family;
  readonly kind: 'sent' | 'refused' | 'received' | 'open';
  readonly count: number;
  /** Of the first of them: Unix ms of this side's corrected clock. */
  readonly time: number;
  /** ms from then until this was told. */
  readonly ago: number;
  /** ± ms: how well the peer's clock is known; 0 for what was seen here. */
  readonly error: number;
}

/** Why a connect ended as it did. */
export interface ExplanationEvent {
  readonly event: 'explanation';
  readonly pipe: string;
  readonly method: Method | null;
  readonly sentence: string;
  /** certain: it was seen · likely: what was seen has hardly another cause · possible: nothing speaks against it. */
  readonly confidence: 'certain' | 'likely' | 'possible';
  /** What was seen, in a few words each. */
  readonly evidence: readonly string[];
  /** What would help; null = nothing need. */
  readonly help: string | null;
}

/** The machine's network is another one, or it was asleep. */
export interface NetworkEvent {
  readonly event: 'network';
  readonly node: string;
  /** As they are now. */
  readonly interfaces: readonly NetworkInterface[];
  /** What is different, for people. */
  readonly detail: string;
}

export type NodeEvent =
  | TraceEvent
  | ExplanationEvent
  | AttemptEvent
  | OpenEvent
  | PathEvent
  | StrandedEvent
  | MessageEvent
  | FileEvent
  | RttEvent
  | ClosedEvent
  | RefusedEvent
  | ServiceEvent
  | WorldEvent
  | AddressEvent
  | NetworkEvent
  | NatEvent
  | SignalEvent;
