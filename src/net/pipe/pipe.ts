/** A pipe: what library users and journeys hold. Runs one Session over one encrypted stream; wiring only, every rule is its. */
import { deferred } from '../deferred.ts';
import type { Io } from '../io/io.ts';
import { RECOVERY } from '../path-timing.ts';
import { KEEPALIVE_INTERVAL } from '../timing.ts';
import type { Endpoint, Family } from '../wire/endpoint.ts';
import { familyOf } from '../wire/ip.ts';
import { Alarm } from './alarm.ts';
import { Carrier } from './carrier.ts';
import { deliver } from './deliver.ts';
import type { Effect, Input } from './effects.ts';
import { encodeFrame, type MessageKind } from './frame.ts';
import { decodeJoin, encodeJoin } from './join.ts';
import { Joins } from './joins.ts';
import type { Handover, Listener, PipeInfo } from './pipe-info.ts';
import type { Secured } from './secure.ts';
import { closedError, Sendings } from './sendings.ts';
import { Session } from './session.ts';

export interface PipeOptions {
  readonly openOnProof?: boolean;
  readonly join?: Uint8Array;
}

export type PipeListener = Listener<Pipe>;

/** An encrypted pipe between two proven nodes: messages arrive whole, once and in order. It outlives its path where it can. */
export class Pipe {
  /** 26 letters and digits, the same on both sides. */
  readonly id: string;
  readonly #io: Io;
  #info: PipeInfo;
  #carrier: Carrier;
  readonly #session: Session;
  readonly #listener: PipeListener;
  readonly #sendings = new Sendings((kind, bytes) => this.#listener.sent(this, kind, bytes));
  readonly #alarm: Alarm;
  readonly #inputs: Input[] = [];
  #busy = false;
  readonly #ended = deferred<boolean>();
  readonly #flushed = deferred<void>();
  readonly #closed = deferred<string>();
  readonly #opened = deferred<void>();
  #rtt: number | null = null;
  /** Since when it has no path; null while it has. */
  #strandedAt: number | null = null;
  /** Connections of ours that are to carry it. @internal */
  readonly joins = new Joins<Pipe>();

  constructor(io: Io, secured: Secured, info: PipeInfo, listener: PipeListener, options: PipeOptions = {}) {
    this.#io = io;
    this.#alarm = new Alarm(io, () => this.#step({ kind: 'tick' }));
    this.#carrier = new Carrier(secured, info.method !== 'relay');
    this.#listener = listener;
    this.#info = info;
    this.id = info.id;
    // Mappings of UDP are forgotten sooner.
    const keepalive = () => (this.transport === 'udp' ? listener.keepalive(this) : KEEPALIVE_INTERVAL);
    this.#session = new Session({ ...secured, ...options, keepalive }, io.now());
    this.#opened.promise.catch(() => undefined);
  }

  /** As it is now: a pipe may change its way. */
  get info(): PipeInfo {
    return this.#info;
  }

  /** Where this end is, on the path that carries it now. */
  get local(): Endpoint {
    return this.#carrier.local;
  }

  /** Where the other end is, or the relay. */
  get remote(): Endpoint {
    return this.#carrier.remote;
  }

  /** Its path is gone, and another one not found yet. */
  get isStranded(): boolean {
    return this.#strandedAt !== null;
  }

  /** The peer's node id, proven. */
  get peer(): string {
    return this.info.peer;
  }

  /** What carries it between the two ends, or to the relay. */
  get transport(): 'tcp' | 'udp' {
    return this.#carrier.transport;
  }

  get family(): Family {
    return familyOf(this.remote.ip);
  }

  /** The last measured round trip in ms; null before the first. */
  get rtt(): number | null {
    return this.#rtt;
  }
  /** Bytes that were sent and that the peer has not dealt with. */
  readonly unsettled = (): number => this.#session.unsettled;

  /** Resolves when the peer has half-closed, no more messages come: true. When the pipe closes before: false. */
  get ended(): Promise<boolean> {
    return this.#ended.promise;
  }

  /** Resolves with the reason when the pipe is over. */
  get closed(): Promise<string> {
    return this.#closed.promise;
  }

  /** Sends our proof and waits until the peer has proven itself and answered. Called once, by the node. @internal */
  start(): Promise<void> {
    this.#read();
    this.#step({ kind: 'start' });
    return this.#opened.promise;
  }

  #read(): void {
    const carrier = this.#carrier;
    carrier.read((input) => {
      if (this.#carrier !== carrier) return;
      // Who has just been joined another way may have left this one, and its answer be lost.
      const isLeft = this.#io.now() - this.joins.lastAt < RECOVERY.look;
      this.#step(input.kind === 'lost' && isLeft ? { ...input, isFinal: false } : input);
    });
  }

  /** What is sent over a new connection to join it to this pipe. @internal */
  get joinText(): Uint8Array {
    return encodeJoin({ pipe: this.id, received: this.#session.received });
  }

  /**
   * Goes on over another connection, from the last byte that each side has; the former one is dropped. @internal
   * @param answers whether the peer has joined it, and is to be answered
   * @returns false where there is nothing to carry on: the connection is dropped
   */
  move({ secured, way, payload, rest }: Handover, answers: boolean): boolean {
    const join = decodeJoin(payload);
    if (join?.pipe !== this.id || !this.#session.isMovable) {
      secured.stream.destroy();
      return false;
    }
    const [former, from, since] = [this.#carrier, this.#info, this.#strandedAt];
    this.#carrier = new Carrier(secured, way.method !== 'relay');
    this.#info = { ...from, method: way.method, path: way.path };
    this.#strandedAt = null;
    former.retire(this.#io, !answers);
    const { received } = join;
    const reply = answers ? this.joinText : null;
    this.#step({ kind: 'moved', arrival: { received, rest }, reply });
    this.#read();
    this.#listener.moved(this, from, since === null ? 0 : this.#io.now() - since);
    return true;
  }

  /** What the peer is told that has joined this connection to another pipe, where there is none. @internal */
  answerJoin(payload: Uint8Array): void {
    this.#carrier.write(encodeFrame({ type: 'join', more: false, sequence: 0, acknowledged: 0, payload }));
  }

  /** Gives a stranded pipe up. @internal */
  abandon(reason: string): void {
    this.#step({ kind: 'give-up', reason });
  }

  /** Tells the peer our newest address, so that it can find us where this path is gone. @internal */
  tellAddress(bytes: Uint8Array): void {
    this.#step({ kind: 'address', bytes });
  }

  /**
   * Sends one message: text for a string, binary for bytes.
   * @returns when it is handed over: the peer has room for it and so has the connection
   * @throws P2pdError PIPE_CLOSED, MESSAGE_TOO_LONG (16 MiB)
   */
  send(message: string | Uint8Array): Promise<void> {
    return typeof message === 'string'
      ? this.sendKind('text', new TextEncoder().encode(message))
      : this.sendKind('binary', message.slice());
  }

  /** As `send`, for the built-in protocols that share the pipe: the bytes are kept until they have arrived, and may not change. @internal */
  sendKind(kind: MessageKind, bytes: Uint8Array): Promise<void> {
    if (!this.#session.writable) return Promise.reject(closedError());
    return this.#sendings.add(kind, bytes, (id) => this.#step({ kind: 'send', message: kind, bytes, id }));
  }

  /** Half-close: no more messages from here. Resolves when the peer has dealt with all of them, or the pipe closed. */
  end(): Promise<void> {
    this.#step({ kind: 'end' });
    return this.#flushed.promise;
  }

  /** Closes both ways and tells the peer why; what it has not dealt with may be lost (`end` first). Done within 2 s. */
  async close(reason = 'closed here'): Promise<void> {
    this.#step({ kind: 'close', reason });
    await this.closed;
  }

  /** Gone at once, without a word. */
  drop(): void {
    this.#carrier.destroy();
  }

  /** Measures the round trip; `rtt` and the event of that name tell it when the answer is there. */
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
    this.#alarm.set(this.#session.wakeAt);
  }

  #take(input: Input): void {
    for (const effect of this.#session.step(input, this.#io.now())) this.#perform(effect);
    if (this.#carrier.isFull) this.#session.block();
    else if (!this.#session.blocked || this.#session.isOver) return;
    else if (input.kind !== 'drained') this.#inputs.push({ kind: 'drained' });
    else queueMicrotask(() => this.#step({ kind: 'drained' }));
  }

  #perform(effect: Effect): void {
    switch (effect.kind) {
      case 'write':
        this.#carrier.write(effect.chunks);
        break;
      case 'hang-up':
        this.#carrier.end();
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
        void deliver(this, this.#listener, effect).then(() =>
          this.#step({ kind: 'settled', sequence: effect.sequence }),
        );
        break;
      case 'join':
        this.#handOver(effect);
        break;
      case 'doubt':
      case 'sure':
        this.#listener.doubtful(this, effect.kind === 'doubt');
        break;
      case 'stranded':
        this.#strandedAt = this.#io.now();
        this.#carrier.destroy();
        this.#listener.stranded(this, effect.reason);
        break;
      case 'address':
        this.#listener.address(this, effect.bytes);
        break;
      case 'sent':
        this.#sendings.sent(effect.id);
        break;
      case 'ended':
        this.#ended.resolve(true);
        break;
      case 'flushed':
        this.#flushed.resolve();
        break;
      case 'closed':
        this.#finish(effect.reason);
        break;
    }
  }

  /** The connection is another pipe's from here on; this one was only its beginning. */
  #handOver({ payload, rest }: Extract<Effect, { kind: 'join' }>): void {
    this.#alarm.stop();
    const { method, path } = this.#info;
    this.#listener.joined(this, { secured: this.#carrier.release(), way: { method, path }, payload, rest });
    this.#opened.resolve();
    this.#closed.resolve('it carries another pipe');
  }

  #finish(reason: string): void {
    this.#alarm.stop();
    this.#carrier.destroy();
    this.#sendings.fail(reason);
    this.#ended.resolve(false);
    this.#flushed.resolve();
    this.#opened.reject(new Error(reason));
    this.#closed.resolve(reason);
    this.#listener.closed(this, reason);
  }
}
