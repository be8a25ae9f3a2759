/**
 * Keeps what one side sees of its punches, lane by lane (method, pathway, family): told as events while it
 * goes on, a few a second whatever happens, and as reports afterwards. Effects through Io.
 */
import type { NodeEvent } from '../events.ts';
import type { Io } from '../io/io.ts';
import type { LearntFact } from '../nat/learnt.ts';
import type { LaneReport, Mark, MarkKind } from '../signal/lane-report.ts';
import { MAX_LANES, MAX_MARKS } from '../signal/lane-report.ts';
import { TRACE_PAUSE } from '../timing.ts';
import type { Endpoint } from '../wire/endpoint.ts';
import type { AttemptWay } from './attempt.ts';

type PunchWay = Pick<LaneReport, 'method' | 'path' | 'family'>;

export interface TracerTask {
  readonly io: Io;
  /** Corrected Unix ms. */
  readonly wall: () => number;
  /** The pipe's name. */
  readonly pipe: string;
  readonly emit: (event: NodeEvent) => void;
  /** Takes what a punch shows of the own NAT. */
  readonly learn: (fact: LearntFact) => void;
  /** The node stops: nothing is told any more. */
  readonly signal: AbortSignal;
}

export class Tracer {
  /** Unix ms of the own corrected clock from which marks count. */
  readonly from: number;
  readonly #task: TracerTask;
  readonly #startedAt: number;
  readonly #lanes = new Map<string, Lane>();

  constructor(task: TracerTask) {
    this.#task = task;
    this.from = Math.round(task.wall());
    this.#startedAt = task.io.now();
  }

  lane({ method, path, family }: PunchWay | AttemptWay): Lane {
    if (method !== 'tcp-punch' && method !== 'udp-punch') throw new RangeError(`${method} has no lane`);
    const key = `${method} ${path} ${family}`;
    const known = this.#lanes.get(key);
    if (known !== undefined) return known;
    const way = { method, path, family };
    const lane = new Lane(this.#task, way, this.#startedAt, this.from);
    this.#lanes.set(key, lane);
    return lane;
  }

  get reports(): LaneReport[] {
    return [...this.#lanes.values()].slice(0, MAX_LANES).map((lane) => lane.report);
  }

  /** Tells what waits to be told. */
  flush(): void {
    for (const lane of this.#lanes.values()) lane.flush();
  }
}

/** Of a connection, as this side has them. */
interface Ends {
  readonly local: Endpoint;
  readonly remote: Endpoint;
}

export class Lane {
  readonly #task: TracerTask;
  readonly #startedAt: number;
  readonly #from: number;
  readonly #marks: { kind: MarkKind; at: number; count: number }[] = [];
  /** ms within which packets of one kind are one mark: doubled where there are too many. */
  #window = TRACE_PAUSE;
  /** Not told yet. */
  readonly #due = new Map<MarkKind, { at: number; count: number }>();
  #flushing = false;
  #ends: Ends | null = null;
  #facts: Omit<LaneReport, 'marks'>;

  constructor(task: TracerTask, way: PunchWay, startedAt: number, from: number) {
    this.#task = task;
    this.#startedAt = startedAt;
    this.#from = from;
    this.#facts = {
      ...way,
      sent: 0,
      received: 0,
      refused: 0,
      guesses: 0,
      opened: false,
      refusedAfter: null,
      foreseen: null,
      heardFrom: null,
      seen: null,
      reason: '',
    };
  }

  /** What opened goes from here to there. */
  get ends(): Ends | null {
    return this.#ends;
  }

  get report(): LaneReport {
    return { ...this.#facts, marks: this.#marks.map((mark): Mark => ({ ...mark })) };
  }

  sent(count = 1): void {
    this.#facts = { ...this.#facts, sent: this.#facts.sent + count };
    this.#mark('sent', count);
  }

  guessed(count: number): void {
    this.#facts = { ...this.#facts, guesses: this.#facts.guesses + count };
  }

  /** @param after ms since it was sent */
  refused(after: number): void {
    const { refused, refusedAfter } = this.#facts;
    const shortest = Math.min(after, refusedAfter ?? after);
    this.#facts = { ...this.#facts, refused: refused + 1, refusedAfter: shortest };
    this.#mark('refused', 1);
  }

  /** @param port of the other side, as it arrived */
  received(port: number): void {
    this.#facts = { ...this.#facts, received: this.#facts.received + 1, heardFrom: port };
    this.#mark('received', 1);
  }

  /** It carries the pipe. @param way its two ends, where they were not told otherwise */
  opened(way: Ends | null = null): void {
    if (this.#facts.opened) return;
    this.#ends = way;
    this.#facts = { ...this.#facts, opened: true };
    this.#mark('open', 1);
    this.flush();
  }

  /** External ports that own packets should come from. */
  foreseen(ports: readonly number[]): void {
    if (ports.length === 0) return;
    // Each round foresees others; none of them is a surprise.
    const all = [...ports, ...(this.#facts.foreseen ?? [])];
    this.#facts = { ...this.#facts, foreseen: [Math.min(...all), Math.max(...all)] };
  }

  /** Where the other side says that it saw this one. @param rtt ms */
  seen({ local, by, mapped, rtt }: { local: Endpoint; by: Endpoint; mapped: Endpoint; rtt: number }): void {
    const isNew = this.#facts.seen !== mapped.port;
    this.#facts = { ...this.#facts, seen: mapped.port };
    const { path, family } = this.#facts;
    if (isNew && path === 'external')
      this.#task.learn({ kind: 'mapping', family, transport: 'udp', local, by, mapped, rtt });
  }

  /** Nothing can be sent. */
  failed(reason: string): void {
    this.#facts = { ...this.#facts, reason };
  }

  flush(): void {
    const { io, pipe, emit, signal } = this.#task;
    if (signal.aborted) return;
    const { method, path, family } = this.#facts;
    for (const [kind, { at, count }] of this.#due) {
      const time = Math.round(this.#from + at);
      const ago = Math.round(io.now() - this.#startedAt - at);
      emit({ event: 'trace', pipe, side: 'own', method, path, family, kind, count, time, ago, error: 0 });
    }
    this.#due.clear();
  }

  #mark(kind: MarkKind, count: number): void {
    const { io } = this.#task;
    const at = io.now() - this.#startedAt;
    const due = this.#due.get(kind);
    this.#due.set(kind, { at: due?.at ?? at, count: (due?.count ?? 0) + count });
    this.#remember(kind, at, count);
    void this.#flushSoon();
  }

  #remember(kind: MarkKind, at: number, count: number): void {
    const last = this.#marks.findLast((mark) => mark.kind === kind);
    if (last !== undefined && at - last.at < this.#window) {
      last.count += count;
      return;
    }
    this.#marks.push({ kind, at, count });
    while (this.#marks.length > MAX_MARKS) this.#merge();
  }

  #merge(): void {
    this.#window *= 2;
    const kept: { kind: MarkKind; at: number; count: number }[] = [];
    for (const mark of this.#marks) {
      const last = kept.findLast(({ kind }) => kind === mark.kind);
      if (last !== undefined && mark.at - last.at < this.#window) last.count += mark.count;
      else kept.push(mark);
    }
    this.#marks.splice(0, this.#marks.length, ...kept);
  }

  async #flushSoon(): Promise<void> {
    if (this.#flushing) return;
    this.#flushing = true;
    const { io, signal } = this.#task;
    await io.sleepUntil(io.now() + TRACE_PAUSE, AbortSignal.any([signal]));
    this.#flushing = false;
    this.flush();
  }
}
