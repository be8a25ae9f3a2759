/** Frames of a session on their way out, gathered into one write; each carries the newest acknowledgement. Machine. */
import { ACK_DELAY, ACK_EVERY_BYTES } from '../timing.ts';
import { encodeFrame, type FrameType } from './frame.ts';
import type { ReceiveWindow } from './receive-window.ts';

const EMPTY = new Uint8Array(0);

export class Outlet {
  readonly #window: ReceiveWindow;
  #chunks: Uint8Array[] = [];
  #length = 0;
  #ackAt = Number.POSITIVE_INFINITY;
  #pongDue = false;

  constructor(window: ReceiveWindow) {
    this.#window = window;
  }

  /** Bytes that wait for `take`. */
  get length(): number {
    return this.#length;
  }

  /** When an acknowledgement is due by itself. */
  get ackAt(): number {
    return this.#ackAt;
  }

  /** A frame that is not numbered. */
  write(type: FrameType, payload: Uint8Array = EMPTY): void {
    this.put(type, payload, 0, false);
  }

  put(type: FrameType, payload: Uint8Array, sequence: number, more: boolean): void {
    const acknowledged = this.#window.acknowledged;
    this.#window.reported();
    this.#ackAt = Number.POSITIVE_INFINITY;
    for (const chunk of encodeFrame({ type, more, sequence, acknowledged, payload })) {
      this.#chunks.push(chunk);
      this.#length += chunk.length;
    }
  }

  /** Something was dealt with: much of it is acknowledged at once, little of it shortly. */
  planAck(now: number): void {
    if (this.#window.unreported >= ACK_EVERY_BYTES) this.write('ack');
    else if (this.#window.unreported > 0) this.#ackAt = Math.min(this.#ackAt, now + ACK_DELAY);
  }

  /** One answer for all that came while the transport was full, or a peer that never reads would fill our memory. */
  answerPing(isFull: boolean): void {
    this.#pongDue = isFull;
    if (!isFull) this.write('pong');
  }

  /** The transport has room again. */
  drained(): void {
    if (this.#pongDue) this.answerPing(false);
  }

  /** What waits was for a path that is gone. */
  clear(): void {
    this.take();
    this.#pongDue = false;
  }

  take(): readonly Uint8Array[] {
    const chunks = this.#chunks;
    this.#chunks = [];
    this.#length = 0;
    return chunks;
  }
}
