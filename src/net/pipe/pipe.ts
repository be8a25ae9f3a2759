/**
 * A pipe: what library users and journeys hold. Runs one Session over one encrypted stream;
 * wiring only, every rule of the conversation is in `session.ts`.
 */
import { createHash } from 'node:crypto';
import { deferred } from '../deferred.ts';
import { P2pdError } from '../errors.ts';
import type { Method, Pathway } from '../events.ts';
import type { Io } from '../io/io.ts';
import { KEEPALIVE_INTERVAL, MAX_MESSAGE } from '../timing.ts';
import { encodeBase32 } from '../wire/base32.ts';
import type { Endpoint, Family } from '../wire/endpoint.ts';
import { familyOf } from '../wire/ip.ts';
import type { Effect, Input } from './effects.ts';
import type { MessageKind } from './frame.ts';
import { PIPE_ID_LENGTH } from './preamble.ts';
import type { Secured } from './secure.ts';
import { Session } from './session.ts';

/** Where a pipe comes from and which way it goes. */
export interface PipeInfo {
  /** The pipe's name, see `pipeName`. */
  readonly id: string;
  /** The peer's node id. */
  readonly peer: string;
  /** Whether this side asked for the pipe. */
  readonly initiator: boolean;
  readonly method: Method;
  readonly path: Pathway;
}

/** What a pipe tells its node. */
export interface PipeListener {
  proven(pipe: Pipe): void;
  open(pipe: Pipe): void;
  rtt(pipe: Pipe): void;
  message(pipe: Pipe, kind: MessageKind, bytes: Buffer): void | Promise<void>;
  sent(pipe: Pipe, kind: MessageKind, bytes: Uint8Array): void;
  closed(pipe: Pipe, reason: string): void;
  /** ms of silence after which a pipe over UDP has to say something. */
  keepalive(pipe: Pipe): number;
}

interface Sending {
  readonly kind: MessageKind;
  readonly bytes: Uint8Array;
  resolve(): void;
  reject(error: Error): void;
}

/**
 * The name of a pipe, the same on both sides: made of its id and both keys, so that a third party
 * who saw the id on the wire cannot take the name first.
 *
 * @param asker the key of who asked for the pipe, whoever dials
 */
export function pipeName(pipeId: Uint8Array, asker: Uint8Array, asked: Uint8Array): string {
  const hash = createHash('sha256').update(pipeId).update(asker).update(asked).digest();
  return encodeBase32(hash.subarray(0, PIPE_ID_LENGTH));
}

export class Pipe {
  /** 26 letters and digits, the same on both sides. */
  readonly id: string;
  readonly info: PipeInfo;
  readonly local: Endpoint;
  readonly remote: Endpoint;
  readonly #io: Io;
  readonly #secured: Secured;
  readonly #session: Session;
  readonly #listener: PipeListener;
  readonly #sending = new Map<number, Sending>();
  readonly #inputs: Input[] = [];
  #busy = false;
  /** The stream has no room until it says so. */
  #full = false;
  #sleeper = new AbortController();
  readonly #ended = deferred<void>();
  readonly #flushed = deferred<void>();
  readonly #closed = deferred<string>();
  readonly #opened = deferred<void>();
  #rtt: number | null = null;
  #nextId = 1;
  #wakeAt = Number.POSITIVE_INFINITY;

  /** @param openOnProof see SessionOptions */
  constructor(io: Io, secured: Secured, info: PipeInfo, listener: PipeListener, openOnProof = false) {
    this.#io = io;
    this.#secured = secured;
    this.#listener = listener;
    this.info = info;
    this.id = info.id;
    this.local = secured.stream.local;
    this.remote = secured.stream.remote;
    // Mappings of UDP are forgotten sooner.
    const keepalive = () => (info.method === 'udp-punch' ? listener.keepalive(this) : KEEPALIVE_INTERVAL);
    this.#session = new Session({ ...secured, openOnProof, keepalive }, io.now());
    this.#opened.promise.catch(() => undefined);
  }

  /** The peer's node id, proven. */
  get peer(): string {
    return this.info.peer;
  }

  get family(): Family {
    return familyOf(this.remote.ip);
  }

  /** The last measured round trip in ms; null before the first. */
  get rtt(): number | null {
    return this.#rtt;
  }

  /** Resolves when the peer has half-closed: no more messages come. Also when the pipe closes. */
  get ended(): Promise<void> {
    return this.#ended.promise;
  }

  /** Resolves with the reason when the pipe is over. */
  get closed(): Promise<string> {
    return this.#closed.promise;
  }

  /** Sends our proof and waits until the peer has proven itself and answered. Called once, by the node. */
  start(): Promise<void> {
    this.#secured.stream.setReader({
      data: (bytes) => this.#step({ kind: 'data', bytes }),
      ended: () => this.#step({ kind: 'lost', reason: 'the peer hung up' }),
      closed: (error) => this.#step({ kind: 'lost', reason: lossOf(error) }),
      drained: () => {
        this.#full = false;
        this.#step({ kind: 'drained' });
      },
    });
    this.#step({ kind: 'start' });
    return this.#opened.promise;
  }

  /**
   * Sends one message: text for a string, binary for bytes.
   *
   * @returns when it is handed over: the peer has room for it and so has the connection
   * @throws P2pdError PIPE_CLOSED, MESSAGE_TOO_LONG (16 MiB)
   */
  send(message: string | Uint8Array): Promise<void> {
    return typeof message === 'string'
      ? this.sendKind('text', new TextEncoder().encode(message))
      : this.sendKind('binary', message);
  }

  /** As `send`, for the built-in protocols that share the pipe. */
  sendKind(kind: MessageKind, bytes: Uint8Array): Promise<void> {
    if (bytes.length > MAX_MESSAGE) {
      const message = `the message has ${bytes.length} bytes, a pipe carries ${MAX_MESSAGE} at once`;
      return Promise.reject(new P2pdError('MESSAGE_TOO_LONG', message));
    }
    if (!this.#session.writable) return Promise.reject(this.#closedError());
    return new Promise((resolve, reject) => {
      const id = this.#nextId++;
      this.#sending.set(id, { kind, bytes, resolve, reject });
      this.#step({ kind: 'send', message: kind, bytes, id });
    });
  }

  /** Half-close: no more messages from here. Resolves when the peer has dealt with all of them, or the pipe closed. */
  end(): Promise<void> {
    this.#step({ kind: 'end' });
    return this.#flushed.promise;
  }

  /** Closes with a reason the peer is told. Resolves when it is done, at most 2 s later. */
  async close(reason = 'closed here'): Promise<void> {
    this.#step({ kind: 'close', reason });
    await this.closed;
  }

  /** Gone at once, without a word. */
  drop(): void {
    this.#secured.stream.destroy();
  }

  /** Measures the round trip; the result comes by the `rtt` event and property. */
  ping(): void {
    this.#step({ kind: 'ping' });
  }

  /** Inputs that effects bring about wait until those effects are all done, or frames would overtake each other. */
  #step(input: Input): void {
    if (this.#busy) {
      this.#inputs.push(input);
      return;
    }
    this.#busy = true;
    this.#take(input);
    for (let next = this.#inputs.shift(); next !== undefined; next = this.#inputs.shift()) this.#take(next);
    this.#busy = false;
    this.#arm();
  }

  #take(input: Input): void {
    for (const effect of this.#session.step(input, this.#io.now())) this.#perform(effect);
    if (this.#full) {
      this.#session.block();
      return;
    }
    const goOn = this.#session.blocked && this.#session.phase !== 'closed';
    if (goOn && input.kind !== 'drained') this.#inputs.push({ kind: 'drained' });
    else if (goOn) queueMicrotask(() => this.#step({ kind: 'drained' }));
  }

  #perform(effect: Effect): void {
    switch (effect.kind) {
      case 'write':
        this.#full = !this.#secured.stream.write(effect.chunks);
        break;
      case 'hang-up':
        this.#secured.stream.end();
        break;
      case 'proven':
        this.#listener.proven(this);
        break;
      case 'open':
        this.#rtt = effect.rtt;
        this.#listener.open(this);
        this.#opened.resolve();
        break;
      case 'rtt':
        this.#rtt = effect.rtt;
        this.#listener.rtt(this);
        break;
      case 'message':
        void this.#deliver(effect.message, effect.parts, effect.sequence);
        break;
      case 'sent':
        this.#sent(effect.id);
        break;
      case 'ended':
        this.#ended.resolve();
        break;
      case 'flushed':
        this.#flushed.resolve();
        break;
      case 'closed':
        this.#finish(effect.reason);
        break;
    }
  }

  /** Hands a message to the node's handlers; the peer's window opens again when they are done. */
  async #deliver(kind: MessageKind, parts: readonly Uint8Array[], sequence: number): Promise<void> {
    for (const part of parts) {
      const bytes = Buffer.isBuffer(part) ? part : Buffer.from(part.buffer, part.byteOffset, part.length);
      const done = this.#listener.message(this, kind, bytes);
      if (done !== undefined) await done;
    }
    this.#step({ kind: 'settled', sequence });
  }

  #sent(id: number): void {
    const sending = this.#sending.get(id);
    this.#sending.delete(id);
    if (sending === undefined) return;
    this.#listener.sent(this, sending.kind, sending.bytes);
    sending.resolve();
  }

  #finish(reason: string): void {
    this.#sleeper.abort();
    this.#secured.stream.destroy();
    for (const sending of this.#sending.values()) sending.reject(this.#closedError(reason));
    this.#sending.clear();
    this.#ended.resolve();
    this.#flushed.resolve();
    this.#opened.reject(new Error(reason));
    this.#closed.resolve(reason);
    this.#listener.closed(this, reason);
  }

  #closedError(reason?: string): P2pdError {
    return new P2pdError('PIPE_CLOSED', `the pipe is closed${reason === undefined ? '' : `: ${reason}`}`);
  }

  /** One sleeper at a time, set anew only when something is due earlier than it. */
  #arm(): void {
    const wish = this.#session.wakeAt;
    if (wish >= this.#wakeAt) return;
    this.#sleeper.abort();
    const sleeper = new AbortController();
    this.#sleeper = sleeper;
    this.#wakeAt = wish;
    void this.#io.sleepUntil(wish, sleeper.signal).then(() => {
      if (sleeper.signal.aborted) return;
      this.#wakeAt = Number.POSITIVE_INFINITY;
      this.#step({ kind: 'tick' });
    });
  }
}

function lossOf(error: Error | null): string {
  if (error === null) return 'the peer hung up';
  return `the connection was lost (${'code' in error && typeof error.code === 'string' ? error.code : error.message})`;
}
