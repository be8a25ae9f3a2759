/**
 * The program's one stream of events: what a node tells, what journeys tell, what a person does
 * in the TUI. `reduce` folds it into state; json, narrate and the screens are readings of it.
 * Events carry `at`, ms since the program started, added by the store. Types only.
 */
import type { ErrorCode, NatSide, NetworkInterface, NodeEvent, ServersDocument } from '../net/index.ts';
import type { ServingEvent } from './serve-events.ts';
import type { TrialEvent, TrialRunEvent } from './trial/events.ts';
import type { UiEvent } from './ui-state.ts';

/** The contract's names, and three that only people see: identity, servers and listen. */
export type StepName =
  | 'interfaces'
  | 'identity'
  | 'servers'
  | 'listen'
  | 'stun'
  | 'mqtt'
  | 'ntp'
  | 'portmap'
  | 'nickname';

/** A part of start-up, a node's `ServiceEvent` included; `detail` says in a few words what was found. */
export interface StepEvent {
  readonly event: 'step';
  readonly node?: string;
  readonly name: StepName;
  readonly state: 'start' | 'ok' | 'failed';
  readonly detail?: string;
}

export interface ReadyEvent {
  readonly event: 'ready';
  readonly address: string;
  readonly nodeId: string;
  readonly port: number;
  readonly slot: number;
  readonly nickname: string | null;
  /** Of `serve` alone: what others may use, as a `--servers` file holds it; `address` is then for `--via`. */
  readonly servers?: ServersDocument;
}

/** A node, or a serve, has stopped. */
export interface StoppedEvent {
  readonly event: 'stopped';
  readonly nodeId: string;
}

export interface InterfacesEvent {
  readonly event: 'interfaces';
  readonly interfaces: readonly NetworkInterface[];
}

/** Machine load, 0 to 1 each; `load1` is the one-minute load average. */
export interface LoadEvent {
  readonly event: 'load';
  readonly cpu: number;
  readonly memoryUsed: number;
  readonly load1: number;
}

/** A connect was asked for: `pipe` will appear in its attempts. */
export interface ConnectEvent {
  readonly event: 'connect';
  readonly pipe: string;
  readonly node: string;
  /** What the user gave: an address, shortened for display where needed. */
  readonly peer: string;
  /** The NAT in front of the peer, as its address tells it. */
  readonly peerNat?: NatSide;
}

/** What has become of a node's nickname. */
export interface NicknameEvent {
  readonly event: 'nickname';
  readonly node: string;
  /** Without its ending. */
  readonly name: string;
  readonly state: 'asking' | 'held' | 'failed';
  /** With its ending; null where no server holds it. */
  readonly full: string | null;
  /** What each server said, in a few words. */
  readonly servers: readonly { readonly host: string; readonly outcome: string }[];
  /** Unix seconds. */
  readonly expires: number | null;
  /** Why it failed, in a sentence. */
  readonly reason: string | null;
}

export interface BenchEvent {
  readonly event: 'bench';
  readonly pipe: string;
  readonly bytes: number;
  readonly sendMbps: number;
  readonly receiveMbps: number;
  readonly rtt: number;
}

/** Something failed: one line (what, why), and what to try. `pipe` where a connect failed. */
export interface ErrorEvent {
  readonly event: 'error';
  readonly code: ErrorCode;
  readonly message: string;
  readonly hint: string;
  readonly pipe?: string;
}

/** The program says something among the messages of a pipe. */
export interface NoteEvent {
  readonly event: 'note';
  readonly pipe: string;
  readonly text: string;
}

export type LogLevel = 'error' | 'warn' | 'info' | 'debug';

export interface LogEvent {
  readonly event: 'log';
  readonly level: LogLevel;
  readonly text: string;
}

export type AppEvent =
  | NodeEvent
  | StepEvent
  | ReadyEvent
  | StoppedEvent
  | ServingEvent
  | InterfacesEvent
  | LoadEvent
  | ConnectEvent
  | NicknameEvent
  | BenchEvent
  | TrialEvent
  | TrialRunEvent
  | ErrorEvent
  | LogEvent
  | NoteEvent
  | UiEvent;

/** An event as it lies in the stream. */
export type Stamped<E extends AppEvent = AppEvent> = E & { readonly at: number };
