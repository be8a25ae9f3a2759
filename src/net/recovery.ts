/**
 * Pipes that have lost their path, or are about to: another one is looked for until it is found or the time is up. A
 * relayed pipe is tried without the relay now and then. Rule and timing; the connect itself is the node's.
 *
 *   well ──doubtful──► searching once ──sure, moved──► well
 *    └────stranded───► searching, with pauses ──moved──► well
 *                            └──time is up, or the peer has no such pipe──► abandoned
 */
import { PipeGone } from './connect/join.ts';
import type { Io } from './io/io.ts';
import { RECOVERY } from './path-timing.ts';
import type { Pipe } from './pipe/pipe.ts';

export interface RecoveryTask {
  readonly io: Io;
  /**
   * Looks for another path once and moves the pipe there; null where the peer's address is not known.
   *
   * @param better only for one without a relay
   * @throws PipeGone where the peer has no such pipe, else why there is none
   */
  readonly rejoin: (pipe: Pipe, better: boolean, signal: AbortSignal) => Promise<void> | null;
  /** A path is lost, or may be: what else went by the same network may be, too. */
  readonly suspect: () => void;
  /** The node stops. */
  readonly signal: AbortSignal;
}

interface Search {
  readonly stop: AbortController;
  /** Begins with another look at once: the one under way, or the pause after it, ends. */
  hurry: () => void;
  /** Somebody did. */
  isHurried: boolean;
  /** null: it is only doubtful, or relayed. */
  stranded: { readonly reason: string; readonly until: number } | null;
}

export class Recovery {
  readonly #task: RecoveryTask;
  readonly #searches = new Map<Pipe, Search>();
  /** When a pipe was doubted last, so that a lossy network is no storm of connects. */
  readonly #doubted = new WeakMap<Pipe, number>();

  constructor(task: RecoveryTask) {
    this.#task = task;
  }

  /** @param limit ms that it may take */
  stranded(pipe: Pipe, reason: string, limit: number): void {
    const stranded = { reason, until: this.#task.io.now() + limit };
    const search = this.#searches.get(pipe);
    if (search === undefined) void this.#search(pipe, stranded);
    else search.stranded = stranded;
  }

  doubtful(pipe: Pipe, isDoubtful: boolean): void {
    const search = this.#searches.get(pipe);
    if (!isDoubtful) {
      if (search?.stranded === null) search.stop.abort(new Error('the pipe has its path'));
      return;
    }
    const now = this.#task.io.now();
    const last = this.#doubted.get(pipe) ?? Number.NEGATIVE_INFINITY;
    if (search !== undefined || now - last < RECOVERY.doubtPause) return;
    this.#doubted.set(pipe, now);
    void this.#search(pipe, null);
  }

  /** Another path carries it, or it is closed. */
  settled(pipe: Pipe): void {
    this.#searches.get(pipe)?.stop.abort(new Error('the pipe has its path'));
  }

  /** The machine's network is another one: what was in vain may work now, and what works may be dead. */
  networkChanged(pipes: Iterable<Pipe>): void {
    for (const pipe of pipes) {
      const search = this.#searches.get(pipe);
      if (search === undefined) pipe.ping();
      else search.hurry();
    }
  }

  /** Servers have told how they see the new network: what is looked for in vain is looked for again, what is not is asked. */
  networkKnown(pipes: Iterable<Pipe>): void {
    for (const pipe of pipes) {
      const search = this.#searches.get(pipe);
      if (search !== undefined) search.isHurried = true;
      else {
        // What was in doubt before may be doubted again at once.
        this.#doubted.delete(pipe);
        pipe.ping();
      }
    }
  }

  /** Tries a relayed pipe without its relay, now and then, as long as it is relayed. */
  async improve(pipe: Pipe): Promise<void> {
    const { io, rejoin, signal } = this.#task;
    const over = new AbortController();
    void pipe.closed.then(() => over.abort());
    const stop = AbortSignal.any([signal, over.signal]);
    for (
      let pause: number = RECOVERY.improve;
      pipe.info.method === 'relay';
      pause = Math.min(pause * 2, RECOVERY.improveMax)
    ) {
      await io.sleepUntil(io.now() + pause, stop);
      if (stop.aborted || pipe.info.method !== 'relay') return;
      if (!pipe.isStranded) await rejoin(pipe, true, stop)?.catch(() => undefined);
    }
  }

  async #search(pipe: Pipe, stranded: Search['stranded']): Promise<void> {
    this.#task.suspect();
    const search: Search = {
      stop: new AbortController(),
      hurry: () => undefined,
      isHurried: false,
      stranded,
    };
    this.#searches.set(pipe, search);
    const stop = AbortSignal.any([this.#task.signal, search.stop.signal]);
    try {
      for (
        let pause: number = RECOVERY.pause;
        !stop.aborted;
        pause = Math.min(pause * 2, RECOVERY.pauseMax)
      ) {
        await this.#look(pipe, search, stop);
        if (stop.aborted) return;
        if (search.isHurried) {
          search.isHurried = false;
          pause = RECOVERY.pause / 2;
          continue;
        }
        // A doubt deserves one look; what is only doubtful still works, or will be stranded.
        if (search.stranded === null) return;
        if (this.#task.io.now() >= search.stranded.until) {
          pipe.abandon(`${search.stranded.reason}, and no other path was found in time`);
          return;
        }
        await this.#pause(search, pause, stop);
      }
    } finally {
      if (this.#searches.get(pipe) === search) this.#searches.delete(pipe);
    }
  }

  /** Never longer than is left. */
  async #look(pipe: Pipe, search: Search, stop: AbortSignal): Promise<void> {
    const { io, rejoin } = this.#task;
    const limit = new AbortController();
    search.hurry = () => {
      search.isHurried = true;
      limit.abort(new Error('the network has changed'));
    };
    const watch = async () => {
      while (!limit.signal.aborted) {
        const until = search.stranded?.until ?? io.now() + RECOVERY.look;
        await io.sleepUntil(Math.min(until, io.now() + RECOVERY.look), limit.signal);
        if (io.now() >= (search.stranded?.until ?? Number.POSITIVE_INFINITY))
          limit.abort(new Error('the time is up'));
      }
    };
    try {
      const looking = rejoin(pipe, false, AbortSignal.any([stop, limit.signal]));
      if (looking === null) return;
      void watch();
      await looking;
    } catch (error) {
      if (error instanceof PipeGone) pipe.abandon(error.message);
    } finally {
      limit.abort();
    }
  }

  async #pause(search: Search, pause: number, stop: AbortSignal): Promise<void> {
    const { io } = this.#task;
    const hurry = new AbortController();
    search.hurry = () => hurry.abort();
    const until = Math.min(io.now() + pause, search.stranded?.until ?? Number.POSITIVE_INFINITY);
    await io.sleepUntil(until, AbortSignal.any([stop, hurry.signal]));
  }
}
