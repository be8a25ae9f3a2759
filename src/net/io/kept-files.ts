/** Small texts in the state directory, each written whole or not at all, 0600. Effects only. */
import { randomBytes } from 'node:crypto';
import { mkdir, open, readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';

/** Bytes of a file that are read: what we write is far smaller. */
const MAX_FILE = 262_144;
const NAME = /^[\w-]+(\.[\w-]+)*$/;

/** null where there is none, or it cannot be read. */
export async function readKept(directory: string, name: string): Promise<string | null> {
  try {
    const text = await readFile(join(directory, checked(name)), 'utf8');
    return text.length > MAX_FILE ? null : text;
  } catch {
    return null;
  }
}

/** A failure is silent: nothing that is kept here is needed. */
export async function writeKept(directory: string, name: string, text: string): Promise<void> {
  const path = join(directory, checked(name));
  const temporary = `${path}.${randomBytes(5).toString('hex')}`;
  try {
    await mkdir(directory, { recursive: true, mode: 0o700 });
    const file = await open(temporary, 'wx', 0o600);
    try {
      await file.writeFile(text);
    } finally {
      await file.close();
    }
    await rename(temporary, path);
  } catch {
    await rm(temporary, { force: true }).catch(() => undefined);
  }
}

function checked(name: string): string {
  if (!NAME.test(name)) throw new TypeError(`${JSON.stringify(name)} is no name of a kept file`);
  return name;
}
