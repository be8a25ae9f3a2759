/**
 * Numbered frames in, whole messages out; counts what may be acknowledged. A frame of an unfinished
 * message may be at once, a whole message when its handlers are done with it. Refuses a peer that
 * ignores order, window or the length of a message. Machine: no socket, no clock.
 */
import { MAX_MESSAGE, SEND_WINDOW } from '../timing.ts';
import { DecodeError } from '../wire/decode-error.ts';
import { isMessage, joined, type MessageKind, type ReceivedFrame } from './frame.ts';
import { FRAME_COST } from './send-queue.ts';

export interface Received {
  readonly kind: MessageKind;
  /** In one piece; bulk in as many as came. */
  readonly parts: readonly Uint8Array[];
  /** To be given to `settle` when the message is dealt with. */
  readonly sequence: number;
}

/** Parts of a message that are held before they are put together: those of a megabyte in full frames. */
const MAX_PARTS = 128;

interface Pending {
  readonly sequence: number;
  readonly cost: number;
  settled: boolean;
}

export class ReceiveWindow {
  #expected = 1;
  /** Entries before `#head` are done with. */
  #pending: Pending[] = [];
  #head = 0;
  #pendingCost = 0;
  #parts: Uint8Array[] = [];
  #partsLength = 0;
  #partsKind: MessageKind | null = null;
  /** How many of the last parts were not put together yet. */
  #small = 0;
  /** Cost of frames dealt with since the last acknowledgement was written. */
  #unreported = 0;
  #acknowledged = 0;

  /** The last numbered frame that has come. */
  get received(): number {
    return (this.#expected - 1) >>> 0;
  }

  /** Whether this frame came before, as the first ones on another path may. */
  isRepeated({ sequence }: ReceivedFrame): boolean {
    const behind = (this.#expected - sequence) >>> 0;
    return behind > 0 && behind < 0x8000_0000;
  }

  /** Every numbered frame up to this one is dealt with. */
  get acknowledged(): number {
    return this.#acknowledged;
  }

  /** Every frame that has come is dealt with. */
  get isSettled(): boolean {
    return this.#head === this.#pending.length;
  }

  /** Bytes that an acknowledgement would free at the sender. */
  get unreported(): number {
    return this.#unreported;
  }

  /** An acknowledgement has been written. */
  reported(): void {
    this.#unreported = 0;
  }

  /**
   * Takes a numbered frame.
   *
   * @returns the message that it completes, if any
   * @throws DecodeError when the peer breaks the rules
   */
  accept(frame: ReceivedFrame): Received | null {
    if (frame.sequence !== this.#expected) {
      throw new DecodeError('frame', `number ${frame.sequence} instead of ${this.#expected}`);
    }
    this.#expected = (this.#expected + 1) >>> 0;
    const cost = frame.length + FRAME_COST;
    if (this.#pendingCost > SEND_WINDOW)
      throw new DecodeError('frame', 'more was sent than the window allows');
    this.#pending.push({ sequence: frame.sequence, cost, settled: false });
    this.#pendingCost += cost;
    const message = isMessage(frame.type) ? this.#assemble(frame, frame.type) : this.#interrupt();
    if (message === null) this.settle(frame.sequence);
    return message;
  }

  /** The frame, and the message it completed, are dealt with. */
  settle(sequence: number): void {
    const entry = this.#find(sequence);
    if (entry === undefined) return;
    entry.settled = true;
    for (let next = this.#pending[this.#head]; next?.settled; next = this.#pending[++this.#head]) {
      this.#acknowledged = next.sequence;
      this.#pendingCost -= next.cost;
      this.#unreported += next.cost;
    }
    if (this.#head > 256 || this.#head === this.#pending.length) {
      this.#pending = this.#pending.slice(this.#head);
      this.#head = 0;
    }
  }

  /** Sequence numbers of pending frames follow one another, so the place is known. */
  #find(sequence: number): Pending | undefined {
    const first = this.#pending[this.#head];
    return first && this.#pending[this.#head + ((sequence - first.sequence) >>> 0)];
  }

  #interrupt(): null {
    if (this.#partsKind !== null) throw new DecodeError('frame', 'a message was left unfinished');
    return null;
  }

  #assemble(frame: ReceivedFrame, kind: MessageKind): Received | null {
    if (this.#partsKind !== null && this.#partsKind !== kind) {
      throw new DecodeError('frame', `a ${this.#partsKind} message goes on as ${kind}`);
    }
    if (this.#partsLength + frame.length > MAX_MESSAGE) {
      throw new DecodeError('message', `longer than ${MAX_MESSAGE} bytes`);
    }
    const alone = !frame.more && this.#partsKind === null;
    if (!alone) this.#keep(frame, kind);
    if (frame.more) return null;
    const whole = alone ? frame : { parts: this.#parts, length: this.#partsLength };
    this.#parts = [];
    this.#partsLength = 0;
    this.#partsKind = null;
    this.#small = 0;
    return { kind, parts: kind === 'bulk' ? whole.parts : [joined(whole)], sequence: frame.sequence };
  }

  /** A frame of a message that goes on, in few pieces: thousands of tiny ones would cost far more than they hold. */
  #keep(frame: ReceivedFrame, kind: MessageKind): void {
    this.#parts.push(...frame.parts);
    this.#partsLength += frame.length;
    this.#partsKind = kind;
    this.#small += frame.parts.length;
    if (this.#small < MAX_PARTS) return;
    this.#parts.push(Buffer.concat(this.#parts.splice(this.#parts.length - this.#small)));
    this.#small = 0;
  }
}
