/**
 * Connects to a peer: own attempts, the peer's dialling back, and the pipe that wins. Effects
 * through Io; who may win is `race.ts`, what is tried is `pathway.ts`, how the peer is asked is the
 * caller's affair.
 */
import { onAbort } from '../abort.ts';
import type { NodeAddress } from '../address.ts';
import { deferred } from '../deferred.ts';
import { P2pdError } from '../errors.ts';
import type { NodeEvent } from '../events.ts';
import type { Identity } from '../identity.ts';
import type { Io } from '../io/io.ts';
import type { Pipe, PipeListener } from '../pipe/pipe.ts';
import type { Secured } from '../pipe/secure.ts';
import { ATTEMPT_TIMEOUT } from '../timing.ts';
import { encodeBase16 } from '../wire/base16.ts';
import { AskedNote } from './asked.ts';
import type { Asking, AskListener, Hope } from './asking.ts';
import { type Attempt, type AttemptWay, emitAttempt, newAttempt } from './attempt.ts';
import { commitMove, commitNew } from './commit.ts';
import type { Crossing } from './crossing.ts';
import { Dialler } from './dialler.ts';
import { explainFailure, reasonFor } from './explain.ts';
import { hasEnded, PipeGone } from './join.ts';
import type { Candidate } from './pathway.ts';
import type { Measured } from './quality.ts';
import { createRace, FIRST_JOINED, type RaceEffect, type RaceInput, stepRace } from './race.ts';
import { Tie } from './tie.ts';

export interface ConnectTask {
  readonly io: Io;
  readonly identity: Identity;
  readonly peer: NodeAddress;
  readonly pipeId: Uint8Array;
  /** The pipe's name. */
  readonly pipe: string;
  /** null where dialling is not wanted. */
  readonly candidates: readonly Candidate[] | null;
  /** ms until the first is dialled, unless everything else has failed before. */
  readonly directDelay: number;
  /** null where the peer cannot be asked, or need not be. */
  readonly asking: Asking | null;
  /** Why it cannot be asked; null where it can, or need not be. */
  readonly unaskable: string | null;
  /** A pipe that is open already and only wants another path; null where a new one is wanted. */
  readonly target: Pipe | null;
  /** Tells of this connect while it is under way: a pipe that the peer asks for may take its place. @returns how to leave */
  readonly cross: (connect: Crossing) => () => void;
  readonly listener: PipeListener;
  readonly emit: (event: NodeEvent) => void;
  /** Gives the connect up; its reason is what the caller meets. */
  readonly signal: AbortSignal;
}

/** @throws P2pdError NO_PATH, PEER_SILENT, NO_SERVICE, NOT_ALLOWED, WRONG_PROTOCOL, BUSY; the signal's reason */
export function connectPipe(task: ConnectTask): Promise<Pipe> {
  return new Connect(task).run();
}

class Connect {
  readonly #task: ConnectTask;
  readonly #attempts = new Map<number, Attempt>();
  readonly #failures: unknown[] = [];
  readonly #result = deferred<Pipe>();
  readonly #ended = deferred<void>();
  readonly #over = new AbortController();
  readonly #candidates: Candidate[];
  readonly #note: AskedNote;
  #joined = 0;
  #race;
  readonly #dialler: Dialler;
  readonly #tie: Tie;
  #peerHasEnded = false;
  /** Open by a relay, and the race goes on. */
  #relayed: Pipe | null = null;

  constructor(task: ConnectTask) {
    this.#task = task;
    this.#dialler = new Dialler(task.io, task.identity, task.peer.publicKey, task.pipeId);
    this.#candidates = [...(task.candidates ?? [])];
    this.#race = createRace(this.#candidates.length);
    this.#tie = new Tie({
      io: task.io,
      attempts: () => this.#attempts.values(),
      secured: (attempt) => this.#step({ kind: 'secured', attempt }),
      signal: this.#over.signal,
    });
    this.#note = new AskedNote(task.unaskable);
  }

  async run(): Promise<Pipe> {
    const { signal, asking } = this.#task;
    signal.throwIfAborted();
    const stay = onAbort(signal, () => this.#giveUp(signal.reason));
    const leave = this.#task.cross(this.#crossing());
    onAbort(this.#over.signal, () => asking?.stop());
    try {
      if (asking !== null) this.#step({ kind: 'join', attempt: FIRST_JOINED });
      void this.#startDialling();
      asking?.start(this.#askListener());
      return await this.#result.promise;
    } finally {
      leave();
      stay();
      void this.#relayed?.closed.then(() => this.#giveUp(new Error('the pipe is closed')));
      if (this.#relayed === null) this.#over.abort();
      else void this.#ended.promise.then(() => this.#over.abort());
    }
  }

  #crossing(): Crossing {
    const isCommitted = () => [...this.#race.running.values()].includes('committed');
    return {
      get isCommitted() {
        return isCommitted();
      },
      hold: () => this.#step({ kind: 'hold' }),
      resume: () => this.#step({ kind: 'resume' }),
      adopt: (pipe) => {
        for (const number of this.#attempts.keys()) this.#drop(number, 'the peer connected at the same time');
        this.#result.resolve(pipe);
      },
    };
  }

  /** Where other methods come first, they have their time. */
  async #startDialling(): Promise<void> {
    const { io, directDelay } = this.#task;
    if (directDelay > 0) await io.sleepUntil(io.now() + directDelay, AbortSignal.any([this.#over.signal]));
    if (!this.#over.signal.aborted) this.#step({ kind: 'start' });
  }

  /** The race has not lost as long as asking may still bring something: it is a runner itself. */
  #askListener(): AskListener {
    let done = false;
    return {
      hope: (way) => this.#hopeFor(way),
      more: (candidates) => {
        this.#candidates.push(...candidates);
        if (candidates.length > 0) this.#step({ kind: 'more', count: candidates.length });
      },
      heard: () => this.#note.heard(),
      refused: (why) => this.#note.refused(why),
      silent: (reason, reached) => this.#note.silent(reason, reached),
      done: (explanation) => {
        this.#note.explanation = explanation;
        if (!done) this.#step({ kind: 'failed', attempt: FIRST_JOINED });
        done = true;
      },
    };
  }

  #hopeFor(way: AttemptWay): Hope {
    const number = FIRST_JOINED + ++this.#joined;
    const hope = this.#add(number, way);
    emitAttempt(this.#task, hope, 'start');
    this.#step({ kind: 'join', attempt: number });
    return {
      connecting: (isUnderWay) => {
        hope.connecting += isUnderWay ? 1 : -1;
      },
      arrived: (secured, taken, measured) => this.#arrived(number, hope, secured, taken, measured),
      failed: (reason) => {
        // What has come in already needs no answer.
        if (hope.secured === null) this.#fail(number, hope, new Error(reason));
      },
    };
  }

  /** The first connection that comes in is what was hoped for; more of them are attempts of their own. */
  #arrived(first: number, hope: Attempt, secured: Secured, way: AttemptWay, measured: Measured): void {
    if (this.#over.signal.aborted) secured.stream.destroy();
    else if (hope.outcome === null && hope.secured === null) {
      hope.secured = secured;
      hope.way = way;
      this.#tie.secured(first, measured);
    } else {
      const number = FIRST_JOINED + ++this.#joined;
      const attempt = this.#add(number, way);
      attempt.secured = secured;
      emitAttempt(this.#task, attempt, 'start');
      void this.#limit(number, attempt, ATTEMPT_TIMEOUT, 'not needed');
      this.#step({ kind: 'join', attempt: number });
      this.#tie.secured(number, measured);
    }
  }

  #add(number: number, way: AttemptWay): Attempt {
    const { io, pipe, pipeId, target } = this.#task;
    const name = target === null ? pipe : `${pipe}.${encodeBase16(pipeId).slice(0, 8)}`;
    const attempt = newAttempt(`${name}.${number}`, way, io.now());
    this.#attempts.set(number, attempt);
    return attempt;
  }

  #step(input: RaceInput): void {
    const { state, effects } = stepRace(this.#race, input, this.#task.io.now());
    const before = this.#race.wakeAt;
    this.#race = state;
    for (const effect of effects) this.#perform(effect);
    if (state.over) this.#ended.resolve();
    const at = this.#race.wakeAt;
    if (at === before || at === Number.POSITIVE_INFINITY) return;
    void this.#task.io.sleepUntil(at, this.#over.signal).then(() => {
      if (!this.#over.signal.aborted) this.#step({ kind: 'tick' });
    });
  }

  #perform(effect: RaceEffect): void {
    switch (effect.kind) {
      case 'dial':
        void this.#dial(effect.attempt);
        break;
      case 'commit':
        void this.#commit(effect.attempt);
        break;
      case 'drop':
        this.#drop(effect.attempt, 'another path was faster');
        break;
      case 'won':
        this.#win(this.#attempts.get(effect.attempt)?.pipe ?? null);
        break;
      case 'lost':
        this.#lose();
        break;
    }
  }

  #win(pipe: Pipe | null): void {
    if (pipe !== null) this.#result.resolve(pipe);
  }

  async #dial(number: number): Promise<void> {
    const candidate = this.#candidates[number];
    if (candidate === undefined) return;
    const attempt = this.#add(number, { method: 'direct', ...candidate });
    emitAttempt(this.#task, attempt, 'start');
    void this.#limit(number, attempt, ATTEMPT_TIMEOUT, 'no answer');
    try {
      const { secured, measured } = await this.#dialler.dial(candidate, attempt);
      attempt.secured = secured;
      if (attempt.outcome === null) this.#tie.secured(number, measured);
      else attempt.secured.stream.destroy();
    } catch (error) {
      this.#fail(number, attempt, error);
    }
  }

  /** No attempt takes longer than its time, whatever state it is in. */
  async #limit(number: number, attempt: Attempt, time: number, what: string): Promise<void> {
    const { io } = this.#task;
    await io.sleepUntil(io.now() + time, this.#over.signal);
    if (this.#over.signal.aborted || attempt.outcome !== null) return;
    this.#fail(number, attempt, new Error(`${what} within ${time / 1000} s`));
  }

  async #commit(number: number): Promise<void> {
    const attempt = this.#attempts.get(number);
    if (attempt === undefined || attempt.secured === null) return;
    try {
      const target = this.#task.target ?? this.#relayed;
      const task = { ...this.#task, peer: this.#task.peer.nodeId };
      if (target === null) await commitNew(task, attempt, attempt.secured, number >= FIRST_JOINED);
      else await commitMove(task, attempt, attempt.secured, target);
      const isRelayed = attempt.way.method === 'relay' && this.#task.target === null;
      if (isRelayed) [attempt.outcome, this.#relayed] = ['open', attempt.pipe];
      this.#step({ kind: isRelayed ? 'relayed' : 'opened', attempt: number });
    } catch (error) {
      if (error instanceof PipeGone) this.#giveUp(error);
      else this.#fail(number, attempt, error);
    }
  }

  #fail(number: number, attempt: Attempt, error: unknown): void {
    if (attempt.outcome !== null) return;
    this.#failures.push(error);
    if (hasEnded(this.#task.target, attempt.way.remote, error)) this.#peerHasEnded = true;
    this.#drop(number, reasonFor(error));
    this.#step({ kind: 'failed', attempt: number });
    this.#tie.failed();
  }

  #drop(number: number, reason: string): void {
    const attempt = this.#attempts.get(number);
    if (attempt === undefined || attempt.outcome !== null) return;
    attempt.outcome = reason;
    attempt.stop.abort(new Error(reason));
    attempt.secured?.stream.destroy();
    emitAttempt(this.#task, attempt, 'failed', reason);
  }

  #lose(): void {
    if (this.#relayed !== null) return;
    if (this.#peerHasEnded) this.#result.reject(new PipeGone('the peer has ended'));
    const total = this.#task.candidates === null ? null : this.#candidates.length;
    this.#result.reject(explainFailure(this.#failures, total, this.#note.asked, this.#note.explanation));
  }

  #giveUp(reason: unknown): void {
    for (const number of this.#attempts.keys()) this.#drop(number, reasonFor(reason));
    this.#ended.resolve();
    this.#result.reject(reason instanceof Error ? reason : new P2pdError('INTERRUPTED', String(reason)));
  }
}
