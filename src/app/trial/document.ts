/**
 * What a trial comes to: the one data set of which the TUI, text, Markdown, HTML and `--json` are readings, and which
 * `--compare` and `--replay` take back. Side a is who started the trial. The contract's fields, and more. Types only.
 */
import type { Family, Method, NatReport, Pathway } from '../../net/index.ts';

export type SideName = 'a' | 'b';

export interface TrialSide {
  /** 32 hex digits; after redaction a name such as `node-a`. */
  readonly nodeId: string;
  /** Of its program. */
  readonly version: string;
  /** Where the program runs: `linux x64`; null = not told. */
  readonly platform: string | null;
  /** In `--json` as `nat --json` prints them (`natJson`); empty where nothing came of them. */
  readonly reports: readonly NatReport[];
}

/** A packet, or several of one kind within a moment, of a run; on side a's clock. */
export interface TrialMark {
  /** ms since the run began. */
  readonly at: number;
  readonly side: SideName;
  readonly method: 'tcp-punch' | 'udp-punch';
  readonly kind: 'sent' | 'refused' | 'received' | 'open';
  readonly count: number;
}

export interface TrialExplanation {
  readonly sentence: string;
  readonly confidence: 'certain' | 'likely' | 'possible';
  readonly evidence: readonly string[];
  /** What would help; null = nothing known. */
  readonly help: string | null;
}

export interface TrialRun {
  readonly outcome: 'open' | 'failed';
  /** ms since the trial began, on side a's clock. */
  readonly at: number;
  /** ms until the pipe was open, or the run was given up. */
  readonly elapsed: number;
  /** ms; null where it did not open. */
  readonly rtt: number | null;
  /** 10⁶ bits a second from the initiator's side; null where it was not measured. */
  readonly sendMbps: number | null;
  readonly receiveMbps: number | null;
  /** Why it failed; null where it opened. */
  readonly reason: string | null;
  readonly explanation: TrialExplanation | null;
  /** What both sides sent and received of a punch, in order of time; empty for other methods. */
  readonly timeline: readonly TrialMark[];
}

export interface TrialCell {
  readonly method: Method;
  readonly path: Pathway;
  readonly family: Family;
  /** Who asked for the pipe. */
  readonly initiator: SideName;
  readonly predicted: 'yes' | 'no' | 'maybe';
  /** Why it is predicted: one sentence. */
  readonly why: string;
  /** It came out against the prediction. */
  readonly surprise: boolean;
  readonly runs: readonly TrialRun[];
}

export interface TrialDocument {
  readonly schemaVersion: 1;
  /** Every cell was tried as often as was planned. */
  readonly complete: boolean;
  /** Why it is not complete, in a sentence; null where it is. */
  readonly incomplete: string | null;
  /** Unix ms. */
  readonly startedAt: number;
  /** ms. */
  readonly elapsed: number;
  /** Runs that each cell was to have; those predicted `no` have one. */
  readonly repeat: number;
  /** The clock of side b's machine against side a's, as they are set, ms: b's time = a's + offset, ± error; null = not known. */
  readonly clock: { readonly offset: number; readonly error: number } | null;
  readonly sides: Readonly<Record<SideName, TrialSide>>;
  readonly cells: readonly TrialCell[];
  /** What would help, sentences; the most helpful one first. */
  readonly advice: readonly string[];
  /** Addresses and node ids stand for others. */
  readonly redacted: boolean;
}
