/** Messages that are on their way out, and who waits for each to be handed over. */
import { P2pdError } from '../errors.ts';
import { MAX_MESSAGE } from '../timing.ts';
import type { MessageKind } from './frame.ts';

interface Sending {
  readonly kind: MessageKind;
  readonly bytes: Uint8Array;
  resolve(): void;
  reject(error: Error): void;
}

export class Sendings {
  readonly #waiting = new Map<number, Sending>();
  readonly #sent: (kind: MessageKind, bytes: Uint8Array) => void;
  #next = 1;

  /** @param sent told of each message that is handed over */
  constructor(sent: (kind: MessageKind, bytes: Uint8Array) => void) {
    this.#sent = sent;
  }

  /**
   * @param start is given the message's number
   * @returns when it is handed over
   * @throws P2pdError MESSAGE_TOO_LONG, PIPE_CLOSED
   */
  add(kind: MessageKind, bytes: Uint8Array, start: (id: number) => void): Promise<void> {
    if (bytes.length > MAX_MESSAGE) {
      const message = `the message has ${bytes.length} bytes, a pipe carries ${MAX_MESSAGE} at once`;
      return Promise.reject(new P2pdError('MESSAGE_TOO_LONG', message));
    }
    return new Promise((resolve, reject) => {
      const id = this.#next++;
      this.#waiting.set(id, { kind, bytes, resolve, reject });
      start(id);
    });
  }

  sent(id: number): void {
    const sending = this.#waiting.get(id);
    this.#waiting.delete(id);
    if (sending === undefined) return;
    this.#sent(sending.kind, sending.bytes);
    sending.resolve();
  }

  fail(reason: string): void {
    for (const sending of this.#waiting.values()) sending.reject(closedError(reason));
    this.#waiting.clear();
  }
}

export function closedError(reason?: string): P2pdError {
  return new P2pdError('PIPE_CLOSED', `the pipe is closed${reason === undefined ? '' : `: ${reason}`}`);
}
