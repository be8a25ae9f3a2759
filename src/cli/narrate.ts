/**
 * What people see of the stream of events without the TUI: data on stdout (the address, messages,
 * figures), narration on stderr, one line an event. Everything from a peer is made visible.
 */
import { METHOD_NAMES } from '../app/config.ts';
import type { LogLevel, Stamped } from '../app/events.ts';
import { lossText, moveText } from '../app/reduce-path.ts';
import type { WorldState } from '../app/state.ts';
import { reduceTrial, type TrialState } from '../app/trial/events.ts';
import { trialLine } from '../app/trial/lines.ts';
import { makeVisible } from '../app/visible.ts';
import { nextWorld, signalReport, worldChanges } from '../app/world.ts';
import { createFileNarrator, type Line } from './narrate-files.ts';

export interface NarrateOptions {
  readonly log: LogLevel;
  /** Print messages: not where stdin and stdout are joined to the pipe as bytes. */
  readonly messages: boolean;
  /** Begin each message with whom it is from: where several peers may talk. */
  readonly from: boolean;
  /** Columns of a line that changes; null, or left out: there is none. */
  readonly columns?: () => number | null;
}

const LEVELS: readonly LogLevel[] = ['error', 'warn', 'info', 'debug'];
const OFFLINE =
  '! offline: no public service answers; machines that reach each other still connect ' +
  '(try: p2pd-demo serve on one machine, --via on the others)';
/** Digits of a node id that tell peers apart on a screen. */
const SHORT_ID = 8;

/** Remembers what later lines need: who is at the other end of which pipe, what each node knew last. */
export function createNarrator(options: NarrateOptions): (event: Stamped) => readonly Line[] {
  const peers = new Map<string, string>();
  const worlds = new Map<string, WorldState>();
  let trial: TrialState | null = null;
  const narrateFile = createFileNarrator(options.columns ?? (() => null));
  return (event) => {
    if (event.event === 'world') {
      const before = worlds.get(event.node) ?? null;
      const after = nextWorld(before, event);
      worlds.set(event.node, after);
      return narrateWorld(before, after, options.log);
    }
    if (event.event === 'trial' || event.event === 'trial-run') {
      trial = reduceTrial(trial, event);
      const text = trial && trialLine(event, trial);
      return text === null ? [] : [err(text)];
    }
    if (event.event === 'file') return narrateFile(event);
    if (event.event === 'open') peers.set(event.pipe, event.peer.slice(0, SHORT_ID));
    const line = narrate(event, options, peers);
    return line === null ? [] : [line];
  };
}

function narrate(event: Stamped, options: NarrateOptions, peers: ReadonlyMap<string, string>): Line | null {
  switch (event.event) {
    case 'step':
      return narrateStep(event);
    case 'ready':
      return { to: 'stdout', text: event.address };
    case 'address':
      return logLine('info', `a newer address: ${event.address}`, options.log);
    case 'network':
      return err(`! the network has changed: ${event.detail}`);
    case 'signal':
      return narrateSignal(event);
    case 'attempt':
      return narrateAttempt(event);
    case 'open':
      return narrateOpen(event);
    case 'explanation':
      return narrateExplanation(event);
    case 'message':
      return narrateMessage(event, options, peers);
    case 'bench':
      return {
        to: 'stdout',
        text: `${event.bytes} bytes: ${event.sendMbps} Mbit/s out, ${event.receiveMbps} Mbit/s in, rtt ${event.rtt} ms`,
      };
    case 'path':
      return err(`path: ${moveText(event)}`);
    case 'stranded':
      return err(`! ${lossText(event)}`);
    case 'closed':
      return err(`closed: ${event.reason}`);
    case 'error':
      return err(
        `p2pd-demo: ${event.message}${event.hint === '' ? '' : ` (try: ${event.hint})`}`.replace(/\s+/g, ' '),
      );
    case 'log':
      return logLine(event.level, event.text, options.log);
    case 'refused':
      return logLine('info', `refused ${event.remote}: ${event.reason}`, options.log);
    default:
      return null;
  }
}

type Told<E extends Stamped['event']> = Extract<Stamped, { event: E }>;

function narrateStep({ state, name, detail }: Told<'step'>): Line | null {
  if (state === 'start') return null;
  return err(`${state === 'ok' ? '+' : '!'} ${name}: ${detail ?? state}`);
}

function narrateSignal(event: Told<'signal'>): Line | null {
  if (event.state === 'asked') return null;
  return err(`${event.state === 'answered' ? '+' : '-'} signalling: ${signalReport(event)}`);
}

function narrateMessage(
  { direction, text, pipe }: Told<'message'>,
  { messages, from }: NarrateOptions,
  peers: ReadonlyMap<string, string>,
): Line | null {
  if (direction === 'out' || !messages) return null;
  return { to: 'stdout', text: (from ? `${peers.get(pipe) ?? '?'}: ` : '') + makeVisible(text) };
}

/** That nothing can be reached is told at once; what else changes is for the log. */
function narrateWorld(before: WorldState | null, after: WorldState, log: LogLevel): readonly Line[] {
  const changes = worldChanges(before, after).flatMap((text) => logLine('info', text, log) ?? []);
  return after.offline && before?.offline !== true ? [...changes, err(OFFLINE)] : changes;
}

function narrateOpen(event: Told<'open'>): Line {
  const { method, path, family, transport, local, remote, rtt, peer } = event;
  const way = [METHOD_NAMES[method], path, `IPv${family}`, transport, `${local} → ${remote}`];
  const measured = rtt === null ? [] : [`rtt ${rtt} ms`];
  const parts = [...way, ...measured, 'encrypted', `peer ${peer}`];
  return err(`open after ${event.elapsed} ms: ${parts.join(' · ')}`);
}

/** What failed is told by the error; this tells why, and what speaks for it. */
function narrateExplanation({ sentence, confidence, evidence }: Told<'explanation'>): Line {
  const seen = evidence.length === 0 ? '' : ` (${confidence}; ${evidence.join(', ')})`;
  return err(`= ${sentence}${seen}`);
}

function narrateAttempt(event: Told<'attempt'>): Line | null {
  if (event.state !== 'failed') return null;
  const reason = event.reason ?? 'no reason known';
  return err(
    `- ${METHOD_NAMES[event.method]} · ${event.path} · IPv${event.family} · ${event.local} → ${event.remote}: ` +
      `${reason} (${event.elapsed} ms)`,
  );
}

function logLine(level: LogLevel, text: string, limit: LogLevel): Line | null {
  return LEVELS.indexOf(level) <= LEVELS.indexOf(limit) ? err(`${level}: ${text}`) : null;
}

/** Narration: one line and safe to show, whoever its words are from. */
function err(text: string): Line {
  return { to: 'stderr', text: makeVisible(text) };
}
