/** The connection that a connect has chosen: it becomes a pipe, or the path of one that is open. Effects through Io. */
import type { NodeEvent } from '../events.ts';
import type { Io } from '../io/io.ts';
import { Pipe, type PipeListener } from '../pipe/pipe.ts';
import type { Secured } from '../pipe/secure.ts';
import { type Attempt, emitAttempt } from './attempt.ts';
import { joinPipe } from './join.ts';

export interface CommitTask {
  readonly io: Io;
  /** The pipe's name. */
  readonly pipe: string;
  /** Node id. */
  readonly peer: string;
  readonly listener: PipeListener;
  readonly emit: (event: NodeEvent) => void;
}

/** @param openOnProof see SessionOptions. @returns once it is open. @throws Error where it is lost before */
export async function commitNew(
  task: CommitTask,
  attempt: Attempt,
  secured: Secured,
  openOnProof: boolean,
): Promise<void> {
  const { io, listener } = task;
  const open = (pipe: Pipe) => {
    emitAttempt(task, attempt, 'open');
    listener.open(pipe);
  };
  attempt.pipe = new Pipe(io, secured, infoOf(task, attempt), { ...listener, open }, { openOnProof });
  await attempt.pipe.start();
}

/** @returns once the pipe has moved there. @throws as `joinPipe` */
export async function commitMove(
  task: CommitTask,
  attempt: Attempt,
  secured: Secured,
  target: Pipe,
): Promise<void> {
  // From here on the connection is the pipe's, whatever ends the connect.
  const taken = () => {
    attempt.outcome = 'open';
    emitAttempt(task, attempt, 'open');
  };
  await joinPipe(task.io, secured, infoOf(task, attempt), target, task.listener, taken);
  attempt.pipe = target;
}

function infoOf({ pipe: id, peer }: CommitTask, { way }: Attempt) {
  return { ...way, id, peer, initiator: true };
}
