/**
 * What a pipe still has to send, cut into numbered frames as the window allows. The peer's
 * acknowledgements free the window: they come when a message has been dealt with, so a slow
 * reader slows the sender down and nobody buffers without bound. Machine: no socket, no clock.
 */
import { MAX_FRAME_PAYLOAD, SEND_WINDOW } from '../timing.ts';
import { DecodeError } from '../wire/decode-error.ts';
import type { FrameType, MessageKind } from './frame.ts';

/** What a frame costs the window beyond its payload, so that tiny messages are bounded too. */
export const FRAME_COST = 64;

/** A numbered frame, ready but for the acknowledgement it will carry. */
export interface Outgoing {
  readonly type: FrameType;
  readonly more: boolean;
  readonly sequence: number;
  readonly payload: Uint8Array;
  /** The message that is handed over in full with this frame. */
  readonly completes: number | null;
}

interface Waiting {
  readonly type: FrameType;
  readonly bytes: Uint8Array;
  readonly id: number | null;
  offset: number;
}

export class SendQueue {
  /** Entries before `#head` are gone; compacted now and then, so that taking is cheap. */
  #waiting: Waiting[] = [];
  #head = 0;
  #inFlight: number[] = [];
  #inFlightHead = 0;
  #cost = 0;
  #sequence = 0;
  #acknowledged = 0;

  /** Nothing waits to be sent. */
  get empty(): boolean {
    return this.#head === this.#waiting.length;
  }

  /** Everything sent was acknowledged. */
  get settled(): boolean {
    return this.empty && this.#inFlightHead === this.#inFlight.length;
  }

  push(type: MessageKind | 'end' | 'close', bytes: Uint8Array, id: number | null = null): void {
    this.#waiting.push({ type, bytes, id, offset: 0 });
  }

  /** The next frame, or null when nothing waits or the window is full. */
  next(): Outgoing | null {
    const first = this.#waiting[this.#head];
    if (first === undefined || (this.#cost >= SEND_WINDOW && first.type !== 'close')) return null;
    const payload = first.bytes.subarray(first.offset, first.offset + MAX_FRAME_PAYLOAD);
    first.offset += payload.length;
    const more = first.offset < first.bytes.length;
    if (!more) this.#drop();
    this.#sequence = (this.#sequence + 1) >>> 0;
    this.#inFlight.push(payload.length + FRAME_COST);
    this.#cost += payload.length + FRAME_COST;
    return { type: first.type, more, sequence: this.#sequence, payload, completes: more ? null : first.id };
  }

  /**
   * The peer has dealt with all numbered frames up to this one.
   *
   * @throws DecodeError when it acknowledges what was never sent
   */
  acknowledge(sequence: number): void {
    const count = (sequence - this.#acknowledged) >>> 0;
    const flying = this.#inFlight.length - this.#inFlightHead;
    if (count > flying) throw new DecodeError('acknowledgement', `${sequence} was never sent`);
    for (let i = 0; i < count; i++) this.#cost -= this.#inFlight[this.#inFlightHead++] ?? 0;
    this.#acknowledged = sequence;
    if (this.#inFlightHead > 256) {
      this.#inFlight = this.#inFlight.slice(this.#inFlightHead);
      this.#inFlightHead = 0;
    }
  }

  #drop(): void {
    this.#head++;
    if (this.#head > 256 || this.#head === this.#waiting.length) {
      this.#waiting = this.#waiting.slice(this.#head);
      this.#head = 0;
    }
  }
}
