/**
 * What a pipe still has to send, cut into numbered frames as the window allows. The peer's
 * acknowledgements free the window: they come when a message has been dealt with, so a slow
 * reader slows the sender down and nobody buffers without bound. Until then frames are kept: on
 * another path they are sent again from where the peer has them. Machine: no socket, no clock.
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

const RELEASED: Outgoing = {
  type: 'ack',
  more: false,
  sequence: 0,
  payload: new Uint8Array(0),
  completes: null,
};

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
  /** Numbered and not acknowledged, from `#inFlightHead` on. */
  #inFlight: Outgoing[] = [];
  #inFlightHead = 0;
  /** The first of these that has to be sent again; their end where none has. */
  #again = 0;
  #cost = 0;
  #unsettled = 0;
  #sequence = 0;
  #acknowledged = 0;

  /** Nothing waits to be sent. */
  get empty(): boolean {
    return this.#head === this.#waiting.length && this.#again === this.#inFlight.length;
  }

  /** Everything sent was acknowledged. */
  get settled(): boolean {
    return this.empty && this.#inFlightHead === this.#inFlight.length;
  }

  /** Bytes of messages that were given and that the peer has not dealt with. */
  get unsettled(): number {
    return this.#unsettled;
  }

  push(type: MessageKind | 'end' | 'close', bytes: Uint8Array, id: number | null = null): void {
    if (type !== 'close') this.#unsettled += bytes.length;
    this.#waiting.push({ type, bytes, id, offset: 0 });
  }

  /** The next frame, or null when nothing waits or the window is full. */
  next(): Outgoing | null {
    const again = this.#inFlight[this.#again];
    if (again !== undefined) {
      this.#again++;
      return { ...again, completes: null };
    }
    const first = this.#waiting[this.#head];
    if (first === undefined || (this.#cost >= SEND_WINDOW && first.type !== 'close')) return null;
    const payload = first.bytes.subarray(first.offset, first.offset + MAX_FRAME_PAYLOAD);
    first.offset += payload.length;
    const more = first.offset < first.bytes.length;
    if (!more) this.#drop();
    this.#sequence = (this.#sequence + 1) >>> 0;
    this.#cost += payload.length + FRAME_COST;
    const completes = more ? null : first.id;
    const frame = { type: first.type, more, sequence: this.#sequence, payload, completes };
    this.#inFlight.push(frame);
    this.#again = this.#inFlight.length;
    return frame;
  }

  /**
   * The pipe goes on by another path: what the peer has not received is sent again, in order.
   *
   * @param received the number of the last frame that it had when it joined: it may have acknowledged more since
   * @throws DecodeError where that was never sent
   */
  rewind(received: number): void {
    const isOld = (this.#acknowledged - received) >>> 0 < 0x8000_0000;
    const count = isOld ? 0 : (received - this.#acknowledged) >>> 0;
    const flying = this.#inFlight.length - this.#inFlightHead;
    if (count > flying) throw new DecodeError('join', `frame ${received} was never sent`);
    this.#again = this.#inFlightHead + count;
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
    for (let i = 0; i < count; i++) this.#release();
    this.#again = Math.max(this.#again, this.#inFlightHead);
    this.#acknowledged = sequence;
    if (this.#inFlightHead > 256) {
      this.#inFlight = this.#inFlight.slice(this.#inFlightHead);
      this.#again -= this.#inFlightHead;
      this.#inFlightHead = 0;
    }
  }

  /** The oldest is done with; its bytes are not held any longer. */
  #release(): void {
    const frame = this.#inFlight[this.#inFlightHead];
    if (frame === undefined) return;
    this.#cost -= frame.payload.length + FRAME_COST;
    if (frame.type !== 'close') this.#unsettled -= frame.payload.length;
    this.#inFlight[this.#inFlightHead++] = RELEASED;
  }

  #drop(): void {
    this.#head++;
    if (this.#head > 256 || this.#head === this.#waiting.length) {
      this.#waiting = this.#waiting.slice(this.#head);
      this.#head = 0;
    }
  }
}
