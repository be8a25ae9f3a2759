/**
 * Whether the path under a pipe is alive: when it has to say something, when silence makes it
 * doubtful, when it is dead. An answer is owed while frames or a PING of ours are under way, so a dead
 * path is doubted soon where something is sent, and by the keep-alive where nothing is. Machine:
 * times in, deadlines out.
 *
 *   quiet ──keep-alive, or an answer owed for long──► asked (PING) ──still nothing──► doubtful ──► dead
 *     ▲                                                  └────────anything received────────┘
 */
import { LIVELY, PATH_PATIENCE } from '../path-timing.ts';
import { KEEPALIVE_TIMEOUT } from '../timing.ts';

export class Liveness {
  readonly #keepalive: () => number;
  #lastReceived: number;
  /** When the PING under way was written; null when none is. */
  #pingAt: number | null = null;
  /** Since when frames of ours are under way; null when none are. */
  #owedSince: number | null = null;
  #rtt = 0;
  /** Much has been coming: that it stops is worth a question. */
  #isLively = false;
  #isDoubtful = false;
  /** Doubted only once it is open. */
  #isOpen = false;

  /** @param keepalive ms of silence after which a PING is due */
  constructor(keepalive: () => number, now: number) {
    this.#keepalive = keepalive;
    this.#lastReceived = now;
  }

  /** ms since anything came. */
  silence(now: number): number {
    return now - this.#lastReceived;
  }

  get isDoubtful(): boolean {
    return this.#isDoubtful;
  }

  opened(): void {
    this.#isOpen = true;
  }

  /** The pipe goes on by another path. */
  moved(now: number): void {
    this.#pingAt = null;
    this.#rtt = 0;
    this.heard(now);
    if (this.#owedSince !== null) this.#owedSince = now;
  }

  /** Something came. @returns whether that ends a doubt */
  heard(now: number): boolean {
    const ends = this.#isDoubtful;
    if (now > this.#lastReceived) this.#isLively = now - this.#lastReceived < LIVELY;
    this.#lastReceived = now;
    this.#isDoubtful = false;
    return ends;
  }

  /** @param isOwed whether frames of ours are under way */
  owe(isOwed: boolean, now: number): void {
    if (!isOwed) this.#owedSince = null;
    else this.#owedSince ??= now;
  }

  /** @returns whether a PING is to be written: one at a time is under way */
  ping(now: number): boolean {
    if (this.#pingAt !== null) return false;
    this.#isLively = false;
    this.#pingAt = now;
    return true;
  }

  /** @returns the round trip in ms; null where nothing was asked */
  pong(now: number): number | null {
    if (this.#pingAt === null) return null;
    this.#rtt = now - this.#pingAt;
    this.#pingAt = null;
    return this.#rtt;
  }

  /** When `due` has something to say. */
  get wakeAt(): number {
    const dead = this.#lastReceived + KEEPALIVE_TIMEOUT;
    if (this.#pingAt !== null) return Math.min(dead, this.#doubtAt(this.#pingAt));
    return Math.min(dead, this.#lastReceived + this.#keepalive(), this.#askAt());
  }

  due(now: number): 'dead' | 'doubt' | 'ping' | null {
    if (now >= this.#lastReceived + KEEPALIVE_TIMEOUT) return 'dead';
    if (this.#pingAt === null)
      return now >= Math.min(this.#lastReceived + this.#keepalive(), this.#askAt()) ? 'ping' : null;
    if (now < this.#doubtAt(this.#pingAt)) return null;
    this.#isDoubtful = true;
    return 'doubt';
  }

  #askAt(): number {
    if (!this.#isOpen || (this.#owedSince === null && !this.#isLively)) return Number.POSITIVE_INFINITY;
    return Math.max(this.#lastReceived, this.#owedSince ?? 0) + this.#patience;
  }

  #doubtAt(pingAt: number): number {
    if (this.#isDoubtful || !this.#isOpen) return Number.POSITIVE_INFINITY;
    return Math.max(this.#lastReceived, pingAt) + this.#patience;
  }

  get #patience(): number {
    return Math.max(PATH_PATIENCE, 4 * this.#rtt);
  }
}
