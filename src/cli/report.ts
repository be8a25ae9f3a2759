/** Faults of the command line itself, as one line and an exit code. Loaded when there is one. */
import { CommanderError } from 'commander';
import { errorEvent, exitCodeOf } from '../app/failure.ts';
import { P2pdError } from '../net/index.ts';
import { jsonLine } from './json.ts';
import { createNarrator } from './narrate.ts';
import { write } from './output.ts';

/** One line: what failed, why, what to try. */
export function errorLine(event: ReturnType<typeof errorEvent>): string {
  const [line] = createNarrator({ log: 'error', messages: false, from: false })({ ...event, at: 0 });
  return line?.text ?? event.message;
}

/** A fault before any journey ran. @returns its exit code */
export function report(error: unknown, argv: readonly string[]): number {
  const fault = error instanceof CommanderError ? usage(error, argv) : error;
  const event = errorEvent(fault);
  const line = argv.includes('--json') ? jsonLine({ ...event, at: 0 }) : null;
  if (line !== null) write(process.stdout, `${line}\n`);
  write(process.stderr, `${errorLine(event)}\n`);
  return exitCodeOf(fault);
}

function usage(error: CommanderError, argv: readonly string[]): P2pdError {
  const unknown =
    error.code === 'commander.excessArguments' &&
    !error.message.includes(" for '") &&
    `no command is called ${JSON.stringify(argv[2])}`;
  const message = unknown || error.message.replace(/^error: /, '').replace(/\s+/g, ' ');
  return new P2pdError('USAGE', message, { cause: error });
}
