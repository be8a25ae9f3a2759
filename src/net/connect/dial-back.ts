/**
 * Reverse connect, the side that was asked: dials the asker's addresses. Every connection that gets
 * through is offered with our proof; the asker chooses one by sending its own. Effects through Io.
 */
import { deferred } from '../deferred.ts';
import type { Method, NodeEvent } from '../events.ts';
import type { Identity } from '../identity.ts';
import type { ByteStream, Io } from '../io/io.ts';
import { Pipe, type PipeListener } from '../pipe/pipe.ts';
import { diallerPsk, secureAsDialler } from '../pipe/secure.ts';
import { ATTEMPT_DELAY, ATTEMPT_TIMEOUT } from '../timing.ts';
import { type Attempt, emitAttempt, newAttempt } from './attempt.ts';
import { reasonFor } from './explain.ts';
import type { Candidate } from './pathway.ts';

/** What an offered connection becomes, once the asker takes it. */
export interface OfferTask {
  readonly io: Io;
  readonly identity: Identity;
  readonly peerKey: Uint8Array;
  /** The peer's node id. */
  readonly peer: string;
  readonly pipeId: Uint8Array;
  /** The pipe's name. */
  readonly pipe: string;
  readonly listener: PipeListener;
  readonly emit: (event: NodeEvent) => void;
  /** The node stops, or the pipe has opened another way. */
  readonly signal: AbortSignal;
}

export interface DialBackTask extends OfferTask {
  readonly candidates: readonly Candidate[];
  /** ms until the first is dialled. */
  readonly delay: number;
  /** @default 'reverse' */
  readonly method?: Method;
  /** How a connection is had. @default TCP is dialled */
  readonly dial?: (candidate: Candidate, signal: AbortSignal) => Promise<ByteStream>;
}

/** @returns null when a pipe is open, or none is wanted any more; else why each candidate failed, in order */
export async function dialBack(task: DialBackTask): Promise<readonly string[] | null> {
  const over = new AbortController();
  const stop = AbortSignal.any([over.signal, task.signal]);
  let key: Promise<Uint8Array> | null = null;
  // Worked out while the first SYN is under way.
  const psk = () => {
    key ??= task.io.sleepUntil(task.io.now()).then(() => diallerPsk(task.identity, task.peerKey));
    return key;
  };
  const opened = deferred<null>();
  const attempts = task.candidates.map(async (candidate, number) => {
    const { io } = task;
    const pause = task.delay + number * ATTEMPT_DELAY;
    if (pause > 0) await io.sleepUntil(io.now() + pause, stop);
    if (stop.aborted) return 'not needed';
    const attempt = newAttempt(
      `${task.pipe}.${number}`,
      { method: task.method ?? 'reverse', ...candidate },
      io.now(),
    );
    const reason = await dialOne(task, attempt, psk, stop);
    if (reason === null) opened.resolve(null);
    return reason;
  });
  const reasons = await Promise.race([Promise.all(attempts), opened.promise]);
  over.abort(new Error('another path was faster'));
  return reasons === null || task.signal.aborted ? null : reasons.map((reason) => reason ?? 'open');
}

/** @returns null when it is open, else why not */
async function dialOne(
  task: DialBackTask,
  attempt: Attempt,
  psk: () => Promise<Uint8Array>,
  stop: AbortSignal,
): Promise<string | null> {
  const { io, identity, peerKey, pipeId } = task;
  const { way } = attempt;
  const onStop = () => attempt.stop.abort(stop.reason);
  stop.addEventListener('abort', onStop, { once: true });
  const done = new AbortController();
  void io.sleepUntil(io.now() + ATTEMPT_TIMEOUT, done.signal).then(() => {
    attempt.stop.abort(new Error(`no answer within ${ATTEMPT_TIMEOUT / 1000} s`));
  });
  emitAttempt(task, attempt, 'start');
  try {
    const { signal } = attempt.stop;
    const dialling = task.dial?.(way, signal) ?? io.dialTcp(way.local, way.remote, signal);
    const [stream, key] = await Promise.all([dialling, psk()]);
    attempt.secured = await secureAsDialler(io, stream, identity, peerKey, pipeId, key, signal);
    await openPipe(task, attempt);
    return null;
  } catch (error) {
    attempt.secured?.stream.destroy();
    const reason = reasonFor(attempt.stop.signal.aborted ? attempt.stop.signal.reason : error);
    emitAttempt(task, attempt, 'failed', reason);
    return reason;
  } finally {
    done.abort();
    stop.removeEventListener('abort', onStop);
  }
}

/** Offers the asker a secured connection with our proof and waits for its choice: it closes what it does not take. */
export async function openPipe(task: OfferTask, attempt: Attempt): Promise<void> {
  const { secured, way, stop } = attempt;
  const { listener } = task;
  if (secured === null) return;
  const info = {
    id: task.pipe,
    peer: task.peer,
    initiator: false,
    method: way.method,
    path: way.path,
  } as const;
  let opened = false;
  const taken = () => {
    // From here on the connection is a pipe's, whatever ends the dialling.
    opened = true;
    attempt.outcome = 'open';
    emitAttempt(task, attempt, 'open');
  };
  const open = (pipe: Pipe) => {
    taken();
    listener.open(pipe);
  };
  const joined: PipeListener['joined'] = (candidate, handover) => {
    taken();
    listener.joined(candidate, handover);
  };
  const pipe = new Pipe(task.io, secured, info, { ...listener, open, joined });
  const onStop = () => {
    if (!opened) secured.stream.destroy();
  };
  stop.signal.addEventListener('abort', onStop, { once: true });
  if (stop.signal.aborted) onStop();
  try {
    await pipe.start();
  } finally {
    stop.signal.removeEventListener('abort', onStop);
  }
}
