/**
 * The life of a pipe after its TLS handshake: proof of keys, messages, half-close, keep-alive,
 * clean close. Machine: frames and requests in, effects out; no socket, no clock, no cryptography
 * of its own. For speed it changes its own state instead of copying it.
 *
 *   proving ──peer's PROOF──► proven ──PONG to own PING──► open ──both END, or close()──► closing
 *      │                        └── (at once with openOnProof) ┘
 *      │                        │                           │                               │
 *      └──── wrong proof, broken rule, silence, lost ───────┴─────────► closed ◄──peer's CLOSE, time
 */
import {
  ACK_DELAY,
  ACK_EVERY_BYTES,
  CLOSE_TIMEOUT,
  KEEPALIVE_INTERVAL,
  KEEPALIVE_TIMEOUT,
} from '../timing.ts';
import { DecodeError } from '../wire/decode-error.ts';
import type { Effect, Input, SessionOptions } from './effects.ts';
import {
  encodeFrame,
  FrameDecoder,
  type FrameType,
  isNumbered,
  joined,
  type ReceivedFrame,
} from './frame.ts';
import { ReceiveWindow } from './receive-window.ts';
import { SendQueue } from './send-queue.ts';

type Phase = 'proving' | 'proven' | 'open' | 'closing' | 'closed';

/** Bytes of one write at most, so that a large message does not become one huge buffer. */
const WRITE_BATCH = 256 * 1024;
/** Characters of a reason that are sent and kept. */
const MAX_REASON = 200;
const EMPTY = new Uint8Array(0);

export class Session {
  readonly #options: SessionOptions;
  readonly #keepalive: () => number;
  readonly #decoder = new FrameDecoder();
  readonly #queue = new SendQueue();
  readonly #window = new ReceiveWindow();
  #effects: Effect[] = [];
  #chunks: Uint8Array[] = [];
  #chunksLength = 0;
  #phase: Phase = 'proving';
  #blocked = false;
  #pongDue = false;
  #endSent = false;
  #flushed = false;
  #endReceived = false;
  #reason = '';
  #lastReceived: number;
  /** When the PING under way was written; null when none is. */
  #pingAt: number | null = null;
  #ackAt = Number.POSITIVE_INFINITY;
  #closeBy = Number.POSITIVE_INFINITY;

  constructor(options: SessionOptions, now: number) {
    this.#options = options;
    this.#keepalive = options.keepalive ?? (() => KEEPALIVE_INTERVAL);
    this.#lastReceived = now;
  }

  get phase(): Phase {
    return this.#phase;
  }

  /** Whether messages may still be sent. */
  get writable(): boolean {
    return !this.#endSent && (this.#phase === 'proven' || this.#phase === 'open');
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
    if (this.#phase === 'closed') return Number.POSITIVE_INFINITY;
    const idle = this.#lastReceived + (this.#pingAt === null ? this.#keepalive() : KEEPALIVE_TIMEOUT);
    return Math.min(idle, this.#blocked ? Number.POSITIVE_INFINITY : this.#ackAt, this.#closeBy);
  }

  step(input: Input, now: number): readonly Effect[] {
    if (this.#phase === 'closed') return [];
    try {
      this.#take(input, now);
      if (this.#isOpen()) this.#pump(now);
    } catch (error) {
      if (!(error instanceof DecodeError)) throw error;
      this.#finish(`the peer broke the protocol: ${error.message}`);
    }
    this.#flush();
    const effects = this.#effects;
    this.#effects = [];
    return effects;
  }

  #isOpen(): boolean {
    return this.#phase !== 'proving' && this.#phase !== 'closed';
  }

  #take(input: Input, now: number): void {
    switch (input.kind) {
      case 'start':
        this.#write('proof', this.#options.proof);
        this.#ping(now);
        break;
      case 'data':
        this.#lastReceived = now;
        for (const frame of this.#decoder.push(input.bytes))
          if (this.phase !== 'closed') this.#receive(frame, now);
        break;
      case 'drained':
        this.#blocked = false;
        if (this.#pongDue) this.#answerPing();
        break;
      case 'lost':
        this.#finish(this.#reason === '' ? input.reason : this.#reason);
        break;
      case 'send':
        this.#queue.push(input.message, input.bytes, input.id);
        break;
      case 'settled':
        this.#window.settle(input.sequence);
        this.#planAck(now);
        break;
      case 'ping':
        this.#ping(now);
        break;
      case 'end':
        this.#end();
        break;
      case 'close':
        this.#close(input.reason, now);
        break;
      case 'tick':
        this.#tick(now);
        break;
    }
  }

  #receive(frame: ReceivedFrame, now: number): void {
    if (this.#phase === 'proving') {
      this.#prove(frame);
      return;
    }
    this.#queue.acknowledge(frame.acknowledged);
    if (isNumbered(frame.type)) this.#receiveNumbered(frame, now);
    else if (frame.type === 'ping') this.#answerPing();
    else if (frame.type === 'pong') this.#pong(now);
    else if (frame.type === 'proof') throw new DecodeError('proof', 'came twice');
  }

  #prove(frame: ReceivedFrame): void {
    if (frame.type !== 'proof') throw new DecodeError('frame', `${frame.type} before the proof`);
    if (!this.#options.verify(joined(frame))) throw new DecodeError('proof', "is not the peer's");
    this.#phase = this.#options.openOnProof ? 'open' : 'proven';
    this.#effects.push({ kind: 'proven' });
    if (this.#phase === 'open') this.#effects.push({ kind: 'open', rtt: null });
  }

  #receiveNumbered(frame: ReceivedFrame, now: number): void {
    if (this.#endReceived && frame.type !== 'close')
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
      this.#endReceived = true;
      this.#effects.push({ kind: 'ended' });
    }
    this.#planAck(now);
  }

  #planAck(now: number): void {
    if (this.#window.unreported >= ACK_EVERY_BYTES) this.#write('ack', EMPTY);
    else if (this.#window.unreported > 0) this.#ackAt = Math.min(this.#ackAt, now + ACK_DELAY);
  }

  #ping(now: number): void {
    if (this.#pingAt !== null || this.#phase === 'closing') return;
    this.#pingAt = now;
    this.#write('ping', EMPTY);
  }

  /** One answer for all that came while the transport was full, or a peer that never reads would fill our memory. */
  #answerPing(): void {
    this.#pongDue = this.#blocked;
    if (!this.#blocked) this.#write('pong', EMPTY);
  }

  #pong(now: number): void {
    if (this.#pingAt === null) return;
    const rtt = now - this.#pingAt;
    this.#pingAt = null;
    if (this.#phase === 'proven') {
      this.#phase = 'open';
      this.#effects.push({ kind: 'open', rtt });
    } else this.#effects.push({ kind: 'rtt', rtt });
  }

  #end(): void {
    if (this.#endSent || this.#phase === 'closing') return;
    this.#endSent = true;
    this.#queue.push('end', EMPTY);
  }

  /** Waits for what is queued, says why, waits for the peer's answer; all within CLOSE_TIMEOUT. */
  #close(reason: string, now: number): void {
    if (this.#phase === 'closing') return;
    this.#reason = reason.slice(0, MAX_REASON);
    if (this.#phase === 'proving') this.#finish(this.#reason);
    else this.#beginClosing(new TextEncoder().encode(this.#reason), now);
  }

  #peerClosed(payload: Uint8Array, now: number): void {
    if (this.#phase !== 'closing') {
      const said = new TextDecoder().decode(payload).slice(0, MAX_REASON);
      this.#reason = said === '' ? 'closed by the peer' : `closed by the peer: ${said}`;
      this.#beginClosing(EMPTY, now);
      this.#pump(now);
    }
    this.#flush();
    this.#effects.push({ kind: 'hang-up' });
  }

  #beginClosing(payload: Uint8Array, now: number): void {
    this.#phase = 'closing';
    this.#closeBy = now + CLOSE_TIMEOUT;
    this.#queue.push('close', payload);
  }

  #tick(now: number): void {
    const silence = now - this.#lastReceived;
    if (now >= this.#closeBy) this.#finish(this.#reason);
    else if (silence >= KEEPALIVE_TIMEOUT)
      this.#finish(`the peer has been silent for ${Math.round(silence / 1000)} s`);
    else {
      // While the transport is full it waits, or a peer that never reads would fill our memory.
      if (now >= this.#ackAt && !this.#blocked) this.#write('ack', EMPTY);
      if (silence >= this.#keepalive()) this.#ping(now);
    }
  }

  /** Writes one batch of queued messages as window and transport allow; closes when both sides have ended. */
  #pump(now: number): void {
    while (!this.#blocked) {
      const frame = this.#queue.next();
      if (frame === null) break;
      this.#put(frame.type, frame.payload, frame.sequence, frame.more);
      if (frame.completes !== null) this.#effects.push({ kind: 'sent', id: frame.completes });
      this.#blocked = this.#chunksLength >= WRITE_BATCH;
    }
    if (this.#endSent && !this.#flushed && this.#queue.settled) {
      this.#flushed = true;
      this.#effects.push({ kind: 'flushed' });
    }
    if (this.#flushed && this.#endReceived && this.#phase === 'open') {
      this.#close('finished', now);
      this.#pump(now);
    }
  }

  #write(type: FrameType, payload: Uint8Array): void {
    this.#put(type, payload, 0, false);
  }

  #put(type: FrameType, payload: Uint8Array, sequence: number, more: boolean): void {
    const acknowledged = this.#window.acknowledged;
    this.#window.reported();
    this.#ackAt = Number.POSITIVE_INFINITY;
    for (const chunk of encodeFrame({ type, more, sequence, acknowledged, payload })) {
      this.#chunks.push(chunk);
      this.#chunksLength += chunk.length;
    }
  }

  #flush(): void {
    if (this.#chunks.length === 0) return;
    this.#effects.push({ kind: 'write', chunks: this.#chunks });
    this.#chunks = [];
    this.#chunksLength = 0;
  }

  #finish(reason: string): void {
    this.#flush();
    this.#phase = 'closed';
    this.#effects.push({ kind: 'closed', reason });
  }
}
