/**
 * What both sides of a hole punch saw, on one clock: keeps the own account of each pipe, tells it to the peer
 * once it is over, takes the peer's, and explains. Only peers that have proven their keys are told. Effects
 * through Io.
 */
import type { NodeAddress } from '../address.ts';
import { explainOpen, explainPunch } from '../connect/explain.ts';
import type { Explanation } from '../connect/lane-case.ts';
import { Tracer } from '../connect/trace.ts';
import { deferred } from '../deferred.ts';
import type { Method } from '../events.ts';
import type { NatSide } from '../nat/matrix.ts';
import { aimsAt, externalPlaces, type Transport } from '../punch/place.ts';
import type { ReportMessage } from '../signal/message.ts';
import { REPORT_PATIENCE, REPORT_TIMEOUT } from '../timing.ts';
import { encodeBase16 } from '../wire/base16.ts';
import type { MeetingTask } from './task.ts';

export interface Shared {
  readonly pipeId: Uint8Array;
  /** The pipe's name. */
  readonly pipe: string;
  readonly peer: NodeAddress;
}

/** More than can be under way: the oldest give way. */
const MAX_ACCOUNTS = 512;
const UNKNOWN: NatSide = { type: null, delta: null };

export class Reports {
  readonly #task: MeetingTask;
  /** By pipe id in hex digits. */
  readonly #accounts = new Map<string, Account>();

  constructor(task: MeetingTask) {
    this.#task = task;
  }

  /** Begins an account, or goes on with it. */
  of(shared: Shared): Account {
    const key = encodeBase16(shared.pipeId);
    const known = this.#accounts.get(key);
    if (known !== undefined) return known;
    const account = new Account(this.#task, shared);
    this.#accounts.set(key, account);
    for (const oldest of this.#accounts.keys()) {
      if (this.#accounts.size <= MAX_ACCOUNTS) break;
      this.#accounts.delete(oldest);
    }
    void account.over.promise.then(() => {
      if (this.#accounts.get(key) === account) this.#accounts.delete(key);
    });
    return account;
  }

  /** Whether this node punches, or has just punched, for a pipe with that peer. */
  isShared(pipeId: Uint8Array, nodeId: string): boolean {
    return this.#accounts.get(encodeBase16(pipeId))?.shared.peer.nodeId === nodeId;
  }

  take(message: ReportMessage, nodeId: string): void {
    if (this.isShared(message.pipeId, nodeId))
      this.#accounts.get(encodeBase16(message.pipeId))?.take(message);
  }

  opened(pipe: string, method: Method): void {
    for (const account of this.#accounts.values()) if (account.shared.pipe === pipe) account.opened(method);
  }
}

export class Account {
  readonly shared: Shared;
  readonly tracer: Tracer;
  /** The peer has nothing more to tell. */
  readonly over = deferred<void>();
  readonly #task: MeetingTask;
  readonly #told = deferred<ReportMessage>();
  #theirs: ReportMessage | null = null;
  #sent = false;

  constructor(task: MeetingTask, shared: Shared) {
    const { io, wall, emit, learn } = task;
    this.#task = task;
    this.shared = shared;
    this.tracer = new Tracer({ io, wall, pipe: shared.pipe, emit, learn });
  }

  /** The peer's own account, once. */
  take(message: ReportMessage): void {
    if (this.#theirs !== null) return;
    this.#theirs = message;
    this.#told.resolve(message);
    const { emit, signalling, wall } = this.#task;
    const { pipe, peer } = this.shared;
    const clock = signalling.clockOf(peer.nodeId);
    for (const { method, path, family, marks } of message.lanes)
      for (const { kind, at, count } of marks) {
        const time = Math.round(message.from + at - (clock?.offset ?? 0));
        const error = Math.round(clock?.error ?? UNKNOWN_CLOCK);
        const ago = Math.max(0, Math.round(wall() - time));
        emit({ event: 'trace', pipe, side: 'peer', method, path, family, kind, count, time, ago, error });
      }
    this.#learnFrom(message);
  }

  /** The pipe has opened: what it took is told. */
  opened(method: Method): void {
    const { emit } = this.#task;
    this.tracer.flush();
    emit({ event: 'explanation', pipe: this.shared.pipe, ...explainOpen(method, this.tracer.reports) });
    this.#send();
    void this.#forget();
  }

  /** Nothing has opened. @returns why, as far as both know; null where nothing was punched */
  async failed(signal: AbortSignal): Promise<Explanation | null> {
    const { io, signalling, emit } = this.#task;
    const { pipe, peer } = this.shared;
    this.tracer.flush();
    const own = this.tracer.reports;
    this.#send();
    const done = new AbortController();
    const until = io.now() + 2 * signalling.oneWay(peer.nodeId) + REPORT_PATIENCE;
    if (own.some(({ sent }) => sent > 0))
      await Promise.race([this.#told.promise, io.sleepUntil(until, AbortSignal.any([signal, done.signal]))]);
    done.abort();
    void this.#forget();
    const explanation = explainPunch({
      own: { from: this.tracer.from, lanes: own },
      peer: this.#theirs,
      clock: signalling.clockOf(peer.nodeId),
      nats: (method) => this.#nats(method === 'udp-punch' ? 'udp' : 'tcp'),
    });
    if (explanation !== null && !signal.aborted) emit({ event: 'explanation', pipe, ...explanation });
    return explanation;
  }

  #send(): void {
    const lanes = this.tracer.reports;
    if (this.#sent || lanes.every(({ sent, reason }) => sent === 0 && reason === '')) return;
    this.#sent = true;
    const { pipeId, peer } = this.shared;
    const message = { type: 'report', pipeId, from: this.tracer.from, lanes } as const;
    // Whoever has gone by then will not miss it.
    this.#task.signalling.send(peer, message).catch(() => undefined);
  }

  async #forget(): Promise<void> {
    const { io, signal } = this.#task;
    await io.sleepUntil(io.now() + REPORT_TIMEOUT, AbortSignal.any([signal]));
    this.over.resolve();
  }

  #nats(transport: Transport): { readonly own: NatSide; readonly peer: NatSide } {
    const { interfaces, outer, nats } = this.#task;
    const [place] = externalPlaces({ interfaces, outer: outer(), nats: nats() }, [4, 6], transport);
    const [aim] = aimsAt(this.shared.peer, { paths: ['external'], families: [4, 6] }, transport);
    return { own: place?.facts ?? UNKNOWN, peer: aim?.facts ?? UNKNOWN };
  }

  /** How our router treats what it did not ask for only others can see. */
  #learnFrom({ lanes }: ReportMessage): void {
    for (const { method, path, family, refused } of lanes)
      if (method === 'tcp-punch' && path === 'external' && refused > 0)
        this.#task.learn({ kind: 'unsolicited', family, answer: 'reset' });
  }
}

/** ± ms where the peer's clock was never compared: two that are set by hand. */
const UNKNOWN_CLOCK = 60_000;
