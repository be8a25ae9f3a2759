/**
 * What a real node stands on: this machine's Io, interfaces and state directory. Loads effects
 * only when asked, so that the rest of the library needs none.
 */
import { P2pdError } from './errors.ts';
import { generateSecretKey, type Identity, identityOf, isValidSecretKey } from './identity.ts';
import type { Io, NetworkInterface } from './io/io.ts';
import type { NodeSetup, StartOptions } from './node-options.ts';
import { NO_SERVERS } from './servers.ts';
import type { StateFiles } from './state-files.ts';

/** A node's place in the state directory, while it holds it. */
export interface ClaimedIdentity {
  readonly identity: Identity;
  readonly slot: number;
  /** 16 hex digits. */
  readonly machineId: string;
  /** What outlives the process, in the same state directory. */
  readonly files: StateFiles;
  release(): Promise<void>;
}

/** The machine's own Io. */
export async function openIo(): Promise<Io> {
  const { createNodeIo } = await import('./io/node-io.ts');
  return createNodeIo();
}

/** The machine's load, 0 to 1 each; takes a second, as the processor is watched that long. */
export async function sampleLoad(): Promise<{ cpu: number; memoryUsed: number; load1: number }> {
  const load = await import('./io/load.ts');
  return load.sampleLoad();
}

/** @param directory undefined: P2PD_HOME, else the platform's data directory */
export async function openStateFiles(directory?: string): Promise<StateFiles> {
  const { defaultStateDirectory } = await import('./io/files.ts');
  const { readKept, writeKept } = await import('./io/kept-files.ts');
  const state = directory ?? defaultStateDirectory();
  return {
    read: (name) => readKept(state, name),
    write: (name, text) => writeKept(state, name, text),
  };
}

/**
 * A text file that a person named.
 *
 * @param limit bytes at most
 * @throws the system's error, or one for a longer or binary file
 */
export async function readTextFile(path: string, limit: number): Promise<string> {
  const files = await import('./io/text-file.ts');
  return files.readTextFile(path, limit);
}

/** Writes a text file that a person named. @throws the system's error */
export async function writeTextFile(path: string, text: string): Promise<void> {
  const files = await import('./io/text-file.ts');
  await files.writeTextFile(path, text);
}

/**
 * Takes the first free slot of a state directory.
 *
 * @param directory undefined: P2PD_HOME, else the platform's data directory
 * @throws P2pdError STATE_UNUSABLE, KEY_DAMAGED
 */
export async function claimIdentity(io: Io, directory?: string): Promise<ClaimedIdentity> {
  const { claimSlot, defaultStateDirectory, machineIdOf, StateError } = await import('./io/files.ts');
  const state = directory ?? defaultStateDirectory();
  try {
    const slot = await claimSlot(state, keyRules(io));
    const machineId = await machineIdOf(state);
    return {
      identity: identityOf(slot.secretKey),
      slot: slot.number,
      machineId,
      files: await openStateFiles(state),
      release: slot.release,
    };
  } catch (error) {
    throw error instanceof StateError ? stateFault(error) : error;
  }
}

/**
 * The key of `serve`: one for all that run on a state directory.
 *
 * @param directory undefined: P2PD_HOME, else the platform's data directory
 * @throws P2pdError STATE_UNUSABLE, KEY_DAMAGED
 */
/** A key for one purpose, which nobody will know again. */
export async function throwawayIdentity(io: Io): Promise<Identity> {
  return identityOf(await generateSecretKey((length) => io.randomBytes(length)));
}

/** Where keys and settings are: the one that was named, or this user's own. */
export async function stateDirectory(directory?: string): Promise<string> {
  const { defaultStateDirectory } = await import('./io/files.ts');
  return directory ?? defaultStateDirectory();
}

export async function serveIdentity(io: Io, directory?: string): Promise<Identity> {
  const { defaultStateDirectory, loadNamedKey, StateError } = await import('./io/files.ts');
  try {
    return identityOf(await loadNamedKey(directory ?? defaultStateDirectory(), 'serve.key', keyRules(io)));
  } catch (error) {
    throw error instanceof StateError ? stateFault(error) : error;
  }
}

function keyRules(io: Io) {
  return {
    generate: () => generateSecretKey((length) => io.randomBytes(length)),
    isValid: isValidSecretKey,
  };
}

function stateFault(error: Error & { readonly kind: 'unusable' | 'damaged' }): P2pdError {
  const code = error.kind === 'damaged' ? 'KEY_DAMAGED' : 'STATE_UNUSABLE';
  return new P2pdError(code, error.message, { cause: error });
}

/**
 * The interfaces that a node shall use.
 *
 * @param names ids or friendly names; undefined or empty: all. Loopback where there is nothing else.
 * @throws P2pdError NO_INTERFACE for a name that does not exist
 */
export async function chooseInterfaces(
  all: readonly NetworkInterface[],
  names: readonly string[] = [],
): Promise<readonly NetworkInterface[]> {
  if (names.length === 0 && all.length > 0) return all;
  const { loopbackInterface } = await import('./io/interfaces.ts');
  if (names.length === 0) return [loopbackInterface()];
  return names.map((name) => {
    const wanted = name.toLowerCase();
    const found = all.find((nic) => nic.id.toLowerCase() === wanted || nic.name.toLowerCase() === wanted);
    if (found !== undefined) return found;
    const loopback = loopbackInterface();
    if (loopback.id === name) return loopback;
    const known = all.length === 0 ? 'there is none' : `there are ${all.map((nic) => nic.id).join(', ')}`;
    throw new P2pdError('NO_INTERFACE', `no interface is called ${JSON.stringify(name)}: ${known}`);
  });
}

/** The same, looked at again while a node runs: an interface that is away by then is left out. */
export function interfacesAgain(
  io: Io,
  names: readonly string[],
): () => Promise<readonly NetworkInterface[]> {
  return async () => {
    const all = await io.interfaces();
    const one = (name: string) => chooseInterfaces(all, [name]).catch(() => []);
    return names.length === 0 ? chooseInterfaces(all) : (await Promise.all(names.map(one))).flat();
  };
}

/** All that `P2PNode.start` needs. Throws as the functions above. */
export async function setupOf(options: StartOptions): Promise<NodeSetup> {
  const io = await openIo();
  const { warn } = await import('./io/warn.ts');
  const interfaces = await chooseInterfaces(await io.interfaces(), options.interfaces);
  const claimed = await claimIdentity(io, options.state);
  return {
    io,
    identity: claimed.identity,
    machineId: claimed.machineId,
    slot: claimed.slot,
    servers: options.servers ?? NO_SERVERS,
    files: claimed.files,
    interfaces,
    listInterfaces: interfacesAgain(io, options.interfaces ?? []),
    port: options.port ?? null,
    allow: options.allow ?? null,
    portMapping: options.portMapping ?? false,
    emit: options.onEvent ?? (() => undefined),
    onHandlerError: options.onHandlerError ?? warn,
    release: claimed.release,
    ...(options.onPipe === undefined ? {} : { onPipe: options.onPipe }),
  };
}
