/**
 * The link to one broker: dialled, subscribed to the own topic, probed by messages to ourselves, and
 * given up as soon as it hangs, refuses, or takes messages without delivering them.
 *
 *   connecting ──SUBACK──► listening ──closed, no PUBACK, probe not back──► lost
 *        └────────────── refused, no answer in time ──────────────────────┘
 *
 * Which brokers there are links to is `broker-pool.ts`. Effects through Io.
 */
import { reasonOf } from '../errors.ts';
import type { BrokerFact } from '../events.ts';
import type { BrokerConnection, Io } from '../io/io.ts';
import { BROKER_CHECK } from '../path-timing.ts';
import { BROKER_TIMEOUT, PROBE_INTERVAL, PUBACK_TIMEOUT } from '../timing.ts';
import { encodeBase16 } from '../wire/base16.ts';

/** First byte of a message to ourselves; envelopes begin with their version, which is never 0. */
const PROBE_MARK = 0;
const PROBE_LENGTH = 17;

export interface LinkTask {
  readonly io: Io;
  readonly url: string;
  /** The own topic. */
  readonly topic: string;
  /** A message for us, other than our own probes. */
  readonly deliver: (payload: Uint8Array, url: string) => void;
  /** Its state or round trip is another one. */
  readonly changed: (link: BrokerLink) => void;
}

export class BrokerLink {
  readonly url: string;
  readonly #task: LinkTask;
  readonly #over = new AbortController();
  #connection: BrokerConnection | null = null;
  #state: BrokerFact['state'] = 'connecting';
  #reason: string | null = null;
  #rtt: number | null = null;
  /** From SUBSCRIBE to SUBACK, ms. */
  #granted: number | null = null;
  #listenedAt: number | null = null;
  /** Whether it listens, once that is known. */
  readonly ready: Promise<boolean>;
  #probe: { readonly id: string; readonly at: number } | null = null;
  /** When it was last asked to publish, monotonic ms. */
  usedAt: number;

  constructor(task: LinkTask) {
    this.#task = task;
    this.url = task.url;
    this.usedAt = task.io.now();
    this.ready = this.#open();
  }

  get state(): BrokerFact['state'] {
    return this.#state;
  }

  /** ms to the broker and back, as far as it is known. */
  get roundTrip(): number | null {
    return this.#rtt ?? this.#granted;
  }

  get fact(): BrokerFact {
    return { url: this.url, state: this.#state, rtt: this.#rtt, reason: this.#reason };
  }

  /** Dials and subscribes. @returns whether it listens now */
  async #open(): Promise<boolean> {
    const { io, url, topic } = this.#task;
    const limit = this.#limit(BROKER_TIMEOUT, 'no answer');
    try {
      const reader = {
        message: (to: string, payload: Uint8Array) => this.#received(to, payload),
        closed: (reason: string) => this.#lose(reason),
      };
      this.#connection = await io.openBroker(url, reader, this.#over.signal);
      if (this.#over.signal.aborted) this.#connection.close();
      else {
        const askedAt = io.now();
        await this.#connection.subscribe(topic);
        this.#granted = io.now() - askedAt;
      }
    } catch (error) {
      this.#lose(inWords(error));
    } finally {
      limit.abort();
    }
    if (this.#over.signal.aborted) return false;
    this.#state = 'listening';
    this.#listenedAt = this.#task.io.now();
    this.#task.changed(this);
    void this.#keepProbing();
    return true;
  }

  /** Waits until it listens. @returns whether the broker has taken the message */
  async publish(topic: string, payload: Uint8Array): Promise<boolean> {
    this.usedAt = this.#task.io.now();
    return this.#publish(topic, payload);
  }

  async #publish(topic: string, payload: Uint8Array): Promise<boolean> {
    if (this.#state === 'connecting') await this.ready;
    if (this.#connection === null || this.#state === 'lost') return false;
    const limit = this.#limit(PUBACK_TIMEOUT, 'takes no messages');
    try {
      await this.#connection.publish(topic, payload);
      return true;
    } catch (error) {
      this.#lose(inWords(error));
      return false;
    } finally {
      limit.abort();
    }
  }

  /** The network is doubtful: it has to answer soon, or is lost. */
  async check(): Promise<void> {
    const { io } = this.#task;
    if (this.#state !== 'listening') return;
    const patience = Math.max(BROKER_CHECK, 4 * (this.roundTrip ?? 0));
    const id = this.#sendProbe();
    await io.sleepUntil(io.now() + patience, this.#over.signal);
    if (this.#probe?.id === id) this.#lose('delivers no messages');
  }

  /** How long it has listened, ms. */
  get listenedFor(): number {
    return this.#listenedAt === null ? 0 : this.#task.io.now() - this.#listenedAt;
  }

  close(): void {
    this.#end();
  }

  #received(topic: string, payload: Uint8Array): void {
    const { io, deliver } = this.#task;
    if (topic !== this.#task.topic || this.#over.signal.aborted) return;
    if (payload[0] !== PROBE_MARK) deliver(payload, this.url);
    else if (payload.length === PROBE_LENGTH && encodeBase16(payload) === this.#probe?.id) {
      this.#rtt = Math.round((io.now() - this.#probe.at) * 10) / 10;
      this.#probe = null;
      this.#task.changed(this);
    }
  }

  /** @returns by what it is known */
  #sendProbe(): string {
    const { io, topic } = this.#task;
    const payload = io.randomBytes(PROBE_LENGTH);
    payload[0] = PROBE_MARK;
    const id = encodeBase16(payload);
    this.#probe = { id, at: io.now() };
    void this.#publish(topic, payload);
    return id;
  }

  async #keepProbing(): Promise<void> {
    const { io } = this.#task;
    while (!this.#over.signal.aborted) {
      this.#sendProbe();
      await io.sleepUntil(io.now() + PUBACK_TIMEOUT, this.#over.signal);
      if (this.#probe !== null) this.#lose('delivers no messages');
      await io.sleepUntil(io.now() + PROBE_INTERVAL - PUBACK_TIMEOUT, this.#over.signal);
    }
  }

  /** Loses the link unless aborted in time. */
  #limit(time: number, what: string): AbortController {
    const { io } = this.#task;
    const done = new AbortController();
    void io.sleepUntil(io.now() + time, done.signal).then(() => {
      if (!done.signal.aborted) this.#lose(`${what} within ${time / 1000} s`);
    });
    return done;
  }

  #lose(reason: string): void {
    if (this.#over.signal.aborted) return;
    this.#reason = reason;
    this.#end();
    this.#task.changed(this);
  }

  #end(): void {
    this.#state = 'lost';
    this.#over.abort(new Error('the link is over'));
    this.#connection?.close();
  }
}

/** What the system says, for people, and without the broker's name, so that the same reasons are seen to be. */
const WORDS: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'refused: nothing listens there',
  ECONNRESET: 'reset by the broker',
  EHOSTUNREACH: 'no such host',
  ENETUNREACH: 'no route to that network',
  ENOTFOUND: 'its name is not known',
  ENODATA: 'its name has no address',
  ESERVFAIL: 'no name server answers',
  ETIMEOUT: 'no name server answers',
  ETIMEDOUT: 'no answer',
};

function inWords(error: unknown): string {
  const reason = reasonOf(error);
  return WORDS[reason] ?? reason;
}
