/** Sends one file over a pipe: offered, begun where the other side has it, and done when its hash was found right. */
import { createHash } from 'node:crypto';
import { type Deferred, deferred } from '../deferred.ts';
import { P2pdError } from '../errors.ts';
import type { Source } from '../io/transfer-types.ts';
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
  #at = 0;

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
      const error = new P2pdError('FILE_REFUSED', `the file was refused: ${message.reason}`, {
        hint: message.reason.includes('takes no files')
          ? 'ask for accept --save-to DIR there'
          : 'send it again',
      });
      this.#accepted.reject(error);
      this.#done.reject(error);
    }
  }

  /** @returns its name on the other side. @throws P2pdError FILE_REFUSED, PIPE_CLOSED; the disk's error */
  async run(signal: AbortSignal): Promise<string> {
    const { name, size } = this.#source;
    this.#tell('start');
    await this.#say({ operation: 'offer', size, name });
    const { offset, hash } = await this.#unlessOver(this.#accepted, signal);
    const own = createHash('sha256');
    const known = offset <= size ? await this.#readOver(own, offset, signal) : null;
    const isSame = known !== null && Buffer.compare(known, hash) === 0;
    const whole = isSame ? own : createHash('sha256');
    this.#at = isSame ? offset : 0;
    await this.#say({ operation: 'begin', offset: this.#at });
    await this.#stream(whole, signal);
    await this.#say({ operation: 'end', hash: new Uint8Array(whole.digest()) });
    const kept = await this.#unlessOver(this.#done, signal);
    this.#tell('done');
    return kept;
  }

  /** The hash of what the receiver says that it has. */
  async #readOver(hash: ReturnType<typeof createHash>, end: number, signal: AbortSignal): Promise<Buffer> {
    for (let at = 0; at < end; ) {
      signal.throwIfAborted();
      const bytes = await this.#source.read(at, Math.min(CHUNK, end - at));
      if (bytes.length === 0) break;
      hash.update(bytes);
      at += bytes.length;
    }
    return hash.copy().digest();
  }

  async #stream(hash: ReturnType<typeof createHash>, signal: AbortSignal): Promise<void> {
    const { size } = this.#source;
    const sending: Promise<void>[] = [];
    let reading = this.#read(this.#at);
    while (this.#at < size) {
      signal.throwIfAborted();
      const bytes = await reading;
      if (bytes.length === 0)
        throw new P2pdError('FILE_UNUSABLE', 'the file has become shorter while it was sent');
      this.#at += bytes.length;
      // The disk is at the next chunk while this one is hashed and encrypted.
      reading = this.#read(this.#at);
      hash.update(bytes);
      const sent = this.#pipe.sendKind('bulk', bytes);
      sent.catch(() => undefined);
      sending.push(sent);
      if (sending.length >= AHEAD) await sending.shift();
      this.#tell('progress');
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

  async #unlessOver<T>(wait: Deferred<T>, signal: AbortSignal): Promise<T> {
    const over = this.#pipe.closed.then((reason) => {
      signal.throwIfAborted();
      throw new P2pdError('PIPE_CLOSED', `the pipe closed before the file was there: ${reason}`, {
        hint: 'send it again: it goes on where it was',
      });
    });
    over.catch(() => undefined);
    return Promise.race([wait.promise, over]);
  }

  #tell(state: FileReport['state']): void {
    const { name, size } = this.#source;
    this.#report({ pipe: this.#pipe.id, direction: 'out', name, size, done: this.#at, state });
  }
}
