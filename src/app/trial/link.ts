/** A trial's own pipe: messages in and out of it. Effects through the node. */
import { DecodeError, type Io, P2pdError, type Pipe } from '../../net/index.ts';
import { decodeTrialMessage, encodeTrialMessage, type TrialMessage } from './messages.ts';

/** Takes a message; true: it was waited for, and needs no further look. */
type Waiter = (message: TrialMessage) => boolean;

export class TrialLink {
  readonly pipe: Pipe;
  readonly #io: Io;
  readonly #waiters = new Set<Waiter>();
  #over: P2pdError | null = null;
  readonly #ends = new Set<(error: P2pdError) => void>();

  constructor(io: Io, pipe: Pipe) {
    this.#io = io;
    this.pipe = pipe;
    void pipe.closed.then((reason) =>
      this.end(new P2pdError('PIPE_CLOSED', `the other side is gone: ${reason}`)),
    );
  }

  get isOver(): boolean {
    return this.#over !== null;
  }

  /** Why it is over; null while it is not. */
  get reason(): string | null {
    return this.#over?.message ?? null;
  }

  /** @throws P2pdError PIPE_CLOSED, INTERRUPTED where it is over */
  throwIfOver(): void {
    if (this.#over !== null) throw this.#over;
  }

  /** What was said by the pipe and nobody waits for. @returns null also for what is none of ours */
  take(bytes: Uint8Array): TrialMessage | null {
    let message: TrialMessage | null;
    try {
      message = decodeTrialMessage(bytes);
    } catch (error) {
      if (!(error instanceof DecodeError)) throw error;
      this.end(new P2pdError('PIPE_CLOSED', `the other side says something else: ${error.message}`));
      return null;
    }
    if (message === null) return null;
    if (message.type === 'stop')
      this.end(new P2pdError('INTERRUPTED', `the other side stopped it: ${message.reason}`));
    const taken = [...this.#waiters].some((waiter) => message !== null && waiter(message));
    return taken ? null : message;
  }

  /** @throws as `throwIfOver` */
  async send(message: TrialMessage): Promise<void> {
    this.throwIfOver();
    await this.pipe.sendKind('binary', encodeTrialMessage(message));
  }

  /**
   * Sends a question, and waits for its answer.
   *
   * @param question null: it is asked already
   * @param pick undefined for whatever is no answer
   * @throws P2pdError PEER_SILENT after `limit` ms; as `send`; the signal's reason
   */
  async ask<T>(
    question: TrialMessage | null,
    pick: (message: TrialMessage) => T | undefined,
    limit: number,
    signal?: AbortSignal,
  ): Promise<T> {
    const done = new AbortController();
    const answer = new Promise<T>((resolve, reject) => {
      const waiter = (message: TrialMessage) => {
        const picked = pick(message);
        if (picked === undefined) return false;
        resolve(picked);
        return true;
      };
      this.#waiters.add(waiter);
      this.#ends.add(reject);
      done.signal.addEventListener('abort', () => {
        this.#waiters.delete(waiter);
        this.#ends.delete(reject);
      });
      if (this.#over !== null) reject(this.#over);
      if (signal?.aborted) reject(signal.reason);
      signal?.addEventListener('abort', () => reject(signal.reason), { once: true, signal: done.signal });
      void this.#io.sleepUntil(this.#io.now() + limit, done.signal).then(() => {
        const what = question?.type ?? 'what was asked';
        reject(new P2pdError('PEER_SILENT', `no answer to "${what}" within ${limit / 1000} s`));
      });
    });
    try {
      const asked = question === null ? Promise.resolve() : this.send(question);
      // A side that reads nothing takes no question either.
      return await Promise.race([answer, asked.then(() => answer)]);
    } finally {
      done.abort();
    }
  }

  end(error: P2pdError): void {
    if (this.#over !== null) return;
    this.#over = error;
    for (const end of this.#ends) end(error);
  }
}
