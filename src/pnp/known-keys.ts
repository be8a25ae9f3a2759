/**
 * Which key each nickname had when it was used first, as ssh remembers hosts: a name that shows another key later
 * is not believed until its user says so. Kept as JSON in the state directory.
 */
import * as v from 'valibot';
import { encodeBase16, type StateFiles } from '../net/index.ts';

const FILE = 'known-names.json';
const MAX_KNOWN = 5_000;
const key = v.pipe(v.string(), v.regex(/^[0-9a-f]{66}$/));
const schema = v.record(v.pipe(v.string(), v.maxLength(100)), key);

export type KeyState = 'new' | 'known' | 'changed';

/** @returns what is known of that name's key; a damaged file is as none */
export async function keyStateOf(files: StateFiles, name: string, publicKey: Uint8Array): Promise<KeyState> {
  const known = (await load(files))[name];
  if (known === undefined) return 'new';
  return known === encodeBase16(publicKey) ? 'known' : 'changed';
}

/** The key that the name has from now on. */
export async function rememberKey(files: StateFiles, name: string, publicKey: Uint8Array): Promise<void> {
  const { [name]: _, ...others } = await load(files);
  const kept = Object.entries(others).slice(1 - MAX_KNOWN);
  const all = Object.fromEntries([...kept, [name, encodeBase16(publicKey)]]);
  await files.write(FILE, `${JSON.stringify(all)}\n`);
}

async function load(files: StateFiles): Promise<Readonly<Record<string, string>>> {
  const text = await files.read(FILE);
  try {
    const parsed = v.safeParse(schema, JSON.parse(text ?? '{}'));
    return parsed.success ? parsed.output : {};
  } catch {
    return {};
  }
}
