/** Standard input as lines of text or as bytes, and standard output for bytes. */
import { createInterface } from 'node:readline';
import type { RawOutput } from '../app/journeys/raw.ts';

/**
 * Lines without their ends; a terminal is read like a file, each line when Enter is pressed.
 * Nothing is read before the first line is asked for: readline would drop it.
 */
export async function* stdinLines(): AsyncIterable<string> {
  yield* createInterface({ input: process.stdin, crlfDelay: Number.POSITIVE_INFINITY, terminal: false });
}

export async function* stdinBytes(): AsyncIterable<Uint8Array> {
  for await (const chunk of process.stdin)
    yield chunk instanceof Uint8Array ? chunk : Buffer.from(String(chunk));
}

/** Standard output for bytes. */
export function stdoutBytes(): RawOutput {
  const { stdout } = process;
  const gone = new Promise<Error>((resolve) => stdout.on('error', resolve));
  return {
    gone,
    write: (bytes) => new Promise((resolve) => stdout.write(bytes, () => resolve())),
  };
}
