/** Writing, and leaving, without losing a line. */
import { errorEvent, exitCodeOf } from '../app/failure.ts';
import { jsonLine } from './json.ts';
import { createNarrator } from './narrate.ts';

/** One line: what failed, why, what to try. */
export function errorLine(event: ReturnType<typeof errorEvent>): string {
  const [line] = createNarrator({ log: 'error', messages: false, from: false })({ ...event, at: 0 });
  return line?.text ?? event.message;
}

/** A reader that has gone (`| head -1`) ends the output, not the program. */
export function write(stream: NodeJS.WriteStream, text: string): void {
  if (stream.listenerCount('error') === 0) stream.on('error', () => undefined);
  stream.write(text);
}

/** Leaves once everything written has reached its reader. */
export async function leave(code: number): Promise<never> {
  for (const stream of [process.stdout, process.stderr]) {
    if (stream.writableLength > 0) await new Promise<void>((resolve) => stream.write('', () => resolve()));
  }
  process.exit(code);
}

/** A fault before any journey ran. @returns its exit code */
export function report(error: unknown, argv: readonly string[]): number {
  const event = errorEvent(error);
  const line = argv.includes('--json') ? jsonLine({ ...event, at: 0 }) : null;
  if (line !== null) write(process.stdout, `${line}\n`);
  write(process.stderr, `${errorLine(event)}\n`);
  return exitCodeOf(error);
}
