/**
 * Virtual time: a heap of timers and a driver that lets everything that is due settle (promise
 * reactions, nextTicks, immediates) before it jumps to the next timer. Nothing here waits in real
 * time, and real I/O is not seen: what needs it is wrapped in `outside`.
 */
import { hasImmediates, nextTurn } from '../net/io/event-loop.ts';

/** A timer that may be cancelled; cancelling twice, or after it fired, does nothing. */
export interface Timer {
  readonly at: number;
  cancel(): void;
}

export interface RunLimits {
  /** Virtual ms from now; 10 minutes unless said. */
  readonly within?: number;
  /** Timers fired; 20 million unless said. */
  readonly steps?: number;
}

/** What `run` fails with when virtual time cannot bring the promise about. */
export class ClockError extends Error {
  override readonly name = 'ClockError';
}

const DEFAULT_WITHIN = 600_000;
const DEFAULT_STEPS = 20_000_000;
/** Rounds of immediates that beget immediates before we call it a loop. */
const MAX_ROUNDS = 10_000;

class Entry implements Timer {
  readonly at: number;
  readonly order: number;
  fire: (() => void) | null;
  readonly #onCancel: () => void;

  constructor(at: number, order: number, fire: () => void, onCancel: () => void) {
    this.at = at;
    this.order = order;
    this.fire = fire;
    this.#onCancel = onCancel;
  }

  cancel(): void {
    if (this.fire === null) return;
    this.fire = null;
    this.#onCancel();
  }
}

export class Clock {
  #now = 0;
  #order = 0;
  #heap: Entry[] = [];
  #cancelled = 0;
  #outside = 0;
  #running = false;

  /** Virtual ms since the clock was made. */
  readonly now = (): number => this.#now;

  /** Timers that have not fired and are not cancelled. */
  get pending(): number {
    return this.#heap.length - this.#cancelled;
  }

  /** When the next of them fires; null where there is none. */
  get next(): number | null {
    return this.#peek()?.at ?? null;
  }

  /** Calls `fire` at that time (at once when it has passed, but never before this returns); ties by insertion. */
  at(time: number, fire: () => void): Timer {
    if (Number.isNaN(time)) throw new RangeError('a timer needs a time, not NaN');
    const entry = new Entry(Math.max(time, this.#now), this.#order++, fire, this.#onCancel);
    push(this.#heap, entry);
    return entry;
  }

  after(delay: number, fire: () => void): Timer {
    return this.at(this.#now + delay, fire);
  }

  /** As Io's: resolves at that time or as soon as the signal aborts; never rejects. */
  sleepUntil(at: number, signal?: AbortSignal): Promise<void> {
    if (signal?.aborted) return Promise.resolve();
    return new Promise((resolve) => {
      const done = () => {
        timer?.cancel();
        signal?.removeEventListener('abort', done);
        resolve();
      };
      const timer = at === Number.POSITIVE_INFINITY ? null : this.at(at, done);
      signal?.addEventListener('abort', done, { once: true });
    });
  }

  /** Virtual time stands still until this promise of the real world (a file, an import) settles. */
  async outside<T>(work: Promise<T>): Promise<T> {
    this.#outside++;
    try {
      return await work;
    } finally {
      this.#outside--;
    }
  }

  /**
   * Drives virtual time until the promise settles, and no further.
   *
   * @throws what the promise rejects with; ClockError when it cannot settle: no timer is left, or a limit is passed
   */
  async run<T>(work: Promise<T> | (() => Promise<T>), limits: RunLimits = {}): Promise<T> {
    const startedAt = this.#now;
    let settled = false;
    const mark = () => {
      settled = true;
    };
    const promise = typeof work === 'function' ? work() : work;
    promise.then(mark, mark);
    const until = startedAt + (limits.within ?? DEFAULT_WITHIN);
    await this.#drive(
      () => settled,
      (next) => {
        if (next === null) return `nothing is left that could settle the promise (at ${this.#now} ms)`;
        return next > until ? `the promise is still pending after ${until - startedAt} ms` : null;
      },
      limits.steps ?? DEFAULT_STEPS,
    );
    return promise;
  }

  /**
   * Fires everything that is due until that time, which it is then.
   *
   * @param signal stops before it
   */
  async runUntil(time: number, { steps, signal }: RunLimits & { signal?: AbortSignal } = {}): Promise<void> {
    const isOver = () => signal?.aborted === true || (this.next ?? Number.POSITIVE_INFINITY) > time;
    await this.#drive(isOver, () => null, steps ?? DEFAULT_STEPS);
    if (signal?.aborted !== true) this.#now = Math.max(this.#now, time);
  }

  /** As `runUntil`, from now. */
  advance(ms: number): Promise<void> {
    return this.runUntil(this.#now + ms);
  }

  /** One timer a turn of Node's event loop: in between, Node runs every reaction, tick and immediate. */
  #drive(
    isOver: () => boolean,
    refuse: (next: number | null) => string | null,
    maxSteps: number,
  ): Promise<void> {
    if (this.#running) throw new ClockError('the clock is being driven already: await the other run first');
    this.#running = true;
    let steps = 0;
    let rounds = 0;
    /** Whether there is more to do. */
    const turn = (): boolean => {
      if (this.#outside > 0) return true;
      if (hasImmediates()) {
        if (++rounds > MAX_ROUNDS) throw new ClockError('immediates beget immediates without end');
        return true;
      }
      rounds = 0;
      if (isOver()) return false;
      const reason = refuse(this.#peek()?.at ?? null);
      if (reason !== null) throw new ClockError(reason);
      if (++steps > maxSteps) throw new ClockError(`more than ${maxSteps} steps (at ${this.#now} ms)`);
      this.#step();
      return true;
    };
    return new Promise<void>((resolve, reject) => {
      const loop = () => {
        try {
          if (turn()) nextTurn(loop);
          else resolve();
        } catch (error) {
          reject(error);
        }
      };
      nextTurn(loop);
    }).finally(() => {
      this.#running = false;
    });
  }

  #step(): void {
    const entry = this.#peek();
    if (entry === null) return;
    pop(this.#heap);
    this.#now = entry.at;
    const fire = entry.fire;
    entry.fire = null;
    fire?.();
  }

  /** The next timer that was not cancelled. */
  #peek(): Entry | null {
    for (;;) {
      const first = this.#heap[0];
      if (first === undefined) return null;
      if (first.fire !== null) return first;
      pop(this.#heap);
      this.#cancelled--;
    }
  }

  /** Cancelled timers stay in the heap until their time comes, unless they become the larger half. */
  readonly #onCancel = (): void => {
    if (++this.#cancelled * 2 < this.#heap.length || this.#cancelled < 1_000) return;
    const live = this.#heap.filter((entry) => entry.fire !== null);
    this.#heap = live.sort((a, b) => a.at - b.at || a.order - b.order);
    this.#cancelled = 0;
  };
}

function isBefore(a: Entry, b: Entry): boolean {
  return a.at < b.at || (a.at === b.at && a.order < b.order);
}

function push(heap: Entry[], entry: Entry): void {
  let child = heap.length;
  while (child > 0) {
    const up = (child - 1) >> 1;
    const parent = heap[up];
    if (parent === undefined || !isBefore(entry, parent)) break;
    heap[child] = parent;
    child = up;
  }
  heap[child] = entry;
}

/** Removes the first entry. */
function pop(heap: Entry[]): void {
  const last = heap.pop();
  if (last === undefined || heap.length === 0) return;
  let hole = 0;
  for (;;) {
    const left = heap[2 * hole + 1];
    const right = heap[2 * hole + 2];
    if (left === undefined) break;
    const goRight = right !== undefined && isBefore(right, left);
    const child = goRight ? right : left;
    if (!isBefore(child, last)) break;
    heap[hole] = child;
    hole = 2 * hole + (goRight ? 2 : 1);
  }
  heap[hole] = last;
}
