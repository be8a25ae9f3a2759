/**
 * The state directory on disk: one secret key and one lock per slot, and this machine's id. Key
 * files are made 0600 and written atomically; what they hold is never part of a message.
 */
import { createHmac, randomBytes } from 'node:crypto';
import { chmod, link, mkdir, open, readFile, rm } from 'node:fs/promises';
import { homedir, platform } from 'node:os';
import { join } from 'node:path';
import { decodeBase16, encodeBase16 } from '../wire/base16.ts';
import { tryLock } from './slot-lock.ts';

/** Slots of one state directory: nobody runs more nodes on one machine. */
const MAX_SLOTS = 1_000;
/** Bytes of a key file that are read: 64 digits and a line end; anything longer is no key. */
const SECRET_KEY_LENGTH = 32;

/** Something is wrong with the state directory: `kind` tells whether with the place or with a key. */
export class StateError extends Error {
  override readonly name = 'StateError';
  readonly kind: 'unusable' | 'damaged';

  constructor(kind: 'unusable' | 'damaged', message: string, options?: ErrorOptions) {
    super(message, options);
    this.kind = kind;
  }
}

/** A running node's place in the state directory. */
export interface Slot {
  /** 0, 1, 2…: the first that no running process holds. */
  readonly number: number;
  /** 32 bytes; the slot's own for ever. */
  readonly secretKey: Uint8Array;
  /** Lets the slot go; the key stays. */
  release(): Promise<void>;
}

export interface KeyRules {
  generate(): Promise<Uint8Array>;
  isValid(key: Uint8Array): boolean;
}

/** The platform's place for a program's data (XDG, Library, LOCALAPPDATA), unless P2PD_HOME names one. */
export function defaultStateDirectory(
  environment: Readonly<Record<string, string | undefined>> = process.env,
): string {
  if (environment.P2PD_HOME) return environment.P2PD_HOME;
  if (platform() === 'win32') return join(environment.LOCALAPPDATA ?? homedir(), 'p2pd-demo');
  if (platform() === 'darwin') return join(homedir(), 'Library', 'Application Support', 'p2pd-demo');
  return join(environment.XDG_DATA_HOME || join(homedir(), '.local', 'share'), 'p2pd-demo');
}

/**
 * Takes the first free slot, and makes its key if it has none.
 *
 * @throws StateError
 */
export async function claimSlot(directory: string, keys: KeyRules): Promise<Slot> {
  await makeDirectory(directory);
  for (let number = 0; number < MAX_SLOTS; number++) {
    const lock = await usable(directory, () => tryLock(join(directory, `slot-${number}.lock`)));
    if (lock === null) continue;
    try {
      const secretKey = await loadKey(directory, `slot-${number}.key`, keys);
      return { number, secretKey, release: lock.release };
    } catch (error) {
      await lock.release();
      throw error;
    }
  }
  throw new StateError('unusable', `all ${MAX_SLOTS} slots of ${directory} are in use`);
}

/**
 * 16 hex digits that are equal for all nodes of this machine and tell nothing about its own id
 * (HMAC-SHA256 of it). Where the system has no id, one is kept in the state directory.
 */
export async function machineIdOf(directory: string): Promise<string> {
  const id = (await systemMachineId()) ?? (await keptMachineId(directory));
  return createHmac('sha256', 'p2pd-demo machine id').update(id).digest('hex').slice(0, 16);
}

async function makeDirectory(directory: string): Promise<void> {
  await usable(directory, () => mkdir(directory, { recursive: true, mode: 0o700 }));
}

/** Runs an action on the directory; its errors become a StateError that says what the system said. */
async function usable<T>(directory: string, action: () => Promise<T>): Promise<T> {
  try {
    return await action();
  } catch (error) {
    if (error instanceof StateError) throw error;
    const why = error instanceof Error && 'code' in error ? String(error.code) : String(error);
    throw new StateError('unusable', `the state directory ${directory} cannot be used (${why})`, {
      cause: error,
    });
  }
}

/**
 * The key of a name that no slot has; made the first time. Processes that come at once have the same.
 *
 * @throws StateError
 */
export async function loadNamedKey(directory: string, name: string, keys: KeyRules): Promise<Uint8Array> {
  await makeDirectory(directory);
  try {
    return await loadKey(directory, name, keys);
  } catch (error) {
    // Another process made it in between.
    if (!(error instanceof StateError && isCode(error.cause, 'EEXIST'))) throw error;
    return loadKey(directory, name, keys);
  }
}

async function loadKey(directory: string, name: string, keys: KeyRules): Promise<Uint8Array> {
  const path = join(directory, name);
  const text = await usable(directory, () => readIfThere(path));
  if (text === null) {
    const fresh = await keys.generate();
    return usable(directory, () => createKey(path, fresh));
  }
  const key = decodeBase16(text.trim());
  if (key === null || key.length !== SECRET_KEY_LENGTH || !keys.isValid(key)) {
    throw new StateError(
      'damaged',
      `the key file ${path} is damaged: it does not hold a secp256k1 key in 64 hex digits`,
    );
  }
  await usable(directory, () => chmod(path, 0o600));
  return key;
}

async function createKey(path: string, key: Uint8Array): Promise<Uint8Array> {
  await writeNew(path, `${encodeBase16(key)}\n`);
  return key;
}

async function readIfThere(path: string): Promise<string | null> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if (isCode(error, 'ENOENT')) return null;
    throw error;
  }
}

function isCode(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code;
}

/** Whole or not at all, and never over a file that is there already. */
async function writeNew(path: string, text: string): Promise<void> {
  const temporary = `${path}.${randomBytes(5).toString('hex')}`;
  try {
    const file = await open(temporary, 'wx', 0o600);
    try {
      await file.writeFile(text);
      await file.sync();
    } finally {
      await file.close();
    }
    await link(temporary, path);
  } finally {
    await rm(temporary, { force: true });
  }
}

async function systemMachineId(): Promise<string | null> {
  for (const path of ['/etc/machine-id', '/var/lib/dbus/machine-id']) {
    const text = await readIfThere(path).catch(() => null);
    if (text !== null && text.trim() !== '') return text.trim();
  }
  return null;
}

async function keptMachineId(directory: string): Promise<string> {
  const path = join(directory, 'machine-id');
  await makeDirectory(directory);
  return usable(directory, async () => {
    const kept = await readIfThere(path);
    if (kept !== null && kept.trim() !== '') return kept.trim();
    const fresh = randomBytes(16).toString('hex');
    await writeNew(path, `${fresh}\n`).catch((error: unknown) => {
      // Another process was first: its id counts.
      if (!isCode(error, 'EEXIST')) throw error;
    });
    return (await readIfThere(path))?.trim() ?? fresh;
  });
}
