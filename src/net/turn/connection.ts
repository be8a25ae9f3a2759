/** One TCP connection to a TURN server: requests and their answers, and what the server tells by itself. Effects through Io. */
import { deferred } from '../deferred.ts';
import type { ByteStream, Io } from '../io/io.ts';
import { TURN } from '../path-timing.ts';
import { messageLength, type RawAttribute } from '../stun/guard.ts';
import { DecodeError } from '../wire/decode-error.ts';
import type { Endpoint } from '../wire/endpoint.ts';
import { TurnMessage, type TurnMethod } from './message.ts';
import type { TurnRequests } from './requests.ts';

export class TurnError extends Error {
  /** Of the server's answer. */
  readonly code: number;
  /** Where it sends us; null: nowhere. */
  readonly alternate: Endpoint | null;

  constructor(code: number, why: string, alternate: Endpoint | null = null) {
    super(`the relay refused: ${why} (${code})`);
    this.code = code;
    this.alternate = alternate;
  }
}

type Attributes = (transactionId: Uint8Array) => readonly RawAttribute[];

interface Waiting {
  readonly nonce: string | null;
  answer(message: TurnMessage | null): void;
}

export class TurnConnection {
  readonly stream: ByteStream;
  readonly #io: Io;
  readonly #requests: TurnRequests;
  readonly #waiting = new Map<string, Waiting>();
  readonly #told: (message: TurnMessage) => void;
  readonly #lost: (reason: string) => void;
  #received: Uint8Array = new Uint8Array(0);
  #isReleased = false;

  /** @param told takes indications @param lost called once when the connection is gone */
  constructor(
    io: Io,
    stream: ByteStream,
    requests: TurnRequests,
    told: (message: TurnMessage) => void,
    lost: (reason: string) => void,
  ) {
    this.#io = io;
    this.stream = stream;
    this.#requests = requests;
    this.#told = told;
    this.#lost = lost;
    stream.setReader({
      data: (bytes) => this.#data(bytes),
      ended: () => this.#end('the relay hung up'),
      closed: () => this.#end('the connection to the relay is lost'),
      drained: () => undefined,
    });
  }

  /** @throws TurnError where it is refused; Error where no answer comes, or the signal's reason */
  request(
    method: TurnMethod,
    attributes: readonly RawAttribute[],
    signal: AbortSignal,
  ): Promise<TurnMessage> {
    return this.requestWith(method, () => attributes, signal);
  }

  /** As `request`, for attributes that the transaction id masks. */
  async requestWith(method: TurnMethod, attributes: Attributes, signal: AbortSignal): Promise<TurnMessage> {
    for (let tries = 0; tries < TURN.maxTries; tries++) {
      const nonce = this.#requests.known?.nonce ?? null;
      const message = await this.#ask(method, attributes, nonce, signal);
      const verdict = this.#requests.take(message, nonce);
      if (verdict === null) throw new Error('the answer is not signed by the relay');
      if (verdict.kind === 'done') return verdict.message;
      if (verdict.kind === 'refused') throw new TurnError(verdict.code, verdict.why, message.alternate());
    }
    throw new Error('the relay asks again and again who we are');
  }

  async #ask(
    method: TurnMethod,
    attributes: Attributes,
    nonce: string | null,
    signal: AbortSignal,
  ): Promise<TurnMessage> {
    signal.throwIfAborted();
    const io = this.#io;
    const transactionId = io.randomBytes(12);
    const key = Buffer.from(transactionId).toString('hex');
    const answer = deferred<TurnMessage | null>();
    this.#waiting.set(key, { nonce, answer: answer.resolve });
    this.stream.write([this.#requests.encode(method, transactionId, attributes(transactionId))]);
    const done = new AbortController();
    void io.sleepUntil(io.now() + TURN.timeout, AbortSignal.any([done.signal, signal])).then(() => {
      answer.resolve(null);
    });
    const message = await answer.promise;
    done.abort();
    this.#waiting.delete(key);
    signal.throwIfAborted();
    if (message === null) throw new Error('the relay does not answer');
    return message;
  }

  /** After a bound connection's answer: bytes that came behind it are given back to the stream. */
  release(): ByteStream {
    if (this.#received.length > 0) this.stream.unread(this.#received);
    return this.stream;
  }

  #data(bytes: Uint8Array): void {
    this.#received = new Uint8Array(Buffer.concat([this.#received, bytes]));
    try {
      while (!this.#isReleased) {
        const length = messageLength(this.#received);
        if (length === null || this.#received.length < length) return;
        const message = new TurnMessage(this.#received.slice(0, length));
        this.#received = this.#received.slice(length);
        this.#take(message);
      }
    } catch (error) {
      if (!(error instanceof DecodeError)) throw error;
      this.stream.destroy();
      this.#end(`the relay speaks something else: ${error.message}`);
    }
  }

  #take(message: TurnMessage): void {
    // What follows is not for us (RFC 6062 §4.4).
    if (message.method === 'connection-bind' && message.kind === 'success') {
      this.#isReleased = true;
      this.stream.setReader(null);
    }
    if (message.kind === 'indication') this.#told(message);
    else this.#waiting.get(Buffer.from(message.transactionId).toString('hex'))?.answer(message);
  }

  #end(reason: string): void {
    if (this.#isReleased) return;
    this.#isReleased = true;
    for (const { answer } of this.#waiting.values()) answer(null);
    this.#lost(reason);
  }
}
