/**
 * The life of a pipe after its TLS handshake: proof of keys, messages, half-close, keep-alive,
 * clean close. Machine: frames and requests in, effects out; no socket, no clock, no cryptography
 * of its own. For speed it changes its own state instead of copying it.
 *
 *   proving ──peer's PROOF──► proven ──PONG to own PING──► open ──both END, or close()──► closing
 *      │                        ├── (at once with openOnProof) ┘│ ▲                         │
 *      │                        │                    lost, silence│ │moved                   │
 *      │                        └──JOIN──► joined               stranded ──give-up──┐       │
 *      └──── wrong proof, broken rule, silence, lost ────────────────────────► closed ◄──peer's CLOSE, time
 *
 * A pipe that is open outlives its path: stranded, it keeps what is not acknowledged and goes on when another
 * proven connection is joined to it (`moved`): that one's session ends as `joined`.
 */
import { KEEPALIVE_INTERVAL, WRITE_BATCH } from '../timing.ts';
import { DecodeError } from '../wire/decode-error.ts';
import type { Arrival, Effect, Input, SessionOptions } from './effects.ts';
import { Ending } from './ending.ts';
import { FrameDecoder, isNumbered, joined, type ReceivedFrame } from './frame.ts';
import { Liveness } from './liveness.ts';
import { Outlet } from './outlet.ts';
import { ReceiveWindow } from './receive-window.ts';
import { SendQueue } from './send-queue.ts';

type Phase = 'proving' | 'proven' | 'open' | 'stranded' | 'closing' | 'joined' | 'closed';

export class Session {
  readonly #options: SessionOptions;
  readonly #queue = new SendQueue();
  readonly #window = new ReceiveWindow();
  readonly #out = new Outlet(this.#window);
  readonly #ending = new Ending(this.#queue);
  readonly #liveness: Liveness;
  #decoder = new FrameDecoder();
  #effects: Effect[] = [];
  #phase: Phase = 'proving';
  #blocked = false;
  /** It has changed its path: frames may come twice. */
  #hasMoved = false;

  constructor(options: SessionOptions, now: number) {
    this.#options = options;
    this.#liveness = new Liveness(options.keepalive ?? (() => KEEPALIVE_INTERVAL), now);
  }

  get phase(): Phase {
    return this.#phase;
  }

  /** Whether messages may still be sent. */
  get writable(): boolean {
    return !this.#ending.hasEnded && ['proven', 'open', 'stranded'].includes(this.#phase);
  }

  /** Whether it may go on by another path. */
  get isMovable(): boolean {
    return this.#phase === 'open' || this.#phase === 'stranded';
  }

  /** The number of the last frame received. */
  get received(): number {
    return this.#window.received;
  }

  /** Bytes that were given and that the peer has not dealt with. */
  get unsettled(): number {
    return this.#queue.unsettled;
  }

  /** The transport is full: nothing but what must be is written until `drained`. */
  block(): void {
    this.#blocked = true;
  }

  /** A full batch was written, or the transport is full: `drained` asks for more. */
  get blocked(): boolean {
    return this.#blocked;
  }

  /** When `tick` has work to do, monotonic ms. */
  get wakeAt(): number {
    if (this.isOver || this.#phase === 'stranded') return Number.POSITIVE_INFINITY;
    const ackAt = this.#blocked ? Number.POSITIVE_INFINITY : this.#out.ackAt;
    return Math.min(this.#liveness.wakeAt, ackAt, this.#ending.closeBy);
  }

  step(input: Input, now: number): readonly Effect[] {
    if (this.isOver) return [];
    try {
      this.#take(input, now);
      if (['proven', 'open', 'closing'].includes(this.#phase)) {
        this.#pump(now);
        this.#liveness.owe(this.#phase === 'open' && !this.#queue.settled, now);
      }
    } catch (error) {
      if (!(error instanceof DecodeError)) throw error;
      this.#finish(`the peer broke the protocol: ${error.message}`);
    }
    this.#flush();
    const effects = this.#effects;
    this.#effects = [];
    return effects;
  }

  get isOver(): boolean {
    return this.#phase === 'closed' || this.#phase === 'joined';
  }

  #take(input: Input, now: number): void {
    switch (input.kind) {
      case 'start':
        this.#out.write('proof', this.#options.proof);
        if (this.#options.join === undefined) this.#ping(now);
        else this.#out.write('join', this.#options.join);
        break;
      case 'data':
        if (this.#liveness.heard(now)) this.#effects.push({ kind: 'sure' });
        this.#receiveAll(this.#decoder.push(input.bytes), now);
        break;
      case 'moved':
        this.#move(input.arrival, input.reply, now);
        break;
      case 'address':
        if (this.#phase === 'open') this.#out.write('address', input.bytes);
        break;
      case 'drained':
        this.#blocked = false;
        this.#out.drained();
        break;
      case 'lost':
        this.#lose(input.reason, input.isFinal);
        break;
      case 'give-up':
        this.#finish(input.reason);
        break;
      case 'send':
        this.#queue.push(input.message, input.bytes, input.id);
        break;
      case 'settled':
        this.#window.settle(input.sequence);
        if (this.#phase !== 'stranded') this.#out.planAck(now);
        break;
      case 'ping':
        this.#ping(now);
        break;
      case 'end':
        if (this.#phase !== 'closing') this.#ending.end();
        break;
      case 'close':
        this.#close(input.reason, now);
        break;
      case 'tick':
        this.#tick(now);
        break;
    }
  }

  #receiveAll(frames: readonly ReceivedFrame[], now: number): void {
    for (const [i, frame] of frames.entries()) {
      if (this.isOver) return;
      if (frame.type === 'join' && this.#phase === 'proven') {
        const rest = { decoder: this.#decoder, frames: frames.slice(i + 1) };
        this.#phase = 'joined';
        this.#effects.push({ kind: 'join', payload: joined(frame), rest });
      } else this.#receive(frame, now);
    }
  }

  /** The pipe goes on over another connection, from where each side has it. */
  #move({ received, rest }: Arrival, reply: Uint8Array | null, now: number): void {
    if (!this.isMovable) return;
    this.#out.clear();
    this.#phase = 'open';
    this.#hasMoved = true;
    this.#blocked = false;
    this.#decoder = rest.decoder;
    this.#liveness.moved(now);
    if (reply !== null) this.#out.write('join', reply);
    this.#queue.rewind(received);
    this.#ping(now);
    this.#receiveAll(rest.frames, now);
  }

  #receive(frame: ReceivedFrame, now: number): void {
    if (this.#phase === 'proving') {
      this.#prove(frame);
      return;
    }
    this.#queue.acknowledge(frame.acknowledged);
    if (isNumbered(frame.type)) this.#receiveNumbered(frame, now);
    else if (frame.type === 'ping') {
      // Who joins another pipe is not asked for more than that.
      if (this.#options.join === undefined) this.#out.answerPing(this.#blocked);
    } else if (frame.type === 'pong') this.#pong(now);
    else if (frame.type === 'address') this.#effects.push({ kind: 'address', bytes: joined(frame) });
    else if (frame.type === 'proof' || frame.type === 'join') throw new DecodeError(frame.type, 'came twice');
  }

  #prove(frame: ReceivedFrame): void {
    if (frame.type !== 'proof') throw new DecodeError('frame', `${frame.type} before the proof`);
    if (!this.#options.verify(joined(frame))) throw new DecodeError('proof', "is not the peer's");
    this.#phase = this.#options.openOnProof ? 'open' : 'proven';
    this.#effects.push({ kind: 'proven' });
    if (this.#phase === 'open') this.#opened(null);
  }

  #opened(rtt: number | null): void {
    this.#phase = 'open';
    this.#liveness.opened();
    this.#effects.push({ kind: 'open', rtt });
  }

  #receiveNumbered(frame: ReceivedFrame, now: number): void {
    if (this.#hasMoved && this.#window.isRepeated(frame)) return;
    if (this.#ending.peerHasEnded && frame.type !== 'close')
      throw new DecodeError('frame', `${frame.type} after the end`);
    const message = this.#window.accept(frame);
    if (frame.type === 'close') {
      this.#peerClosed(joined(frame), now);
      return;
    }
    if (message !== null) {
      const { kind, parts, sequence } = message;
      this.#effects.push({ kind: 'message', message: kind, parts, sequence });
    } else if (frame.type === 'end') {
      this.#ending.peerHasEnded = true;
      this.#effects.push({ kind: 'ended' });
    }
    this.#out.planAck(now);
  }

  #ping(now: number): void {
    if (this.#phase === 'stranded') return;
    if (this.#liveness.ping(now) && this.#phase !== 'closing') this.#out.write('ping');
  }

  #pong(now: number): void {
    const rtt = this.#liveness.pong(now);
    if (rtt === null) return;
    if (this.#phase === 'proven') this.#opened(rtt);
    else this.#effects.push({ kind: 'rtt', rtt });
  }

  /** Waits for what is queued, says why, waits for the peer's answer; all within CLOSE_TIMEOUT. */
  #close(reason: string, now: number): void {
    if (this.#phase === 'closing') return;
    if (['proving', 'stranded'].includes(this.#phase)) this.#finish(reason);
    else this.#phase = this.#ending.close(reason, now);
  }

  #peerClosed(payload: Uint8Array, now: number): void {
    if (this.#phase !== 'closing') {
      if (this.#ending.flush()) this.#effects.push({ kind: 'flushed' });
      this.#phase = this.#ending.answer(payload, now);
      this.#pump(now);
    }
    this.#flush();
    this.#effects.push({ kind: 'hang-up' });
  }

  #tick(now: number): void {
    if (this.#phase === 'stranded') return;
    if (now >= this.#ending.closeBy) {
      this.#finish(this.#ending.reason);
      return;
    }
    // While the transport is full it waits, or a peer that never reads would fill our memory.
    if (now >= this.#out.ackAt && !this.#blocked) this.#out.write('ack');
    const due = this.#liveness.due(now);
    if (due === 'ping') this.#ping(now);
    else if (due === 'doubt' && this.#phase === 'open') this.#effects.push({ kind: 'doubt' });
    else if (due === 'dead')
      this.#lose(`the peer has been silent for ${Math.round(this.#liveness.silence(now) / 1000)} s`);
  }

  /** The path is gone: an open pipe waits for another one. */
  #lose(reason: string, isFinal = false): void {
    if (this.#phase === 'stranded') return;
    if (this.#phase !== 'open' || isFinal) {
      this.#finish(this.#ending.reason === '' ? reason : this.#ending.reason);
      return;
    }
    this.#phase = 'stranded';
    this.#out.clear();
    this.#effects.push({ kind: 'stranded', reason });
  }

  /** Writes one batch of queued messages as window and transport allow; closes when both sides have ended. */
  #pump(now: number): void {
    while (!this.#blocked) {
      const frame = this.#queue.next();
      if (frame === null) break;
      this.#out.put(frame.type, frame.payload, frame.sequence, frame.more);
      if (frame.completes !== null) this.#effects.push({ kind: 'sent', id: frame.completes });
      this.#blocked = this.#out.length >= WRITE_BATCH;
    }
    if (this.#ending.flush()) this.#effects.push({ kind: 'flushed' });
    const isDone = this.#ending.isFlushed && this.#ending.peerHasEnded && this.#window.isSettled;
    if (isDone && this.#phase === 'open') {
      this.#close('finished', now);
      this.#pump(now);
    }
  }

  #flush(): void {
    if (this.#out.length > 0) this.#effects.push({ kind: 'write', chunks: this.#out.take() });
  }
  #finish(reason: string): void {
    this.#flush();
    this.#phase = 'closed';
    this.#effects.push({ kind: 'closed', reason });
  }
}
