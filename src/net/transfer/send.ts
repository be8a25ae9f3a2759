/** Sends one file over a pipe: offered, begun where the other side has it, and done when its hash was found right. */
import { deferred } from '../deferred.ts';
import { P2pdError, reasonOf } from '../errors.ts';
import type { RunningHash, Source } from '../io/transfer-types.ts';
import type { Pipe } from '../pipe/pipe.ts';
import { encodeFileMessage, type FileMessage } from './message.ts';
import type { FileReport } from './receive.ts';

const CHUNK = 256 * 1024;
/** Chunks that are on their way to the pipe at once, so that disk and hash do not wait for it. */
const AHEAD = 4;

export class FileSender {
  readonly #pipe: Pipe;
  readonly #source: Source;
  readonly #report: (report: FileReport) => void;
  readonly #accepted = deferred<Extract<FileMessage, { operation: 'accept' }>>();
  readonly #done = deferred<string>();
  /** Bytes that the pipe was given; null before the first. */
  #at: number | null = null;
  /** Where it begins. */
  #from = 0;
  #hash: RunningHash | null = null;
  /** The receiver will not have it. */
  #refusal: P2pdError | null = null;

  constructor(pipe: Pipe, source: Source, report: (report: FileReport) => void) {
    this.#pipe = pipe;
    this.#source = source;
    this.#report = report;
    this.#done.promise.catch(() => undefined);
    this.#accepted.promise.catch(() => undefined);
  }

  /** What the receiver says. */
  take(message: FileMessage): void {
    if (message.operation === 'accept') this.#accepted.resolve(message);
    else if (message.operation === 'done') this.#done.resolve(message.name);
    else if (message.operation === 'refuse') {
      this.#refusal = new P2pdError('FILE_REFUSED', `the file was refused: ${message.reason}`, {
        hint: message.reason.includes('takes no files')
          ? 'ask for accept --save-to DIR there, or /save DIR in its chat'
          : 'send it again',
      });
      this.#accepted.reject(this.#refusal);
      this.#done.reject(this.#refusal);
    }
  }

  /**
   * What does not come to its end is taken back: the pipe may go on without it.
   *
   * @returns its name on the other side
   * @throws P2pdError FILE_REFUSED, PIPE_CLOSED; the disk's error, or the signal's reason
   */
  async run(signal: AbortSignal): Promise<string> {
    try {
      const kept = await this.#run(signal);
      this.#tell('done', { kept });
      return kept;
    } catch (error) {
      const reason = reasonOf(error);
      if (this.#refusal === null) void this.#say({ operation: 'withdraw', reason }).catch(() => undefined);
      this.#tell('failed', { reason });
      throw error;
    } finally {
      await this.#hash?.close();
    }
  }

  async #run(signal: AbortSignal): Promise<string> {
    const { name, size } = this.#source;
    this.#tell('start');
    await this.#say({ operation: 'offer', size, name });
    const { offset, hash } = await this.#unlessOver(this.#accepted.promise, signal);
    this.#hash = this.#source.hash();
    const known = offset <= size ? await this.#unlessOver(this.#hash.digest(offset), signal) : null;
    const isSame = known !== null && Buffer.compare(known, hash) === 0;
    if (!isSame && offset > 0) {
      await this.#hash.close();
      this.#hash = this.#source.hash();
    }
    this.#from = isSame ? offset : 0;
    await this.#say({ operation: 'begin', offset: this.#from });
    await this.#stream(this.#hash, signal);
    await this.#say({ operation: 'end', hash: await this.#unlessOver(this.#hash.digest(size), signal) });
    return this.#unlessOver(this.#done.promise, signal);
  }

  /** How much of it is there by now. */
  tellProgress(): void {
    if (this.#at !== null) this.#tell('progress');
  }

  async #stream(hash: RunningHash, signal: AbortSignal): Promise<void> {
    const { size } = this.#source;
    const sending: Promise<void>[] = [];
    let at = this.#from;
    let reading = this.#read(at);
    for (this.#at = at; at < size; this.#at = at) {
      signal.throwIfAborted();
      if (this.#refusal !== null) throw this.#refusal;
      const bytes = await reading;
      if (bytes.length === 0)
        throw new P2pdError('FILE_UNUSABLE', 'the file has become shorter while it was sent');
      at += bytes.length;
      // The disk is at the next chunk while this one is encrypted.
      reading = this.#read(at);
      hash.upTo(at);
      const sent = this.#pipe.sendKind('bulk', bytes);
      sent.catch(() => undefined);
      sending.push(sent);
      if (sending.length >= AHEAD) await sending.shift();
    }
    await Promise.all(sending);
  }

  #read(at: number): Promise<Uint8Array> {
    const reading = this.#source.read(at, Math.min(CHUNK, this.#source.size - at));
    reading.catch(() => undefined);
    return reading;
  }

  #say(message: FileMessage): Promise<void> {
    return this.#pipe.sendKind('control', encodeFileMessage(message));
  }

  async #unlessOver<T>(wait: Promise<T>, signal: AbortSignal): Promise<T> {
    const given = deferred<never>();
    given.promise.catch(() => undefined);
    const onAbort = () => given.reject(signal.reason);
    signal.addEventListener('abort', onAbort, { once: true });
    if (signal.aborted) onAbort();
    void this.#pipe.closed.then((reason) =>
      given.reject(
        new P2pdError('PIPE_CLOSED', `the pipe closed before the file was there: ${reason}`, {
          hint: 'send it again: it goes on where it was',
        }),
      ),
    );
    try {
      return await Promise.race([wait, given.promise]);
    } finally {
      signal.removeEventListener('abort', onAbort);
    }
  }

  #tell(state: FileReport['state'], more: Pick<FileReport, 'reason' | 'kept'> = {}): void {
    const { name, size } = this.#source;
    const sent = (this.#at ?? this.#from) - (this.#at === null ? 0 : this.#pipe.unsettled());
    const done = state === 'done' ? size : Math.max(this.#from, sent);
    const report = {
      pipe: this.#pipe.id,
      direction: 'out',
      name,
      size,
      done,
      from: this.#from,
      state,
    } as const;
    this.#report({ ...report, ...more });
  }
}
