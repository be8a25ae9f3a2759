/**
 * The brokers of a node: those where it listens, at least three at once where there are so many,
 * replaced as they fail; and as guests those of the peers it asks. Effects through Io.
 */
import type { BrokerFact } from '../events.ts';
import type { Io } from '../io/io.ts';
import { BROKER_TRUSTED } from '../path-timing.ts';
import {
  BROKER_PATIENCE,
  BROKER_RETRY,
  BROKER_RETRY_LONGEST,
  GUEST_BROKER_IDLE,
  MAX_GUEST_BROKERS,
  WANTED_BROKERS,
} from '../timing.ts';
import { BrokerLink } from './broker-link.ts';

export interface PoolTask {
  readonly io: Io;
  /** In the order in which they are to be tried. */
  readonly urls: readonly string[];
  /** The own topic. */
  readonly topic: string;
  readonly deliver: (payload: Uint8Array, url: string) => void;
  /** A broker where we listen came or went, or is known better. */
  readonly changed: () => void;
  readonly signal: AbortSignal;
}

/** A broker of the list that is not to be tried before its time. */
interface Rest {
  readonly until: number;
  readonly pause: number;
  readonly reason: string | null;
}

export class BrokerPool {
  readonly #task: PoolTask;
  readonly #home = new Map<string, BrokerLink>();
  readonly #guests = new Map<string, BrokerLink>();
  readonly #rests = new Map<string, Rest>();

  constructor(task: PoolTask) {
    this.#task = task;
    task.signal.addEventListener('abort', () => this.#closeAll(), { once: true });
  }

  /** Brokers where we listen, in the order of the list. */
  get listening(): readonly string[] {
    return this.#task.urls.filter((url) => this.#home.get(url)?.state === 'listening');
  }

  /** ms to the nearest of them and back; null while it is not known. */
  get roundTrip(): number | null {
    const all = [...this.#home.values()].flatMap(({ roundTrip }) => roundTrip ?? []);
    return all.length === 0 ? null : Math.min(...all);
  }

  get facts(): readonly BrokerFact[] {
    return this.#task.urls.flatMap((url) => {
      const rest = this.#rests.get(url);
      const resting: BrokerFact[] =
        rest === undefined ? [] : [{ url, state: 'lost', rtt: null, reason: rest.reason }];
      return this.#home.get(url)?.fact ?? resting;
    });
  }

  /** Whether each broker that could still be tried has an outcome, or enough of them listen. */
  get settled(): boolean {
    if (this.listening.length >= WANTED_BROKERS) return true;
    return this.#task.urls.every((url) => {
      const link = this.#home.get(url);
      return link === undefined ? this.#rests.has(url) : link.state !== 'connecting';
    });
  }

  /** Fills the places: as many links as wanted, each that hangs with company of one more. */
  fill(): void {
    const { io, urls, signal } = this.#task;
    if (signal.aborted) return;
    const now = io.now();
    const hanging = [...this.#home.values()].filter(
      (link) => link.state === 'connecting' && now - link.usedAt >= BROKER_PATIENCE,
    );
    let missing = WANTED_BROKERS - (this.#home.size - hanging.length);
    for (const url of urls) {
      if (missing <= 0) return;
      if (this.#home.has(url) || (this.#rests.get(url)?.until ?? 0) > now) continue;
      missing--;
      this.#open(url);
    }
  }

  /** Dials those that have no link. @returns whether one of them listens, as soon as one does */
  async reach(urls: readonly string[]): Promise<boolean> {
    const links = urls.map((url) => this.#home.get(url) ?? this.#guest(url));
    const ready = links.flatMap((link) => (link === undefined ? [] : [link.ready.then(orThrow)]));
    return Promise.any(ready).catch(() => false);
  }

  /** Publishes through those of the brokers that have a link, as soon as it listens. */
  publish(urls: readonly string[], topic: string, payload: Uint8Array): void {
    for (const url of urls) void (this.#home.get(url) ?? this.#guests.get(url))?.publish(topic, payload);
  }

  /** The network is doubtful: whoever does not answer soon is dialled anew. */
  check(): void {
    for (const link of [...this.#home.values(), ...this.#guests.values()]) void link.check();
  }

  /** The network is another one: those that rest are tried at once. */
  renew(): void {
    this.check();
    for (const [url, rest] of this.#rests) this.#rests.set(url, { ...rest, until: this.#task.io.now() });
    this.fill();
  }

  #open(url: string): void {
    const { io, topic, deliver, signal } = this.#task;
    const link = new BrokerLink({ io, url, topic, deliver, changed: (changed) => this.#changed(changed) });
    this.#home.set(url, link);
    void io.sleepUntil(io.now() + BROKER_PATIENCE, signal).then(() => this.fill());
  }

  #changed(link: BrokerLink): void {
    if (this.#home.get(link.url) !== link || this.#task.signal.aborted) return;
    if (link.state === 'lost') this.#rest(link);
    if (link.state === 'listening') this.#rests.delete(link.url);
    this.#task.changed();
  }

  #rest(link: BrokerLink): void {
    const { io, signal } = this.#task;
    this.#home.delete(link.url);
    // What has worked well is tried again at once: the network was another one.
    const isTrusted = link.fact.rtt !== null && link.listenedFor > BROKER_TRUSTED;
    if (isTrusted && !this.#rests.has(link.url)) {
      this.#rests.set(link.url, { until: io.now(), pause: BROKER_RETRY / 2, reason: link.fact.reason });
      this.fill();
      return;
    }
    const before = this.#rests.get(link.url)?.pause ?? BROKER_RETRY / 2;
    const pause = Math.min(before * 2, BROKER_RETRY_LONGEST);
    this.#rests.set(link.url, { until: io.now() + pause, pause, reason: link.fact.reason });
    this.fill();
    void io.sleepUntil(io.now() + pause, signal).then(() => this.fill());
  }

  #guest(url: string): BrokerLink {
    const known = this.#guests.get(url);
    if (known !== undefined) return known;
    // Where all places are taken, the one used longest ago leaves.
    const [oldest] = [...this.#guests.values()].sort((x, y) => x.usedAt - y.usedAt);
    if (this.#guests.size >= MAX_GUEST_BROKERS && oldest !== undefined) {
      this.#guests.delete(oldest.url);
      oldest.close();
    }
    const { io, topic, deliver } = this.#task;
    const changed = ({ state }: BrokerLink) => {
      if (state === 'lost' && this.#guests.get(url) === link) this.#guests.delete(url);
    };
    const link = new BrokerLink({ io, url, topic, deliver, changed });
    this.#guests.set(url, link);
    void this.#leaveWhenIdle(url, link);
    return link;
  }

  async #leaveWhenIdle(url: string, link: BrokerLink): Promise<void> {
    const { io, signal } = this.#task;
    while (!signal.aborted && link.state !== 'lost') {
      await io.sleepUntil(link.usedAt + GUEST_BROKER_IDLE, signal);
      if (io.now() - link.usedAt < GUEST_BROKER_IDLE) continue;
      link.close();
      if (this.#guests.get(url) === link) this.#guests.delete(url);
    }
  }

  #closeAll(): void {
    for (const link of this.#home.values()) link.close();
    for (const link of this.#guests.values()) link.close();
  }
}

function orThrow(ready: boolean): true {
  if (!ready) throw new Error('the broker cannot be reached');
  return true;
}
