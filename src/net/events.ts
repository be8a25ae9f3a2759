/**
 * What a node tells about its pipes: plain objects, the contract's events of these names less
 * `at`. The program's one stream of events is made of them. Types only.
 */
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
  /** Round trip of the path in ms. */
  readonly rtt: number;
}

export interface MessageEvent {
  readonly event: 'message';
  readonly pipe: string;
  readonly direction: 'in' | 'out';
  /** The bytes as UTF-8, not yet made safe for a terminal. */
  readonly text: string;
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

export type NodeEvent = AttemptEvent | OpenEvent | MessageEvent | RttEvent | ClosedEvent | RefusedEvent;
