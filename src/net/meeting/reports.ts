/**
 * What both sides of a hole punch saw, on one clock: keeps the own account of each pipe, tells it to the peer
 * once it is over, takes the peer's, and explains. Only peers that have proven their keys are told. Effects
 * through Io.
 */
import type { NodeAddress } from '../address.ts';
import { explainOpen, explainPunch, type NatSides } from '../connect/explain.ts';
import type { Explanation } from '../connect/lane-case.ts';
import { Tracer } from '../connect/trace.ts';
import { deferred } from '../deferred.ts';
import type { Method } from '../events.ts';
import type { NatSide } from '../nat/matrix.ts';
import { aimsAt, externalPlaces } from '../punch/place.ts';
import type { LaneReport } from '../signal/lane-report.ts';
import type { ReportMessage } from '../signal/message.ts';
import { REPORT_PATIENCE, REPORT_TIMEOUT } from '../timing.ts';
import { encodeBase16 } from '../wire/base16.ts';
import type { MeetingTask } from './task.ts';

export interface Shared {
  readonly pipeId: Uint8Array;
  /** The pipe's name. */
  readonly pipe: string;
  readonly peer: NodeAddress;
  /** Whether this node asked for the pipe. */
  readonly asked: boolean;
  /** Sends the own account. */
  readonly tell: (message: ReportMessage) => void;
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
  #ended = false;

  constructor(task: MeetingTask, shared: Shared) {
    const { io, wall, emit, learn, signal } = task;
    this.#task = task;
    this.shared = shared;
    this.tracer = new Tracer({ io, wall, pipe: shared.pipe, emit, learn, signal });
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
    // It has ended its part and waits for ours.
    this.#send();
  }

  /** The pipe has opened: what it took is told. */
  opened(method: Method): void {
    const { emit } = this.#task;
    this.tracer.flush();
    emit({
      event: 'explanation',
      pipe: this.shared.pipe,
      ...explainOpen(method, this.shared.asked, this.tracer.reports),
    });
    this.#send();
    this.end();
  }

  /**
   * Nothing has opened.
   *
   * @param peer its newest address
   * @returns why, as far as both know; null where nothing was punched
   */
  async failed(peer: NodeAddress, signal: AbortSignal): Promise<Explanation | null> {
    const { io, signalling, emit } = this.#task;
    const { pipe } = this.shared;
    this.tracer.flush();
    const own = this.tracer.reports;
    this.#send();
    const done = new AbortController();
    const until = io.now() + 2 * signalling.oneWay(peer.nodeId) + REPORT_PATIENCE;
    if (own.some(({ sent }) => sent > 0))
      await Promise.race([this.#told.promise, io.sleepUntil(until, AbortSignal.any([signal, done.signal]))]);
    done.abort();
    this.end();
    const explanation = explainPunch({
      own: { from: this.tracer.from, lanes: own },
      peer: this.#theirs,
      clock: signalling.clockOf(peer.nodeId),
      nats: (lane) => this.#nats(lane, peer),
    });
    if (explanation !== null && !signal.aborted) emit({ event: 'explanation', pipe, ...explanation });
    return explanation;
  }

  #send(): void {
    const lanes = this.tracer.reports;
    if (this.#sent || lanes.every(({ sent, reason }) => sent === 0 && reason === '')) return;
    this.#sent = true;
    const { pipeId, tell } = this.shared;
    tell({ type: 'report', pipeId, from: this.tracer.from, lanes });
  }

  /** Nothing more happens here; the peer's account may still come. */
  end(): void {
    if (this.#ended) return;
    this.#ended = true;
    const { io, signal } = this.#task;
    const until = io.now() + REPORT_TIMEOUT;
    void io.sleepUntil(until, AbortSignal.any([signal])).then(() => this.over.resolve());
  }

  #nats({ method, family }: LaneReport, peer: NodeAddress): NatSides {
    const { interfaces, outer, nats } = this.#task;
    const transport = method === 'udp-punch' ? 'udp' : 'tcp';
    const [place] = externalPlaces({ interfaces, outer: outer(), nats: nats() }, [family], transport);
    const [aim] = aimsAt(peer, { paths: ['external'], families: [family] }, transport);
    return { own: place?.facts ?? UNKNOWN, peer: aim?.facts ?? UNKNOWN };
  }

  /** How our router treats what it did not ask for, and from where TCP leaves it, only others can see. */
  #learnFrom({ lanes }: ReportMessage): void {
    const { learn, outer } = this.#task;
    for (const lane of lanes) {
      const { method, path, family, heardFrom } = lane;
      if (method !== 'tcp-punch' || path !== 'external') continue;
      const own = this.tracer.lane({ method, path, family });
      const answer = answerTo(lane, own.report);
      if (answer !== null) learn({ kind: 'unsolicited', family, answer });
      const ip = outer().find(({ inner }) => inner === own.ends?.local.ip)?.outer;
      if (own.ends === null || heardFrom === null || ip === undefined) continue;
      const { local, remote: by } = own.ends;
      learn({
        kind: 'mapping',
        family,
        transport: 'tcp',
        local,
        by,
        mapped: { ip, port: heardFrom },
        rtt: null,
      });
    }
  }
}

/** What the peer's SYNs met that nobody here had asked for; null = they met nothing that tells. */
function answerTo(theirs: LaneReport, own: LaneReport): 'drop' | 'reset' | null {
  if (theirs.refused > 0) return 'reset';
  return theirs.sent > 0 && !theirs.opened && own.sent > 0 && own.received === 0 ? 'drop' : null;
}

/** ± ms where the peer's clock was never compared: two that are set by hand. */
const UNKNOWN_CLOCK = 60_000;
