/**
 * The one state: plain JSON, keyed by id, made only by `reduce`. Types and bounds.
 */
import type {
  BrokerFact,
  ClockOffset,
  Family,
  Method,
  NatReport,
  NatSide,
  NetworkInterface,
  OuterFact,
  Pathway,
  SignalEvent,
} from '../net/index.ts';
import type { LogLevel, NicknameEvent, StepName } from './events.ts';
import type { ServingState } from './serve-state.ts';
import type { Timelines } from './timeline.ts';
import type { Meter } from './transfer-meter.ts';
import type { TrialState } from './trial/events.ts';
import { INITIAL_UI, type UiState } from './ui-state.ts';

/** Log lines kept. */
export const MAX_LOG = 500;
/** Messages kept per pipe. */
export const MAX_MESSAGES = 1_000;
/** Attempts kept per pipe. */
export const MAX_ATTEMPTS = 100;
/** Pipes kept; closed ones leave first, oldest first. */
export const MAX_PIPES = 200;
/** Characters kept of one message: what a screen can show of it; the pipe itself carries 16 MiB. */
export const MAX_MESSAGE_TEXT = 16_384;
/** Characters kept of a line about what servers and peers said: more than a screen shows of one. */
export const MAX_LINE = 1_000;
/** Outer addresses, and brokers, kept per node: more than interfaces and servers that a screen could show. */
export const MAX_FACTS = 64;
/** NAT reports kept: interfaces and families that a screen could show. */
export const MAX_NAT_REPORTS = 32;

export interface StepState {
  readonly name: StepName;
  readonly state: 'start' | 'ok' | 'failed';
  readonly detail: string;
  readonly startedAt: number;
  /** ms from start to outcome; null while it runs. */
  readonly elapsed: number | null;
}

export interface NodeState {
  readonly nodeId: string;
  readonly address: string;
  readonly port: number;
  readonly slot: number;
  readonly nickname: string | null;
  readonly running: boolean;
}

/** What a node knows of the world outside, as it told last. */
export interface WorldState {
  readonly outer: readonly OuterFact[];
  readonly brokers: readonly BrokerFact[];
  /** How trying each broker ended last, by URL: while it is tried again, that is no news. */
  readonly outcomes: Readonly<Record<string, 'listening' | 'lost'>>;
  /** null = not known. */
  readonly clock: ClockOffset | null;
  /** Services were asked, and none of any kind answered. */
  readonly offline: boolean;
}

/** How asking the peer over signalling went. */
export interface SignalState {
  readonly state: SignalEvent['state'];
  /** Brokers that the message went to. */
  readonly brokers: readonly string[];
  /** ms to the peer's program and back; null before it answered. */
  readonly rtt: number | null;
  /** Its clock against ours. */
  readonly clock: ClockOffset | null;
}

export interface AttemptState {
  readonly id: string;
  readonly method: Method;
  readonly path: Pathway;
  readonly family: Family;
  readonly state: 'start' | 'failed' | 'open';
  readonly local: string;
  readonly remote: string;
  /** When it started, ms since the program did. */
  readonly startedAt: number;
  /** ms, once it has an outcome. */
  readonly elapsed: number | null;
  readonly reason: string | null;
}

export interface ChatMessage {
  readonly at: number;
  /** A note is the program's own. */
  readonly direction: 'in' | 'out' | 'note';
  /** As received: made visible only where it is drawn or printed. */
  readonly text: string;
  /** A note of a file that is on its way: it changes until the file is there. */
  readonly transfer?: Transfer;
}

export interface Transfer {
  readonly direction: 'in' | 'out';
  readonly meter: Meter;
}

/** The path a pipe takes, once it is open. */
export interface PathState {
  readonly method: Method;
  readonly path: Pathway;
  readonly family: Family;
  readonly transport: 'tcp' | 'udp';
  readonly local: string;
  readonly remote: string;
}

export interface PipeState {
  readonly id: string;
  /** The local node that it belongs to. */
  readonly node: string;
  readonly initiator: boolean;
  readonly state: 'connecting' | 'open' | 'closed' | 'failed';
  /** What the user gave to connect to; null for an incoming pipe. */
  readonly target: string | null;
  /** The NAT in front of the peer, as its address tells it; null where it is not known. */
  readonly peerNat: NatSide | null;
  /** The peer's node id once it is proven. */
  readonly peer: string | null;
  readonly path: PathState | null;
  readonly startedAt: number;
  /** ms from request to open pipe. */
  readonly elapsed: number | null;
  readonly rtt: number | null;
  /** null: the peer was not asked over signalling. */
  readonly signal: SignalState | null;
  readonly attempts: readonly AttemptState[];
  readonly messages: readonly ChatMessage[];
  /** Incoming messages since the pipe was last in front. */
  readonly unread: number;
  /** Why it failed or closed, with what to try. */
  readonly reason: string | null;
  /** Why it has no path while another one is looked for; null while it has one. */
  readonly stranded: string | null;
}

export interface LogLine {
  readonly at: number;
  readonly level: LogLevel;
  readonly text: string;
}

export interface LoadState {
  readonly cpu: number;
  readonly memoryUsed: number;
  readonly load1: number;
}

/** A NAT report as far as it is known. */
export interface NatReportState {
  readonly report: NatReport;
  /** It is final. */
  readonly done: boolean;
  /** When it was told, ms since the program started. */
  readonly at: number;
}

/** What has become of a nickname. */
export type NicknameState = Omit<NicknameEvent, 'event' | 'node'>;

export interface State {
  /** null until they are known. */
  readonly interfaces: readonly NetworkInterface[] | null;
  readonly steps: readonly StepState[];
  /** Of each interface and family, the newest. */
  readonly nat: readonly NatReportState[];
  /** In order of start. */
  readonly nodes: readonly NodeState[];
  /** By node id; there before the node is ready, gone when it stops. */
  readonly worlds: Readonly<Record<string, WorldState>>;
  /** In order of appearance. */
  readonly pipes: readonly PipeState[];
  readonly timelines: Timelines;
  /** The newest nickname of each node, by its id. */
  readonly nicknames: Readonly<Record<string, NicknameState>>;
  readonly log: readonly LogLine[];
  readonly load: LoadState | null;
  /** What this machine serves to others; null: it never did. */
  readonly serving: ServingState | null;
  /** The newest trial; null: there was none. */
  readonly trial: TrialState | null;
  /** The newest error that is not about one pipe. */
  readonly error: { readonly message: string; readonly hint: string } | null;
  readonly ui: UiState;
}

export const INITIAL_STATE: State = {
  interfaces: null,
  nat: [],
  steps: [],
  nodes: [],
  worlds: {},
  pipes: [],
  timelines: {},
  nicknames: {},
  log: [],
  load: null,
  serving: null,
  trial: null,
  error: null,
  ui: INITIAL_UI,
};
