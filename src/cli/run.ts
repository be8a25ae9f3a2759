/**
 * Runs one journey for the command line: events to stdout and stderr, signals to an abort, faults
 * to one line and an exit code.
 */

import type { Config } from '../app/config.ts';
import type { ReadyEvent, Stamped } from '../app/events.ts';
import { errorEvent, exitCodeOf } from '../app/failure.ts';
import type { Context } from '../app/journeys/context.ts';
import { createAppStore, type Store } from '../app/store.ts';
import { claimIdentity, openIo, openStateFiles, P2pdError } from '../net/index.ts';
import { jsonLine } from './json.ts';
import { createNarrator, type NarrateOptions } from './narrate.ts';
import { leave, write } from './output.ts';
import { errorLine } from './report.ts';
import { StatusLine } from './status-line.ts';

/** Which events of a command are data on stdout in text mode. */
export interface Voice extends Omit<NarrateOptions, 'log' | 'columns'> {
  /** Each event is a line of JSON on stdout; a report's document is its only one, so its events are narrated. */
  readonly json: 'events' | 'document' | false;
  /** Where the own address is printed once the node is ready; false: nowhere. */
  readonly address: 'stdout' | 'stderr' | false;
  /** What the other side runs to come to this one. @default connect */
  readonly invites?: 'connect' | 'trial';
  /** What an interrupt means: 0 where that is how the journey ends. */
  readonly interruptedExit: 0 | 130;
}

/** How a command speaks unless it says otherwise. */
export function voiceOf(options: { readonly json?: boolean }): Voice {
  return {
    json: options.json ? 'events' : false,
    address: false,
    messages: true,
    from: false,
    interruptedExit: 130,
  };
}

/**
 * Runs the journey to its end and leaves the process with the contract's exit code.
 *
 * @param journey a number that it comes to is the exit code of a report that was printed all the same
 */
export async function runJourney(
  config: Config,
  voice: Voice,
  journey: (ctx: Context) => Promise<unknown>,
): Promise<never> {
  const stop = new AbortController();
  const io = await openIo();
  const store = createAppStore(() => io.now(), 0);
  store.onEvent(voice.json === 'events' ? printJson : printText(config, voice));
  onSignals(() => stop.abort(new P2pdError('INTERRUPTED', 'interrupted')));
  const ctx = {
    io,
    config,
    emit: store.emit,
    signal: stop.signal,
    claim: () => claimIdentity(io, config.state),
    files: () => openStateFiles(config.state),
  };
  let code = 0;
  try {
    const result = await journey(ctx);
    if (typeof result === 'number') code = result;
    if (stop.signal.aborted) code = voice.interruptedExit;
  } catch (error) {
    code = stop.signal.aborted ? voice.interruptedExit : fail(error, store, voice.json);
  }
  return leave(code);
}

/** Tells a fault: on stdout as an event with --json, on stderr as a line in any case. @returns its exit code */
function fail(error: unknown, store: Store, json: Voice['json']): number {
  const event = errorEvent(error);
  store.emit(event);
  if (json === 'events') write(process.stderr, `${errorLine(event)}\n`);
  if (json === 'document') printJson({ ...event, at: store.now() });
  return exitCodeOf(error);
}

function printJson(event: Stamped): void {
  const line = jsonLine(event);
  if (line !== null) write(process.stdout, `${line}\n`);
}

function printText(config: Config, voice: Voice): (event: Stamped) => void {
  const status = new StatusLine(process.stderr);
  const narrate = createNarrator({ ...voice, log: config.log, columns: () => status.columns });
  return (event) => {
    const isReady = event.event === 'ready';
    if (isReady && voice.address === false) return;
    for (const { to, text } of narrate(event)) {
      if (to === 'status') status.show(text);
      else status.print(process[streamOf(voice, isReady, to)], `${text}\n`);
    }
    if (isReady) tellOthers(event, voice.invites ?? 'connect');
  };
}

/** Beside a document everything is told on stderr. */
function streamOf({ json, address }: Voice, isReady: boolean, to: 'stdout' | 'stderr'): 'stdout' | 'stderr' {
  if (json === 'document') return 'stderr';
  return (isReady && address) || to;
}

/** What the other side types. */
function tellOthers({ port, nickname, address }: ReadyEvent, command: string): void {
  write(process.stderr, `listening on port ${port}; the other side runs:\n`);
  write(process.stderr, `  npx p2pd-demo ${command} ${nickname ?? address}\n`);
}

/** The first signal asks to stop; a second one, from somebody who cannot wait, ends the process. */
function onSignals(stop: () => void): void {
  let asked = false;
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(signal, () => {
      if (asked) process.exit(130);
      asked = true;
      stop();
    });
  }
}
