/**
 * Connects to a peer: candidates, race, attempts, and the pipe that wins. Effects through Io; who
 * may win is `race.ts`, what is tried is `pathway.ts`.
 */
import type { NodeAddress } from '../address.ts';
import { deferred } from '../deferred.ts';
import { P2pdError } from '../errors.ts';
import type { AttemptEvent, NodeEvent } from '../events.ts';
import type { Identity } from '../identity.ts';
import type { Io } from '../io/io.ts';
import { Pipe, type PipeListener } from '../pipe/pipe.ts';
import { diallerPsk, type Secured, secureAsDialler } from '../pipe/secure.ts';
import { ATTEMPT_TIMEOUT } from '../timing.ts';
import { formatEndpoint } from '../wire/endpoint.ts';
import { explainFailure, reasonFor } from './explain.ts';
import type { Candidate } from './pathway.ts';
import { createRace, type RaceEffect, type RaceInput, stepRace } from './race.ts';

export interface ConnectTask {
  readonly io: Io;
  readonly identity: Identity;
  readonly peer: NodeAddress;
  readonly pipeId: Uint8Array;
  /** The pipe's name. */
  readonly pipe: string;
  readonly candidates: readonly Candidate[];
  readonly listener: PipeListener;
  readonly emit: (event: NodeEvent) => void;
  /** Gives the connect up; its reason is what the caller meets. */
  readonly signal: AbortSignal;
}

interface Attempt {
  readonly candidate: Candidate;
  readonly id: string;
  readonly startedAt: number;
  readonly stop: AbortController;
  secured: Secured | null;
  pipe: Pipe | null;
  /** Set once it has an outcome, so that only the first is told. */
  outcome: string | null;
}

/** @throws P2pdError NO_PATH, NOT_ALLOWED, WRONG_PROTOCOL, BUSY; the signal's reason */
export function connectDirect(task: ConnectTask): Promise<Pipe> {
  return new Connect(task).run();
}

class Connect {
  readonly #task: ConnectTask;
  readonly #attempts = new Map<number, Attempt>();
  readonly #failures: unknown[] = [];
  readonly #result = deferred<Pipe>();
  readonly #over = new AbortController();
  #race;
  #psk: Promise<Uint8Array> | null = null;

  constructor(task: ConnectTask) {
    this.#task = task;
    this.#race = createRace(task.candidates.length);
  }

  async run(): Promise<Pipe> {
    const { signal } = this.#task;
    signal.throwIfAborted();
    const onAbort = () => this.#giveUp(signal.reason);
    signal.addEventListener('abort', onAbort, { once: true });
    try {
      this.#step({ kind: 'start' });
      return await this.#result.promise;
    } finally {
      this.#over.abort();
      signal.removeEventListener('abort', onAbort);
    }
  }

  #step(input: RaceInput): void {
    const { state, effects } = stepRace(this.#race, input, this.#task.io.now());
    const before = this.#race.wakeAt;
    this.#race = state;
    for (const effect of effects) this.#perform(effect);
    if (this.#race.wakeAt !== before) this.#wakeAt(this.#race.wakeAt);
  }

  #wakeAt(at: number): void {
    if (at === Number.POSITIVE_INFINITY) return;
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
        this.#won(effect.attempt);
        break;
      case 'lost':
        this.#result.reject(explainFailure(this.#failures, this.#task.candidates.length));
        break;
    }
  }

  async #dial(number: number): Promise<void> {
    const { io, identity, peer, pipeId, candidates } = this.#task;
    const candidate = candidates[number];
    if (candidate === undefined) return;
    const id = `${this.#task.pipe}.${number}`;
    const attempt: Attempt = {
      candidate,
      id,
      startedAt: io.now(),
      stop: new AbortController(),
      secured: null,
      pipe: null,
      outcome: null,
    };
    this.#attempts.set(number, attempt);
    this.#emit(attempt, 'start');
    void this.#limit(number, attempt);
    try {
      const { signal } = attempt.stop;
      const dialling = io.dialTcp(candidate.local, candidate.remote, signal);
      const [stream, psk] = await Promise.all([dialling, this.#key()]);
      attempt.secured = await secureAsDialler(io, stream, identity, peer.publicKey, pipeId, psk, signal);
      if (attempt.outcome === null) this.#step({ kind: 'secured', attempt: number });
      else attempt.secured.stream.destroy();
    } catch (error) {
      this.#fail(number, attempt, error);
    }
  }

  /** Worked out once, and only when the first SYN is on its way: waiting for the answer costs nothing. */
  #key(): Promise<Uint8Array> {
    const { io, identity, peer } = this.#task;
    this.#psk ??= io.sleepUntil(io.now()).then(() => diallerPsk(identity, peer.publicKey));
    return this.#psk;
  }

  /** No attempt takes longer than its time, whatever state it is in. */
  async #limit(number: number, attempt: Attempt): Promise<void> {
    await this.#task.io.sleepUntil(attempt.startedAt + ATTEMPT_TIMEOUT, this.#over.signal);
    if (this.#over.signal.aborted || attempt.outcome !== null) return;
    this.#fail(number, attempt, new Error(`no answer within ${ATTEMPT_TIMEOUT / 1000} s`));
  }

  async #commit(number: number): Promise<void> {
    const attempt = this.#attempts.get(number);
    if (attempt === undefined || attempt.secured === null) return;
    const { io, pipe: id, peer, listener } = this.#task;
    const info = {
      id,
      peer: peer.nodeId,
      initiator: true,
      method: 'direct',
      path: attempt.candidate.path,
    } as const;
    const open = (pipe: Pipe) => {
      this.#emit(attempt, 'open');
      listener.open(pipe);
    };
    attempt.pipe = new Pipe(io, attempt.secured, info, { ...listener, open });
    try {
      await attempt.pipe.start();
      this.#step({ kind: 'opened', attempt: number });
    } catch (error) {
      this.#fail(number, attempt, error);
    }
  }

  #won(number: number): void {
    const attempt = this.#attempts.get(number);
    if (attempt?.pipe) this.#result.resolve(attempt.pipe);
  }

  #fail(number: number, attempt: Attempt, error: unknown): void {
    if (attempt.outcome !== null) return;
    this.#failures.push(error);
    this.#drop(number, reasonFor(error));
    this.#step({ kind: 'failed', attempt: number });
  }

  #drop(number: number, reason: string): void {
    const attempt = this.#attempts.get(number);
    if (attempt === undefined || attempt.outcome !== null) return;
    attempt.outcome = reason;
    attempt.stop.abort(new Error(reason));
    attempt.secured?.stream.destroy();
    this.#emit(attempt, 'failed', reason);
  }

  #giveUp(reason: unknown): void {
    for (const number of this.#attempts.keys()) this.#drop(number, reasonFor(reason));
    this.#result.reject(reason instanceof Error ? reason : new P2pdError('INTERRUPTED', String(reason)));
  }

  #emit(attempt: Attempt, state: AttemptEvent['state'], reason?: string): void {
    const { io, pipe, emit } = this.#task;
    const { candidate, id, startedAt } = attempt;
    emit({
      event: 'attempt',
      pipe,
      id,
      method: 'direct',
      path: candidate.path,
      family: candidate.family,
      state,
      local: formatEndpoint(attempt.secured?.stream.local ?? candidate.local),
      remote: formatEndpoint(candidate.remote),
      elapsed: Math.round(io.now() - startedAt),
      ...(reason === undefined ? {} : { reason }),
    });
  }
}
