/**
 * Hole punching, the side that asks: opens its sites, calls the peer, aims at the ports that it can
 * tell at once and at those that the answer names, and looks at the NATs anew where what was foreseen
 * did not come true. Effects through Io.
 */
import { onAbort } from '../abort.ts';
import type { Hope } from '../connect/asking.ts';
import type { AttemptWay } from '../connect/attempt.ts';
import { NOT_TRIED } from '../connect/causes.ts';
import { reasonFor } from '../connect/explain.ts';
import { deferred } from '../deferred.ts';
import type { ByteStream } from '../io/io.ts';
import { MAX_OFFERS, type PunchCall, type PunchOffer } from '../signal/punch-call.ts';
import { PUNCH_ROUND, PUNCH_ROUNDS, PUNCH_SECOND, PUNCH_TIMEOUT } from '../timing.ts';
import { familyOf } from '../wire/ip.ts';
import { kindOf } from './flows.ts';
import { openSite } from './open-site.ts';
import type { Aim, Stand } from './place.ts';
import { chanceFor, methodOf, type PlayEnd, type PlayTask, playFrom } from './play.ts';
import type { Punch } from './punch.ts';
import type { Site, SiteTask } from './site.ts';

export interface CallerTask extends Omit<PlayTask, 'role'> {
  readonly stands: readonly Stand[];
  /** Whether `warm` has one. */
  readonly isWarm: (stand: Stand) => boolean;
  /** A site that is open already, for a place like this; the caller closes it. */
  readonly warm: (stand: Stand) => Site | null;
  /** ms that a message to the peer takes. */
  readonly oneWay: () => number;
  /** Corrected Unix ms. */
  readonly wall: () => number;
  /** Sends the call; what becomes of the message is told by others. */
  readonly send: (call: PunchCall) => void;
  readonly hope: (way: AttemptWay) => Hope;
  /** Takes what opened; it is to be secured. @returns whether it was */
  readonly connected: (
    stream: ByteStream,
    stand: Stand,
    hope: Hope,
    quality: Parameters<PlayEnd['connected']>[1],
  ) => Promise<boolean>;
}

interface Post {
  readonly stand: Stand;
  punch: Punch | null;
  hope: Hope | null;
  /** Addresses of the peer that something was sent to. */
  aimed: boolean;
  /** Its hope was given up. */
  given: boolean;
  lastError: unknown;
}

export class PunchCaller {
  readonly #task: CallerTask;
  readonly #posts: Post[];
  readonly #over = new AbortController();
  readonly #wish: number;
  #round = 0;
  /** Of this round, monotonic ms. */
  #meetAt = 0;
  #answered = deferred<void>();
  /** The peer's ports are told anew each round. */
  #varies = false;

  constructor(task: CallerTask) {
    this.#task = task;
    this.#posts = task.stands.slice(0, MAX_OFFERS).map((stand) => ({
      stand,
      punch: null,
      hope: null,
      aimed: false,
      given: false,
      lastError: null,
    }));
    this.#wish = wishFor(task.stands, task.io.randomBytes(2));
  }

  /** Whether the first call can leave at once. */
  get ready(): boolean {
    return this.#task.stands.every((stand) => isPlain(stand) || this.#task.isWarm(stand));
  }

  /** Rounds until something has opened, or there is nothing left to try. Never rejects. */
  async run(): Promise<void> {
    const { io, signal } = this.#task;
    const leave = onAbort(signal, () => this.#over.abort());
    const until = io.now() + PUNCH_TIMEOUT;
    for (this.#round = 0; this.#round < PUNCH_ROUNDS && !this.#over.signal.aborted; this.#round++) {
      await this.#playRound(until);
      if (!this.#varies && !this.#foresees()) break;
    }
    await io.sleepUntil(until, AbortSignal.any([this.#over.signal]));
    this.#end();
    leave();
  }

  /** The peer has answered a call. */
  answered(call: PunchCall): void {
    // An answer to an earlier round tells of ports that are used up.
    if (call.round !== this.#round || this.#over.signal.aborted) return;
    this.#varies = call.offers.some(({ ports }) => kindOf(ports) !== 'known');
    for (const post of this.#posts) {
      const offers = call.offers.filter((offer) => fits(offer, post.stand));
      if (isRandom(post)) void this.#aimSecond(post, offers);
      else for (const offer of offers) this.#aim(post, offer);
      if (!post.aimed && !offers.some(({ ports }) => kindOf(ports) === 'known'))
        this.#give(post, noWay(post, call));
    }
    this.#answered.resolve();
    // Nobody is to wait for what cannot come.
    if (this.#posts.every(({ given }) => given)) this.#over.abort();
  }

  /** The peer will not take part, or cannot be asked. */
  refused(reason: string): void {
    for (const post of this.#posts) this.#give(post, reason);
    this.#over.abort();
  }

  /** What is known by now of both NATs leaves a method no way. */
  impossible(method: PunchOffer['method'], why: string): void {
    for (const post of this.#posts) {
      const { path, family } = post.stand.place;
      if (methodOf(post.stand.place) !== method) continue;
      this.#task.tracer.lane({ method, path, family }).failed(`${NOT_TRIED}${why}`);
      this.#give(post, why);
    }
    if (this.#posts.every(({ given }) => given)) this.#over.abort();
  }

  async #playRound(until: number): Promise<void> {
    const { io, oneWay, wall, send } = this.#task;
    const answered = deferred<void>();
    this.#answered = answered;
    await Promise.all(this.#posts.map((post) => this.#open(post)));
    if (this.#over.signal.aborted || this.#posts.every(({ given }) => given)) {
      this.#over.abort();
      return;
    }
    const wait = oneWay();
    const playing = this.#posts.filter(({ given }) => !given);
    const offers = playing.map(({ stand, punch }): PunchOffer => {
      const { path, outer } = stand.place;
      return { method: methodOf(stand.place), path, ip: outer, ports: punch?.site.ports ?? [] };
    });
    send({ round: this.#round, meetAt: Math.round(wall() + wait), wish: this.#wish, offers });
    this.#meetAt = io.now() + wait;
    void this.#guess(this.#meetAt, (post) => !isRandom(post));
    // Whoever comes from a port that nobody can tell comes second: the hole must be there.
    void this.#guess(io.now() + 3 * wait, isRandom);
    const stop = AbortSignal.any([this.#over.signal]);
    await Promise.race([answered.promise, io.sleepUntil(until, stop)]);
    await io.sleepUntil(
      Math.min(until, io.now() + Math.max(PUNCH_ROUND, 6 * wait)),
      AbortSignal.any([this.#over.signal]),
    );
  }

  /** A site that is known serves all rounds; one whose ports are used up is followed by another. */
  async #open(post: Post): Promise<void> {
    const { stand } = post;
    const spent = post.punch !== null && kindOf(post.punch.site.ports) !== 'known';
    if (post.given || (post.punch !== null && !spent)) return;
    const site = await this.#siteFor(post);
    if (site === null) return;
    onAbort(this.#over.signal, () => site.close());
    if (this.#over.signal.aborted) return;
    const [aim] = stand.aims;
    const local = { ip: stand.place.local, port: site.port };
    const { path, family } = stand.place;
    const remote = { ip: aim?.ip ?? stand.place.local, port: 0 };
    post.hope ??= this.#task.hope({ method: methodOf(stand.place), path, family, local, remote });
    const { hope } = post;
    post.punch = playFrom({ ...this.#task, role: 'caller' }, site, {
      lane: this.#task.tracer.lane({ method: methodOf(stand.place), path, family }),
      connected: (stream, quality) => this.#task.connected(stream, stand, hope, quality),
      failed: (error) => {
        post.lastError = error;
      },
      signal: this.#over.signal,
    });
  }

  /** null where this system cannot punch there. */
  async #siteFor(post: Post): Promise<Site | null> {
    const { stand } = post;
    try {
      return this.#task.warm(stand) ?? (await openSite(this.#siteTask(), stand.place, 0));
    } catch (error) {
      const { path, family, local } = stand.place;
      const way = { method: methodOf(stand.place), path, family } as const;
      const ends = { local: { ip: local, port: 0 }, remote: { ip: stand.aims[0]?.ip ?? local, port: 0 } };
      post.hope ??= this.#task.hope({ ...way, ...ends });
      this.#task.tracer.lane(way).failed(reasonFor(error));
      this.#give(post, reasonFor(error));
      return null;
    }
  }

  /** At the meeting: ports that follow from the peer's address alone. The reply need not come. */
  async #guess(at: number, isMeant: (post: Post) => boolean): Promise<void> {
    const { io } = this.#task;
    await io.sleepUntil(at, AbortSignal.any([this.#over.signal]));
    if (this.#over.signal.aborted) return;
    for (const post of this.#posts.filter(isMeant)) {
      for (const { ip, source } of post.stand.aims) {
        if (source === 'local') this.#aim(post, { ip, ports: [this.#wish] });
        // Whoever comes from a port that nobody can tell finds a hole and a listener.
        else if (source === 'none') this.#aim(post, { ip, ports: [] });
      }
    }
  }

  /** Once the other side has opened its hole: a SYN that comes before is dropped, and the next is a second away. */
  async #aimSecond(post: Post, offers: readonly PunchOffer[]): Promise<void> {
    const { io } = this.#task;
    await io.sleepUntil(this.#meetAt + PUNCH_SECOND, AbortSignal.any([this.#over.signal]));
    for (const offer of offers) this.#aim(post, offer);
  }

  #aim(post: Post, offer: Pick<PunchOffer, 'ip' | 'ports'>): void {
    const { punch, stand } = post;
    if (punch === null || post.given || this.#over.signal.aborted) return;
    const peer = stand.aims.find(({ ip }) => ip === offer.ip);
    if (punch.aim(offer, chanceFor(this.#task, stand.place, offer, peer))) post.aimed = true;
  }

  #foresees(): boolean {
    return this.#posts.some(({ punch }) => punch !== null && kindOf(punch.site.ports) === 'foreseen');
  }

  #siteTask(): SiteTask {
    const { io, servers } = this.#task;
    return { io, servers, signal: this.#over.signal };
  }

  #give(post: Post, reason: string): void {
    post.given = true;
    post.hope?.failed(reason);
  }

  #end(): void {
    if (!this.#over.signal.aborted)
      for (const post of this.#posts) {
        const why = post.lastError === null ? 'no answer' : reasonFor(post.lastError);
        this.#give(post, `${why} within ${PUNCH_TIMEOUT / 1000} s`);
      }
    this.#over.abort();
  }
}

function isRandom({ stand }: Post): boolean {
  return stand.place.source === 'none';
}

function isPlain({ place }: Stand): boolean {
  return place.source === 'local' || place.source === 'none';
}

/** Whether an offer of the peer can be met from here. */
function fits(offer: PunchOffer, { place, aims }: Stand): boolean {
  return (
    offer.method === methodOf(place) &&
    offer.path === place.path &&
    familyOf(offer.ip) === place.family &&
    (place.path === 'external' || aims.some(({ ip }) => ip === offer.ip))
  );
}

function noWay({ stand }: Post, { offers }: PunchCall): string {
  if (!offers.some((offer) => fits(offer, stand))) return 'the peer cannot punch there';
  return 'nobody can tell from which port either side will come';
}

/** A port that the peer's NAT leaves as it is. */
function wishFor(stands: readonly Stand[], random: Uint8Array): number {
  const range = stands
    .flatMap(({ aims }) => aims)
    .find(({ source, facts }: Aim) => source === 'local' && facts.range)?.facts.range ?? [20_000, 32_000];
  const draw = ((random[0] ?? 0) << 8) | (random[1] ?? 0);
  const lowest = Math.max(1_024, range[0]);
  return lowest + (draw % Math.max(1, range[1] - lowest + 1));
}
