/** Bytes in, bytes out: a pipe joined to the program's input and output, whole or with an error. */
import { deferred, type Io, P2pdError, type Pipe, reasonOf } from '../../net/index.ts';
import type { Context } from './context.ts';

export interface RawOutput {
  /** @returns when there is room for more, or nobody reads any longer */
  write(bytes: Uint8Array): Promise<void>;
  /** Resolves with the system's error when nothing can be written any longer. */
  readonly gone: Promise<Error>;
}

/** What a pipe is joined to. */
export interface RawEnds {
  readonly input: AsyncIterable<Uint8Array>;
  readonly output: RawOutput;
  /** ms without a byte from the peer, after our end, until we close; null: the peer closes. */
  readonly linger: number | null;
}

/** What comes out of the pipe, on its way to the output. */
export class Inflow {
  readonly #io: Io;
  readonly #output: RawOutput;
  #writing = 0;
  #lastAt = 0;

  constructor(io: Io, output: RawOutput) {
    this.#io = io;
    this.#output = output;
  }

  /** A slow reader of ours slows the peer down. */
  async take(bytes: Uint8Array): Promise<void> {
    this.#writing++;
    await this.#output.write(bytes);
    this.#writing--;
    this.#lastAt = this.#io.now();
  }

  /** Since when nothing has come; now, while something is being written. */
  get quietSince(): number {
    return this.#writing > 0 ? this.#io.now() : this.#lastAt;
  }
}

/**
 * Until both have said all, the peer is quiet after our end, or nobody reads our output.
 *
 * @param leave the user wants to, or the pipe is over
 * @throws P2pdError PIPE_CLOSED where bytes are missing on either side, FILE_UNUSABLE where ours cannot be written
 */
export async function converseRaw(
  ctx: Context,
  pipe: Pipe,
  { input, output, linger }: RawEnds,
  inflow: Inflow,
  leave: AbortSignal,
): Promise<void> {
  const talk = (async () => {
    await pump(pipe, input, leave);
    if (!leave.aborted) await Promise.race([pipe.end(), pipe.closed]);
    if (linger === null) await aborted(leave);
    else await quiet(ctx.io, inflow, linger, leave);
    return null;
  })();
  talk.catch(() => undefined);
  const fault = await Promise.race([talk, output.gone]);
  if (fault !== null) {
    await pipe.close('nobody reads there any longer');
    if (!('code' in fault) || fault.code === 'EPIPE') return;
    throw new P2pdError('FILE_UNUSABLE', `standard output cannot be written to: ${reasonOf(fault)}`, {
      cause: fault,
    });
  }
  if (!leave.aborted || ctx.signal.aborted) return;
  const reason = await pipe.closed;
  const hint = 'do it again: what has come is not whole';
  if (!(await pipe.ended))
    throw new P2pdError('PIPE_CLOSED', `the pipe closed before the other side had ended: ${reason}`, {
      hint,
    });
  if (pipe.unsettled() > 0)
    throw new P2pdError('PIPE_CLOSED', `the pipe closed before all was there: ${reason}`, { hint });
}

/** Sends what comes in, until it ends or the pipe is over. */
export async function pump(
  pipe: Pipe,
  input: AsyncIterable<string | Uint8Array>,
  leave: AbortSignal,
): Promise<void> {
  const iterator = input[Symbol.asyncIterator]();
  for (;;) {
    const next = await unlessAborted(iterator.next(), leave);
    if (next === null || next.done) return;
    await pipe.send(next.value);
  }
}

/** A promise as old as the pipe, raced with each piece, would keep every piece until the end. */
async function unlessAborted<T>(wait: Promise<T>, signal: AbortSignal): Promise<T | null> {
  if (signal.aborted) return null;
  const over = deferred<null>();
  const onAbort = () => over.resolve(null);
  signal.addEventListener('abort', onAbort, { once: true });
  try {
    return await Promise.race([wait, over.promise]);
  } finally {
    signal.removeEventListener('abort', onAbort);
  }
}

export function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
}

async function quiet(io: Io, inflow: Inflow, ms: number, leave: AbortSignal): Promise<void> {
  const endedAt = io.now();
  while (!leave.aborted) {
    const until = Math.max(endedAt, inflow.quietSince) + ms;
    if (io.now() >= until) return;
    await io.sleepUntil(until, leave);
  }
}
