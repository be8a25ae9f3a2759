/** Standard input as lines of text or as bytes. */
import { createInterface } from 'node:readline';
import { Readable } from 'node:stream';

/** Lines without their ends; a terminal is read like a file, each line when Enter is pressed. */
export function stdinLines(): AsyncIterable<string> {
  return createInterface({ input: process.stdin, crlfDelay: Number.POSITIVE_INFINITY, terminal: false });
}

export function stdinBytes(): AsyncIterable<Uint8Array> {
  return Readable.from(process.stdin, { objectMode: true });
}

/** Writes bytes to standard output. @returns when there is room for more, or nobody reads any longer */
export function stdoutBytes(bytes: Uint8Array): Promise<void> {
  return new Promise((resolve) => {
    if (process.stdout.listenerCount('error') === 0) process.stdout.on('error', () => undefined);
    process.stdout.write(bytes, () => resolve());
  });
}
