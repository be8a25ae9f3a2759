/**
 * A connection that came in, until it is a pipe or gone: who calls, may they, are they who they
 * say. Every stranger, however slow, is gone within HANDSHAKE_TIMEOUT. Effects through Io.
 */
import type { Pathway } from '../events.ts';
import { type Identity, isPublicKey, nodeIdOf } from '../identity.ts';
import type { ByteStream, Io } from '../io/io.ts';
import { HANDSHAKE_TIMEOUT } from '../timing.ts';
import { AlertError, type AlertName } from '../wire/alert.ts';
import { Pipe, type PipeListener } from './pipe.ts';
import { pipeName } from './pipe-info.ts';
import type { Preamble } from './preamble.ts';
import { readPreamble, refuse, type Secured, secureAsAnswerer } from './secure.ts';

export interface AcceptTask {
  readonly io: Io;
  readonly identity: Identity;
  readonly stream: ByteStream;
  readonly listener: PipeListener;
  /** Which pathway the caller came by. */
  readonly path: Pathway;
  /** Whether this node id may have a pipe. */
  readonly allowed: (nodeId: string) => boolean;
  /** The connect that waits for this very connection, if there is one: its peer was asked to dial back. */
  readonly expected: (preamble: Preamble) => Expected | null;
  /** Whether a pipe of this name is open already. */
  readonly isOpen: (pipe: string) => boolean;
  /** The node stops. */
  readonly signal: AbortSignal;
}

/** Somebody here who asked for this connection. */
export interface Expected {
  /** Takes the secured connection over; what becomes of it is its own affair. */
  take(secured: Secured): void;
}

/**
 * @returns the open pipe; null where somebody here had asked for the connection and has it now
 * @throws Error with the reason, the stream being gone
 */
export async function acceptPipe(task: AcceptTask): Promise<Pipe | null> {
  const { io, stream } = task;
  const limit = new AbortController();
  const done = new AbortController();
  const stop = () => limit.abort(new Error('the node stops'));
  task.signal.addEventListener('abort', stop, { once: true });
  void io.sleepUntil(io.now() + HANDSHAKE_TIMEOUT, done.signal).then(() => {
    limit.abort(new Error(`no handshake within ${HANDSHAKE_TIMEOUT / 1000} s`));
  });
  try {
    return await handshake(task, limit.signal);
  } catch (error) {
    if (!(error instanceof AlertError)) stream.destroy();
    throw error;
  } finally {
    done.abort();
    task.signal.removeEventListener('abort', stop);
  }
}

async function handshake(task: AcceptTask, signal: AbortSignal): Promise<Pipe | null> {
  const { io, stream, identity, listener } = task;
  const first = await readPreamble(stream, signal);
  if (first.kind === 'other-version') {
    throw await decline(task, 'other-version', `it speaks version ${first.version} of the protocol`);
  }
  const { preamble } = first;
  const wanted = isPublicKey(preamble.publicKey) ? task.expected(preamble) : null;
  if (wanted !== null) {
    wanted.take(await secureAsAnswerer(io, stream, identity, preamble, signal));
    return null;
  }
  const id = pipeName(preamble.pipeId, preamble.publicKey, identity.publicKey);
  await check(task, preamble, id);
  const secured = await secureAsAnswerer(io, stream, identity, preamble, signal);
  const info = {
    id,
    peer: nodeIdOf(preamble.publicKey),
    initiator: false,
    method: 'direct',
    path: task.path,
  } as const;
  const pipe = new Pipe(io, secured, info, listener);
  const onAbort = () => secured.stream.destroy();
  signal.addEventListener('abort', onAbort, { once: true });
  if (signal.aborted) onAbort();
  try {
    await pipe.start();
  } catch (error) {
    throw signal.aborted ? signal.reason : error;
  } finally {
    signal.removeEventListener('abort', onAbort);
  }
  return pipe;
}

/** @throws Error when the caller is to be turned away before any key is worked out */
async function check(task: AcceptTask, preamble: Preamble, id: string): Promise<void> {
  if (!isPublicKey(preamble.publicKey)) throw new Error('its public key is no point of secp256k1');
  const peer = nodeIdOf(preamble.publicKey);
  if (peer === task.identity.nodeId) throw new Error('it has our own key');
  if (!task.allowed(peer))
    throw await decline(task, 'not-allowed', `node ${peer} is not on the --allow list`);
  // Of a pipe that either side asked for.
  const theirs = pipeName(preamble.pipeId, task.identity.publicKey, preamble.publicKey);
  if (task.isOpen(id) || task.isOpen(theirs))
    throw await decline(task, 'duplicate', 'this pipe is open already');
}

/** Says no to the caller, who keeps a place among the handshakes until gone. */
async function decline(task: AcceptTask, alert: AlertName, reason: string): Promise<AlertError> {
  await refuse(task.io, task.stream, alert);
  return new AlertError(alert, reason);
}
