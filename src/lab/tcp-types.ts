/** What a simulated TCP connection is made with and whom it talks to. Types only. */
import type { Endpoint } from '../net/wire/endpoint.ts';
import type { Clock } from './clock.ts';
import type { TcpPacket } from './packet.ts';

export interface TcpOptions {
  /** Waits after each SYN, ms; after the last one ETIMEDOUT. */
  readonly synDelays: readonly number[];
  /** Waits after each SYN-ACK. */
  readonly synAckDelays: readonly number[];
  /** Payload bytes a segment. */
  readonly mss: number;
  /** What the system buffers for a reader that does not read. */
  readonly receiveBuffer: number;
  /** What it buffers for a peer that does not take; more stays with the program. */
  readonly sendBuffer: number;
  /** Retransmissions of one segment before ETIMEDOUT. */
  readonly retries: number;
  /** How long a closed connection is remembered, and how long a destroyed one waits for the peer. */
  readonly timeWait: number;
}

/** What a connection tells its owner. */
export interface SocketOwner {
  opened(): void;
  data(bytes: Uint8Array): void;
  ended(): void;
  /** The peer acknowledged something: there may be room again. */
  progress(): void;
  /** Reset, refused or timed out; nothing more comes. */
  failed(error: Error): void;
}

export interface SocketHost {
  readonly clock: Clock;
  readonly options: TcpOptions;
  send(packet: TcpPacket): void;
  /** The connection is over. */
  forget(socket: { readonly local: Endpoint; readonly remote: Endpoint }): void;
}

export type TcpState = 'syn-sent' | 'syn-received' | 'open' | 'time-wait' | 'closed';
