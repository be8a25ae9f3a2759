/** Standard input as lines of text or as bytes. */
import { createInterface } from 'node:readline';

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

/** Writes bytes to standard output. @returns when there is room for more, or nobody reads any longer */
export function stdoutBytes(bytes: Uint8Array): Promise<void> {
  return new Promise((resolve) => {
    if (process.stdout.listenerCount('error') === 0) process.stdout.on('error', () => undefined);
    process.stdout.write(bytes, () => resolve());
  });
}
