/**
 * Hole punching, the side that was asked: opens its sites towards the caller's offers, sends to them
 * at the meeting, and offers whatever opens to the caller, who chooses. Effects through Io.
 */
import { onAbort } from '../abort.ts';
import { type Attempt, emitAttempt, newAttempt } from '../connect/attempt.ts';
import { type OfferTask, openPipe } from '../connect/dial-back.ts';
import { reasonFor } from '../connect/explain.ts';
import type { ByteStream } from '../io/io.ts';
import { diallerPsk, secureAsDialler } from '../pipe/secure.ts';
import type { PunchCall, PunchOffer } from '../signal/punch-call.ts';
import { ATTEMPT_TIMEOUT, PUNCH_MEET_LATEST, PUNCH_SECOND, PUNCH_TIMEOUT, PUNCH_WORK } from '../timing.ts';
import { kindOf } from './flows.ts';
import { openSite } from './open-site.ts';
import type { Aim, Place } from './place.ts';
import { chanceFor, methodOf, type PlayTask, playFrom } from './play.ts';
import type { Punch } from './punch.ts';
import type { Site } from './site.ts';

/** An offer of the caller and the own place that meets it. */
export interface Match {
  readonly offer: PunchOffer;
  readonly place: Place;
  /** What the caller's address says of where it punches from. */
  readonly peer: Aim | undefined;
}

export interface AnswererTask
  extends OfferTask,
    Pick<PlayTask, 'servers' | 'key' | 'enterChance' | 'tracer'> {
  readonly warm: (place: Place) => Site | null;
  /** ms that a message to the caller takes. */
  readonly oneWay: () => number;
  readonly wall: () => number;
}

interface Post {
  readonly punch: Punch;
  readonly attempt: Attempt;
  lastError: unknown;
}

export class PunchAnswerer {
  readonly #task: AnswererTask;
  /** By place. */
  readonly #posts = new Map<string, Post>();
  readonly #over = new AbortController();
  /** Attempts that stand for a connection already: more of them are attempts of their own. */
  readonly #taken = new Set<Attempt>();
  #psk: Promise<Uint8Array> | null = null;
  #count = 0;
  #until: number;
  readonly #leave: () => void;

  constructor(task: AnswererTask) {
    this.#task = task;
    this.#until = task.io.now() + PUNCH_TIMEOUT;
    this.#leave = onAbort(task.signal, () => this.#over.abort());
  }

  /** Plays one round. @returns what the caller is to be told, before anything is sent */
  async answer(call: PunchCall, matches: readonly Match[]): Promise<readonly PunchOffer[]> {
    this.#until = this.#task.io.now() + PUNCH_TIMEOUT;
    const found = await Promise.all(
      [...new Map(matches.map((match) => [keyOf(match.place), match])).values()].map(
        async ({ place, offer }) => {
          const post = await this.#open(place, offer, call.wish).catch((error) => this.#cannot(place, error));
          return post === null ? [] : [{ post, place }];
        },
      ),
    );
    const opened = found.flat();
    for (const { post, place } of opened)
      void this.#begin(
        post,
        place,
        matches.filter((match) => keyOf(match.place) === keyOf(place)),
        call,
      );
    // First the SYNs: sealing the answer takes a moment.
    await this.#task.io.sleepUntil(this.#task.io.now());
    return opened.map(({ post, place: { path, outer } }) => ({
      method: methodOf(post.punch.site.place),
      path,
      ip: outer,
      ports: post.punch.site.ports,
    }));
  }

  /** Resolves when it is over: something has opened, or the time is up. */
  async end(): Promise<void> {
    const { io } = this.#task;
    while (io.now() < this.#until && !this.#over.signal.aborted)
      await io.sleepUntil(this.#until, AbortSignal.any([this.#over.signal]));
    const isWon = this.#over.signal.aborted;
    for (const { attempt, lastError } of this.#posts.values()) {
      const why = lastError === null ? 'no answer' : reasonFor(lastError);
      this.#fail(attempt, isWon ? 'another path was faster' : `${why} within ${PUNCH_TIMEOUT / 1000} s`);
    }
    this.#over.abort();
    this.#leave();
  }

  /** This system cannot punch there. */
  #cannot(place: Place, error: unknown): null {
    const { path, family } = place;
    this.#task.tracer.lane({ method: methodOf(place), path, family }).failed(reasonFor(error));
    return null;
  }

  async #open(place: Place, offer: PunchOffer, wish: number): Promise<Post> {
    const { io, servers, pipe } = this.#task;
    const known = this.#posts.get(keyOf(place));
    if (known !== undefined && kindOf(known.punch.site.ports) === 'known') return known;
    const site =
      this.#task.warm(place) ?? (await openSite({ io, servers, signal: this.#over.signal }, place, wish));
    onAbort(this.#over.signal, () => site.close());
    const { path, family, local: ip } = place;
    const remote = { ip: offer.ip, port: offer.ports[0] ?? 0 };
    const way = { method: methodOf(place), path, family, local: { ip, port: site.port }, remote } as const;
    const attempt = known?.attempt ?? newAttempt(`${pipe}.p${this.#count++}`, way, io.now());
    if (known === undefined && !this.#over.signal.aborted) emitAttempt(this.#task, attempt, 'start');
    const post: Post = {
      attempt,
      lastError: null,
      punch: playFrom({ ...this.#task, role: 'answerer' }, site, {
        lane: this.#task.tracer.lane(way),
        connected: (stream) => this.#offer(stream, attempt),
        failed: (error) => {
          post.lastError = error;
        },
        signal: this.#over.signal,
      }),
    };
    this.#posts.set(keyOf(place), post);
    return post;
  }

  /**
   * Where the caller can tell our port, both begin at the meeting. Else it waits for our answer, and a
   * SYN that meets its own under way is not refused by a router that resets.
   */
  async #begin({ punch }: Post, place: Place, matches: readonly Match[], call: PunchCall): Promise<void> {
    const { io, oneWay, wall } = this.#task;
    // Ports that are foreseen serve one offer.
    const met = kindOf(punch.site.ports) === 'foreseen' ? matches.slice(0, 1) : matches;
    for (const { offer } of met) punch.open?.(offer);
    const early = Math.min(PUNCH_MEET_LATEST, Math.max(0, call.meetAt - wall()));
    // Whoever comes from a port that nobody can tell comes second: the hole must be there.
    const late = place.source === 'none' ? PUNCH_SECOND : 0;
    const pause =
      (place.source === 'asked' || place.source === 'next' ? oneWay() + PUNCH_WORK : early) + late;
    if (pause > 0) await io.sleepUntil(io.now() + pause, AbortSignal.any([this.#over.signal]));
    if (this.#over.signal.aborted) return;
    for (const { offer, peer } of met) punch.aim(offer, chanceFor(this.#task, place, offer, peer));
  }

  /** @returns whether it was encrypted: what becomes of it then is the caller's choice */
  async #offer(stream: ByteStream, first: Attempt): Promise<boolean> {
    const { io, identity, peerKey, pipeId, pipe } = this.#task;
    const taken = this.#taken.has(first);
    this.#taken.add(first);
    const attempt = taken ? newAttempt(`${pipe}.p${this.#count++}`, first.way, io.now()) : first;
    attempt.way = { ...first.way, local: stream.local, remote: stream.remote };
    if (taken) emitAttempt(this.#task, attempt, 'start');
    const stop = () => attempt.stop.abort(new Error('another path was faster'));
    const leave = onAbort(this.#over.signal, stop);
    const done = new AbortController();
    void io.sleepUntil(io.now() + ATTEMPT_TIMEOUT, done.signal).then(() => {
      attempt.stop.abort(new Error(`no handshake within ${ATTEMPT_TIMEOUT / 1000} s`));
    });
    try {
      const { signal } = attempt.stop;
      signal.throwIfAborted();
      attempt.secured = await secureAsDialler(
        io,
        stream,
        identity,
        peerKey,
        pipeId,
        await this.#key(),
        signal,
      );
      await openPipe(this.#task, attempt);
      attempt.outcome = 'open';
      this.#over.abort();
      return true;
    } catch (error) {
      stream.destroy();
      attempt.secured?.stream.destroy();
      this.#fail(attempt, reasonFor(attempt.stop.signal.aborted ? attempt.stop.signal.reason : error));
      return attempt.secured !== null;
    } finally {
      done.abort();
      leave();
    }
  }

  #fail(attempt: Attempt, reason: string): void {
    if (attempt.outcome !== null) return;
    attempt.outcome = reason;
    emitAttempt(this.#task, attempt, 'failed', reason);
  }

  /** Worked out once, while the first SYN is under way. */
  #key(): Promise<Uint8Array> {
    const { io, identity, peerKey } = this.#task;
    this.#psk ??= io.sleepUntil(io.now()).then(() => diallerPsk(identity, peerKey));
    return this.#psk;
  }
}

function keyOf({ transport, path, local }: Place): string {
  return `${transport} ${path} ${local}`;
}
