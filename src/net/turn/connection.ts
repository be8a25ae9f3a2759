/** Requests to a TURN server and their answers, and what the server tells by itself. Effects through Io. */
import { deferred } from '../deferred.ts';
import type { Io } from '../io/io.ts';
import { TURN } from '../path-timing.ts';
import type { RawAttribute } from '../stun/guard.ts';
import { MAX_STUN_MESSAGE, STUN_RTO } from '../timing.ts';
import type { Endpoint } from '../wire/endpoint.ts';
import { type ChannelData, decodeChannelData, encodeChannelData, isChannelData } from './frame.ts';
import type { TurnLink } from './link.ts';
import { encodeTurn, TurnMessage, type TurnMethod } from './message.ts';
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

export type Attributes = (transactionId: Uint8Array) => readonly RawAttribute[];

export interface ConnectionListener {
  /** Takes indications. */
  told(message: TurnMessage): void;
  channelData(data: ChannelData): void;
  /** Called once when the connection is gone. */
  lost(reason: string): void;
}

export class TurnConnection {
  readonly #io: Io;
  readonly #link: TurnLink;
  readonly #requests: TurnRequests;
  /** By transaction id in hex digits. */
  readonly #waiting = new Map<string, (message: TurnMessage | null) => void>();
  #listener: ConnectionListener | null = null;

  constructor(io: Io, link: TurnLink, requests: TurnRequests) {
    this.#io = io;
    this.#link = link;
    this.#requests = requests;
    link.setReader({
      frame: (frame) => this.#take(frame),
      lost: (reason) => {
        for (const answer of this.#waiting.values()) answer(null);
        this.#listener?.lost(reason);
      },
    });
  }

  listen(listener: ConnectionListener): void {
    this.#listener = listener;
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
      const message = await this.#ask(method, attributes, signal);
      const verdict = this.#requests.take(message, nonce);
      if (verdict === null) throw new Error('the answer is not signed by the relay');
      if (verdict.kind === 'done') return verdict.message;
      if (verdict.kind === 'refused') throw new TurnError(verdict.code, verdict.why, message.alternate());
    }
    throw new Error('the relay asks again and again who we are');
  }

  /** What is not answered. */
  indicate(method: TurnMethod, attributes: Attributes): void {
    const transactionId = this.#io.randomBytes(12);
    const fields = {
      method,
      kind: 'indication',
      transactionId,
      attributes: attributes(transactionId),
    } as const;
    this.#link.send(encodeTurn(fields, null));
  }

  sendChannelData(data: ChannelData): void {
    this.#link.send(encodeChannelData(data, this.#link.isStream));
  }

  close(): void {
    this.#link.close();
  }

  async #ask(method: TurnMethod, attributes: Attributes, signal: AbortSignal): Promise<TurnMessage> {
    signal.throwIfAborted();
    const transactionId = this.#io.randomBytes(12);
    const key = Buffer.from(transactionId).toString('hex');
    const answer = deferred<TurnMessage | null>();
    this.#waiting.set(key, answer.resolve);
    const done = new AbortController();
    const request = this.#requests.encode(method, transactionId, attributes(transactionId));
    void this.#send(request, AbortSignal.any([done.signal, signal])).then(() => answer.resolve(null));
    const message = await answer.promise;
    done.abort();
    this.#waiting.delete(key);
    signal.throwIfAborted();
    if (message === null) throw new Error('the relay does not answer');
    return message;
  }

  /** Over UDP again and again, at the pace of STUN (RFC 8489 §6.2.1). Resolves when there will be no answer. */
  async #send(request: Uint8Array, over: AbortSignal): Promise<void> {
    const until = this.#io.now() + TURN.timeout;
    for (let copies = 0; this.#io.now() < until && !over.aborted; copies++) {
      this.#link.send(request);
      const pause = this.#link.isStream ? TURN.timeout : STUN_RTO * 2 ** copies;
      await this.#io.sleepUntil(Math.min(until, this.#io.now() + pause), over);
    }
  }

  /** @returns whether what follows is not for us (RFC 6062 §4.4). @throws DecodeError */
  #take(frame: Uint8Array): boolean {
    if (isChannelData(frame)) {
      this.#listener?.channelData(decodeChannelData(frame));
      return false;
    }
    // A datagram of the peer's inside, larger than any of ours.
    if (frame.length > MAX_STUN_MESSAGE) return false;
    const message = new TurnMessage(frame.slice());
    if (message.kind === 'indication') this.#listener?.told(message);
    else this.#waiting.get(Buffer.from(message.transactionId).toString('hex'))?.(message);
    return message.method === 'connection-bind' && message.kind === 'success';
  }
}
