/**
 * What people see of the stream of events without the TUI: data on stdout (the address, messages,
 * figures), narration on stderr, one line an event. Everything from a peer is made visible.
 */
import { METHOD_NAMES } from '../app/config.ts';
import type { LogLevel, Stamped } from '../app/events.ts';
import { makeVisible } from '../app/visible.ts';

export interface Line {
  readonly to: 'stdout' | 'stderr';
  readonly text: string;
}

export interface NarrateOptions {
  readonly log: LogLevel;
  /** Print messages: not where stdin and stdout are joined to the pipe as bytes. */
  readonly messages: boolean;
  /** Begin each message with whom it is from: where several peers may talk. */
  readonly from: boolean;
}

const LEVELS: readonly LogLevel[] = ['error', 'warn', 'info', 'debug'];
/** Digits of a node id that tell peers apart on a screen. */
const SHORT_ID = 8;

/** Remembers what later lines need: who is at the other end of which pipe. */
export function createNarrator(options: NarrateOptions): (event: Stamped) => Line | null {
  const peers = new Map<string, string>();
  return (event) => {
    if (event.event === 'open') peers.set(event.pipe, event.peer.slice(0, SHORT_ID));
    return narrate(event, options, peers);
  };
}

function narrate(event: Stamped, options: NarrateOptions, peers: ReadonlyMap<string, string>): Line | null {
  switch (event.event) {
    case 'step':
      if (event.state === 'start') return null;
      return err(`${event.state === 'ok' ? '+' : '!'} ${event.name}: ${event.detail ?? event.state}`);
    case 'ready':
      return { to: 'stdout', text: event.address };
    case 'attempt':
      return narrateAttempt(event);
    case 'open':
      return err(
        `open after ${event.elapsed} ms: ${METHOD_NAMES[event.method]} · ${event.path} · IPv${event.family} · ` +
          `${event.transport} · ${event.local} → ${event.remote} · rtt ${event.rtt} ms · encrypted · peer ${event.peer}`,
      );
    case 'message': {
      if (event.direction === 'out' || !options.messages) return null;
      const from = options.from ? `${peers.get(event.pipe) ?? '?'}: ` : '';
      return { to: 'stdout', text: from + makeVisible(event.text) };
    }
    case 'bench':
      return {
        to: 'stdout',
        text: `${event.bytes} bytes: ${event.sendMbps} Mbit/s out, ${event.receiveMbps} Mbit/s in, rtt ${event.rtt} ms`,
      };
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

function narrateAttempt(event: Extract<Stamped, { event: 'attempt' }>): Line | null {
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
