/** Text files that a person named: read whole, up to a limit, or written. Effects only. */
import { open, writeFile } from 'node:fs/promises';

/**
 * @param limit bytes at most
 * @throws the system's error (`code` ENOENT, EACCES, EISDIR), or one for a longer or binary file
 */
export async function readTextFile(path: string, limit: number): Promise<string> {
  const file = await open(path, 'r');
  try {
    const bytes = new Uint8Array(limit + 1);
    let length = 0;
    for (;;) {
      const { bytesRead } = await file.read(bytes, length, bytes.length - length);
      length += bytesRead;
      if (length > limit) throw new Error(`it is longer than ${limit} bytes`);
      if (bytesRead === 0) break;
    }
    return decode(bytes.subarray(0, length));
  } finally {
    await file.close();
  }
}

/** Writes a text where a person wants it, whatever was there. @throws the system's error */
export async function writeTextFile(path: string, text: string): Promise<void> {
  await writeFile(path, text, 'utf8');
}

/** Some editors begin a text with a byte order mark; JSON does not know it. */
function decode(bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    throw new Error('it is no UTF-8 text');
  }
}
