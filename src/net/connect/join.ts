/**
 * A proven connection that becomes the path of a pipe which is open already: our side of it. The peer's is
 * `NodePipes.joined`. Effects through Io.
 */
import type { Io } from '../io/io.ts';
import { decodeJoin } from '../pipe/join.ts';
import { Pipe, type PipeListener } from '../pipe/pipe.ts';
import type { PipeInfo } from '../pipe/pipe-info.ts';
import type { Secured } from '../pipe/secure.ts';
import { type Endpoint, formatEndpoint } from '../wire/endpoint.ts';

/** The peer has no such pipe: it has given it up, or begun anew. */
export class PipeGone extends Error {
  constructor(why = 'the peer no longer has this pipe') {
    super(why);
  }
}

/** Where a pipe was dialled before nothing listens now: whoever had it has ended. */
export function hasEnded(target: Pipe | null, remote: Endpoint, error: unknown): boolean {
  const isRefused = error instanceof Error && 'code' in error && error.code === 'ECONNREFUSED';
  return isRefused && target !== null && formatEndpoint(target.remote) === formatEndpoint(remote);
}

/**
 * Proves both ends of a connection and moves a pipe there.
 *
 * @param info of the connection: its way is the pipe's from then on
 * @param taken called when the connection is about to be the pipe's
 * @throws PipeGone; Error where the connection is lost before
 */
export async function joinPipe(
  io: Io,
  secured: Secured,
  info: PipeInfo,
  target: Pipe,
  listener: PipeListener,
  taken: () => void,
): Promise<void> {
  let isGone = false;
  let hasMoved = false;
  const joined: PipeListener['joined'] = (_, handover) => {
    isGone = decodeJoin(handover.payload) === null;
    if (isGone) handover.secured.stream.destroy();
    else {
      taken();
      hasMoved = target.move(handover, false);
    }
  };
  const quiet = { proven: () => undefined, closed: () => undefined };
  const candidate = new Pipe(io, secured, info, { ...listener, ...quiet, joined }, { join: target.joinText });
  const leave = target.joins.enter(candidate, io.now());
  try {
    await candidate.start();
  } finally {
    leave();
  }
  if (isGone) throw new PipeGone();
  if (!hasMoved) throw new Error('the pipe is closed');
}
