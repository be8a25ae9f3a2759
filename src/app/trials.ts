/** The trials of a session: one at a time, in a node of its own, so that pipes go on as they are. Outcomes are events. */
import { P2pdError } from '../net/index.ts';
import type { AppEvent } from './events.ts';
import { errorEvent } from './failure.ts';
import type { Context } from './journeys/context.ts';
import type { TrialDocument } from './trial/document.ts';

/** Runs of each cell. */
const REPEAT = 5;
/** Of the trial's own node nothing else is for the screens: they show the session's. */
const FOR_SCREENS: ReadonlySet<AppEvent['event']> = new Set(['trial', 'trial-run', 'log']);

const stopped = (role: 'a' | 'b'): AppEvent => ({
  event: 'trial',
  phase: 'failed',
  role,
  reason: 'it was stopped before anything was tried',
});
const STOPPED = { a: stopped('a'), b: stopped('b') } as const;

export class Trials {
  readonly #ctx: Context;
  #stop: AbortController | null = null;
  #running: Promise<void> = Promise.resolve();

  constructor(ctx: Context) {
    this.#ctx = ctx;
  }

  /** @param peer whom to start one with; null: wait for somebody who does. Nothing while one is under way */
  start(peer: string | null): void {
    if (this.#stop !== null) return;
    const stop = new AbortController();
    this.#stop = stop;
    this.#running = this.#run(peer, stop).finally(() => {
      this.#stop = null;
    });
  }

  /** Ends it; what was found out by then is reported. Resolves when it has ended. */
  async stop(): Promise<void> {
    this.#stop?.abort(new P2pdError('INTERRUPTED', 'it was stopped'));
    await this.#running;
  }

  /** Writes the newest report into the working directory. @returns the names of the files */
  async save(document: TrialDocument): Promise<readonly string[]> {
    const { writeReport } = await import('./trial/forms.ts');
    const stamp = new Date(document.startedAt).toISOString().slice(0, 19).replace(/[:T]/g, '-');
    const names = ['html', 'json'].map((ending) => `p2pd-trial-${stamp}.${ending}`);
    await Promise.all(names.map((name) => writeReport(name, document)));
    return names;
  }

  async #run(peer: string | null, stop: AbortController): Promise<void> {
    const { emit, signal } = this.#ctx;
    const role = peer === null ? 'b' : 'a';
    const ctx: Context = {
      ...this.#ctx,
      // A named port belongs to the session's first node.
      config: { ...this.#ctx.config, port: null },
      signal: AbortSignal.any([signal, stop.signal]),
      emit: (event) => {
        if (FOR_SCREENS.has(event.event)) emit(event);
      },
    };
    try {
      if (peer === null) {
        const { acceptTrial } = await import('./journeys/accept-trial.ts');
        const document = await acceptTrial(ctx, { nickname: null });
        if (document === null) emit(STOPPED[role]);
      } else {
        const { trial } = await import('./journeys/trial.ts');
        await trial(ctx, { peer, repeat: REPEAT, acceptNewKey: false });
      }
    } catch (error) {
      if (stop.signal.aborted) emit(STOPPED[role]);
      else emit(errorEvent(error));
    }
  }
}
