/** Writing, and leaving, without losing a line. */

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
