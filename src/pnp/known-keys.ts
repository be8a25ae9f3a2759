/**
 * Which key each nickname had when it was used first, as ssh remembers hosts: a name that shows another key later
 * is not believed until its user says so. Kept as JSON in the state directory.
 */
import * as v from 'valibot';
import { encodeBase16, type StateFiles } from '../net/index.ts';

const FILE = 'known-names.json';
const MAX_KNOWN = 5_000;
const key = v.pipe(v.string(), v.regex(/^[0-9a-f]{66}$/));
/** A list, as objects (and checks of them) make exceptions for names such as "constructor". */
const schema = v.array(v.tuple([v.pipe(v.string(), v.maxLength(100)), key]));

export type KeyState = 'new' | 'known' | 'changed';

/** @returns what is known of that name's key; a damaged file is as none */
export async function keyStateOf(files: StateFiles, name: string, publicKey: Uint8Array): Promise<KeyState> {
  const known = (await load(files)).get(name);
  if (known === undefined) return 'new';
  return known === encodeBase16(publicKey) ? 'known' : 'changed';
}

/** The key that the name has from now on. */
export async function rememberKey(files: StateFiles, name: string, publicKey: Uint8Array): Promise<void> {
  const known = await load(files);
  known.delete(name);
  const kept = [...known].slice(1 - MAX_KNOWN);
  const all = [...kept, [name, encodeBase16(publicKey)]];
  await files.write(FILE, `${JSON.stringify(all)}\n`);
}

async function load(files: StateFiles): Promise<Map<string, string>> {
  const text = await files.read(FILE);
  try {
    const parsed = v.safeParse(schema, JSON.parse(text ?? '[]'));
    return new Map(parsed.success ? parsed.output : []);
  } catch {
    return new Map();
  }
}
