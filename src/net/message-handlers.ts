/** Who is told of messages that come in. One handler's exception hurts neither the pipe nor the others. */
import type { MessageHandler } from './node-options.ts';
import type { Pipe } from './pipe/pipe.ts';

export class MessageHandlers {
  readonly #handlers = new Set<MessageHandler>();
  readonly #failed: (error: unknown) => void;

  /** @param failed called with what a handler threw */
  constructor(failed: (error: unknown) => void) {
    this.#failed = failed;
  }

  get isEmpty(): boolean {
    return this.#handlers.size === 0;
  }

  add(handler: MessageHandler): void {
    this.#handlers.add(handler);
  }

  delete(handler: MessageHandler): void {
    this.#handlers.delete(handler);
  }

  /** @returns when all are done; nothing where there is none to wait for */
  tell(message: Buffer, pipe: Pipe, kind: 'text' | 'binary'): void | Promise<void> {
    const running = [...this.#handlers].map((handler) => this.#run(handler, message, pipe, kind));
    return running.length === 0 ? undefined : Promise.all(running).then(() => undefined);
  }

  async #run(handler: MessageHandler, message: Buffer, pipe: Pipe, kind: 'text' | 'binary'): Promise<void> {
    try {
      await handler(message, pipe.remote, pipe, kind);
    } catch (error) {
      this.#failed(error);
    }
  }
}
