/** One run of a trial's cell on the side that asks for the pipe: opened, measured, closed. Effects through Io and the node. */
import {
  type Family,
  type Io,
  type Method,
  type P2PNode,
  P2pdError,
  type Pathway,
  type Pipe,
  reasonOf,
} from '../../net/index.ts';
import type { AppEvent } from '../events.ts';
import type { SideName, TrialExplanation, TrialMark, TrialRun } from './document.ts';
import { TRIAL_LIMITS } from './schema.ts';
import { explanationOf, inThirdPerson, shortened } from './wording.ts';

export interface RunTask {
  readonly io: Io;
  readonly node: P2PNode;
  /** Of the peer, its newest one. */
  readonly address: string;
  readonly method: Method;
  readonly path: Pathway;
  readonly family: Family;
  /** This side. */
  readonly initiator: SideName;
  /** As of ConnectOptions: where the other side wishes the run. */
  readonly asked?: { readonly met: string };
  /** ms to have the pipe. */
  readonly limit: number;
  /** Of the throughput measurement, each way; 0: none. */
  readonly bytes: number;
  /** Hears everything that is told from now on. @returns how to stop */
  readonly listen: (listener: (event: AppEvent) => void) => () => void;
  readonly signal: AbortSignal;
}

/** ms that measuring an open pipe may take. */
const MEASURE_LIMIT = 3_000;
/** Marks of one run: what a timeline shows. */
const MAX_MARKS = 200;
/** ms before and after the beginning of a run that a mark may be. */
const MARK_LIMIT = 120_000;
const REASON_LENGTH = 300;

/** @returns the run; its `at` is Unix ms of this machine's clock. Never rejects but with the signal's reason */
export async function runCell(task: RunTask): Promise<TrialRun> {
  const { io, node, method, path, family, limit, signal } = task;
  signal.throwIfAborted();
  const stop = new AbortController();
  const done = new AbortController();
  const wish = task.asked === undefined ? {} : { asked: task.asked };
  const choice = { methods: [method], paths: [path], families: [family], ...wish };
  const prepared = node.prepare(task.address, { ...choice, signal: AbortSignal.any([signal, stop.signal]) });
  const heard = new Heard(prepared.pipe, task.initiator, node.wallClock());
  const leave = task.listen((event) => heard.take(event));
  const startedAt = io.now();
  const wall = io.wallClock();
  void io.sleepUntil(startedAt + limit, done.signal).then(() => {
    stop.abort(new P2pdError('NO_PATH', `no pipe within ${limit / 1000} s`));
  });
  const base = { at: Math.round(wall), explanation: null, timeline: [] };
  try {
    const pipe = await prepared.connect();
    done.abort();
    const elapsed = heard.elapsed ?? io.now() - startedAt;
    const measured = await measure(task, pipe);
    await pipe.close('the run is over');
    return { ...base, outcome: 'open', elapsed, ...measured, reason: null, ...heard.told };
  } catch (error) {
    signal.throwIfAborted();
    const elapsed = Math.round((io.now() - startedAt) * 10) / 10;
    const reason = shortened(inThirdPerson(heard.reason ?? reasonOf(error), task.initiator), REASON_LENGTH);
    const nothing = { rtt: null, sendMbps: null, receiveMbps: null };
    return { ...base, outcome: 'failed', elapsed, ...nothing, reason, ...heard.told };
  } finally {
    done.abort();
    leave();
  }
}

type Measured = Pick<TrialRun, 'rtt' | 'sendMbps' | 'receiveMbps'>;

/** Round trip and throughput; a slow path has its time, and no more. */
async function measure({ io, node, bytes, signal }: RunTask, pipe: Pipe): Promise<Measured> {
  const done = new AbortController();
  const late = io
    .sleepUntil(io.now() + MEASURE_LIMIT, AbortSignal.any([done.signal, signal]))
    .then(() => null);
  const bench = bytes > 0 ? node.bench(pipe, bytes).catch(() => null) : Promise.resolve(null);
  const result = await Promise.race([bench, late]);
  done.abort();
  const rtt = pipe.rtt === null ? null : Math.round(pipe.rtt * 100) / 100;
  return { rtt, sendMbps: told(result?.sendMbps), receiveMbps: told(result?.receiveMbps) };
}

/** In no time at all nothing was measured. */
function told(mbps: number | undefined): number | null {
  return mbps === undefined || mbps > TRIAL_LIMITS.mbps ? null : mbps;
}

/** What the node tells of one pipe. */
class Heard {
  readonly #pipe: string;
  readonly #own: SideName;
  /** Unix ms of this node's clock. */
  readonly startedAt: number;
  readonly #marks: TrialMark[] = [];
  #explanation: TrialExplanation | null = null;
  readonly #reasons = new Set<string>();
  /** Why its attempts failed, each reason once; null where none was made. */
  get reason(): string | null {
    return this.#reasons.size === 0 ? null : [...this.#reasons].join('; ');
  }

  /** As the pipe's `open` tells it. */
  elapsed: number | null = null;

  constructor(pipe: string, own: SideName, startedAt: number) {
    this.#pipe = pipe;
    this.#own = own;
    this.startedAt = startedAt;
  }

  get told(): Pick<TrialRun, 'explanation' | 'timeline'> {
    const timeline = [...this.#marks].sort((a, b) => a.at - b.at).slice(0, MAX_MARKS);
    return { explanation: this.#explanation, timeline };
  }

  take(event: AppEvent): void {
    if (!('pipe' in event) || event.pipe !== this.#pipe) return;
    if (event.event === 'open') this.elapsed = event.elapsed;
    if (event.event === 'attempt' && event.reason !== undefined) this.#reasons.add(event.reason);
    if (event.event === 'explanation') {
      this.#explanation = explanationOf(event, this.#own);
    }
    if (event.event !== 'trace') return;
    const { method, kind, count, time } = event;
    const side = event.side === 'own' ? this.#own : this.#own === 'a' ? 'b' : 'a';
    const at = Math.round(time - this.startedAt);
    // The other side's own account: what it says of times need not be so.
    if (Math.abs(at) <= MARK_LIMIT) this.#marks.push({ at, side, method, kind, count });
  }
}
