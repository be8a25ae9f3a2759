/** Serving beside the nodes of a session: begins the serve journey, knows when it is ready, ends it. */
import type { AppEvent } from './events.ts';
import { errorEvent } from './failure.ts';
import type { Context } from './journeys/context.ts';

export class Serving {
  readonly #ctx: Context;
  #stop: AbortController | null = null;
  #over: Promise<void> = Promise.resolve();

  constructor(ctx: Context) {
    this.#ctx = ctx;
  }

  /** @returns whether it began to serve: false where it serves already, or an event says why it cannot */
  async start(): Promise<boolean> {
    if (this.#stop !== null) return false;
    const stop = new AbortController();
    this.#stop = stop;
    await this.#over;
    return new Promise((resolve) => {
      const emit = (event: AppEvent) => {
        this.#ctx.emit(event);
        if (event.event === 'ready') resolve(true);
      };
      const signal = AbortSignal.any([stop.signal, this.#ctx.signal]);
      this.#over = this.#run({ ...this.#ctx, emit, signal }, stop.signal).finally(() => {
        if (this.#stop === stop) this.#stop = null;
        resolve(false);
      });
    });
  }

  /** Resolves when nothing is served any more. */
  async stop(): Promise<void> {
    this.#stop?.abort();
    this.#stop = null;
    await this.#over;
  }

  async #run(ctx: Context, stopped: AbortSignal): Promise<void> {
    try {
      // Brokers are large, and most people never serve.
      const { DEFAULT_SERVE, serve } = await import('./journeys/serve.ts');
      await serve(ctx, DEFAULT_SERVE);
    } catch (error) {
      if (!stopped.aborted) ctx.emit(errorEvent(error));
    }
  }
}
