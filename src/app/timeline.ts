/**
 * What happened when while a pipe was being made, method by method and side by side, on one clock: folded
 * from attempts and traces, kept after the pipe, and laid out as lanes of characters. Pure.
 */
import type { AttemptEvent, ExplanationEvent, TraceEvent } from '../net/index.ts';
import { METHOD_NAMES } from './config.ts';
import type { Stamped } from './events.ts';
import { makeVisible } from './visible.ts';

export type TimelineKind = TraceEvent['kind'];

export interface TimelineMark {
  readonly kind: TimelineKind;
  /** ms since the program started. */
  readonly at: number;
  readonly count: number;
}

export interface TimelineLane {
  readonly side: TraceEvent['side'];
  readonly method: AttemptEvent['method'];
  readonly path: AttemptEvent['path'];
  readonly family: AttemptEvent['family'];
  readonly marks: readonly TimelineMark[];
}

export interface Timeline {
  readonly lanes: readonly TimelineLane[];
  /** ± ms of what the peer told. */
  readonly error: number;
  readonly explanation: Omit<ExplanationEvent, 'event' | 'pipe'> | null;
}

/** By pipe, the oldest first. */
export type Timelines = Readonly<Record<string, Timeline>>;

const MAX_TIMELINES = 32;
const MAX_LANES = 16;
/** Of one lane. */
const MAX_MARKS = 200;
const MAX_TEXT = 300;
const MAX_EVIDENCE = 8;
const EMPTY: Timeline = { lanes: [], error: 0, explanation: null };

export function withTrace(timelines: Timelines, event: Stamped<TraceEvent>): Timelines {
  const { side, method, path, family, kind, count, error } = event;
  const mark = { kind, at: event.at - event.ago, count };
  return changed(timelines, event.pipe, (timeline) => ({
    ...withMark(timeline, { side, method, path, family }, mark),
    error: side === 'peer' ? error : timeline.error,
  }));
}

/** Punches tell of themselves by traces. */
export function withAttempt(timelines: Timelines, event: Stamped<AttemptEvent>): Timelines {
  const { method, path, family, state, reason = '', at } = event;
  if (method === 'tcp-punch' || method === 'udp-punch') return timelines;
  if (state === 'failed' && !reason.startsWith('refused')) return timelines;
  const kind = state === 'start' ? 'sent' : state === 'open' ? 'open' : 'refused';
  const way = { side: 'own', method, path, family } as const;
  return changed(timelines, event.pipe, (timeline) => withMark(timeline, way, { kind, at, count: 1 }));
}

export function withExplanation(timelines: Timelines, event: Stamped<ExplanationEvent>): Timelines {
  const { method, sentence, confidence, evidence, help } = event;
  const explanation = {
    method,
    sentence: cutText(sentence),
    confidence,
    evidence: evidence.slice(0, MAX_EVIDENCE).map(cutText),
    help: help === null ? null : cutText(help),
  };
  return changed(timelines, event.pipe, (timeline) => ({ ...timeline, explanation }));
}

function cutText(text: string): string {
  return text.slice(0, MAX_TEXT);
}

function changed(timelines: Timelines, pipe: string, change: (timeline: Timeline) => Timeline): Timelines {
  const next = { ...timelines, [pipe]: change(timelines[pipe] ?? EMPTY) };
  const [oldest] = Object.keys(next);
  if (oldest === undefined || Object.keys(next).length <= MAX_TIMELINES) return next;
  const { [oldest]: _, ...kept } = next;
  return kept;
}

type Way = Omit<TimelineLane, 'marks'>;

function withMark(timeline: Timeline, way: Way, mark: TimelineMark): Timeline {
  const known = timeline.lanes.find((lane) => isSame(lane, way));
  if (known === undefined) {
    if (timeline.lanes.length >= MAX_LANES) return timeline;
    return { ...timeline, lanes: [...timeline.lanes, { ...way, marks: [mark] }] };
  }
  if (known.marks.length >= MAX_MARKS) return timeline;
  const lane = { ...known, marks: [...known.marks, mark] };
  return { ...timeline, lanes: timeline.lanes.map((one) => (one === known ? lane : one)) };
}

function isSame(a: Way, b: Way): boolean {
  return a.side === b.side && a.method === b.method && a.path === b.path && a.family === b.family;
}

/** One row of the view. */
export interface TimelineRow {
  readonly key: string;
  /** `TCP punch` · `TCP punch WAN4 they`. */
  readonly label: string;
  /** One per column: what happened in that time; null = nothing. */
  readonly cells: readonly (TimelineKind | null)[];
  /** `open 135 ms, 3 sent, 1 refused`. */
  readonly summary: string;
}

export interface TimelineView {
  readonly rows: readonly TimelineRow[];
  /** ms that the columns cover. */
  readonly span: number;
}

/** What stands above what where both fall into one column. */
const RANK: readonly TimelineKind[] = ['sent', 'received', 'refused', 'open'];
const METHOD_ORDER: readonly TimelineLane['method'][] = [
  'direct',
  'reverse',
  'tcp-punch',
  'udp-punch',
  'relay',
];
const LEAST_SPAN = 100;

/** @param columns of the lanes themselves */
export function timelineView({ lanes }: Timeline, columns: number): TimelineView {
  const moments = lanes.flatMap(({ marks }) => marks.map(({ at }) => at));
  const from = Math.min(...moments);
  const span = Math.max(LEAST_SPAN, Math.max(...moments) - from);
  const several = new Set(lanes.map(({ path, family }) => `${path} ${family}`)).size > 1;
  const sorted = [...lanes].sort(
    (a, b) =>
      METHOD_ORDER.indexOf(a.method) - METHOD_ORDER.indexOf(b.method) ||
      a.path.localeCompare(b.path) ||
      a.family - b.family ||
      a.side.localeCompare(b.side),
  );
  const rows = sorted.map((lane): TimelineRow => {
    const where = several ? ` ${lane.path === 'local' ? 'LAN' : 'WAN'}${lane.family}` : '';
    return {
      key: `${lane.side} ${lane.method} ${lane.path} ${lane.family}`,
      label: `${METHOD_NAMES[lane.method]}${where}${lane.side === 'own' ? '' : ' they'}`,
      cells: cellsOf(lane, from, span, columns),
      summary: summaryOf(lane, from),
    };
  });
  return { rows, span };
}

function cellsOf({ marks }: TimelineLane, from: number, span: number, columns: number) {
  const cells: (TimelineKind | null)[] = Array.from({ length: columns }, () => null);
  for (const { kind, at } of marks) {
    const column = Math.min(columns - 1, Math.max(0, Math.floor(((at - from) / span) * (columns - 1))));
    const there = cells[column] ?? null;
    if (there === null || RANK.indexOf(kind) > RANK.indexOf(there)) cells[column] = kind;
  }
  return cells;
}

function summaryOf({ marks }: TimelineLane, from: number): string {
  const count = (kind: TimelineKind) =>
    marks.reduce((sum, mark) => sum + (mark.kind === kind ? mark.count : 0), 0);
  const open = marks.find(({ kind }) => kind === 'open');
  const parts = (['sent', 'refused', 'received'] as const)
    .filter((kind) => count(kind) > 0)
    .map((kind) => `${count(kind)} ${kind}`);
  if (open !== undefined) parts.unshift(`open ${Math.max(0, Math.round(open.at - from))} ms`);
  return parts.join(', ');
}

/** Why it ended as it did, one line each: the sentence, what speaks for it, what would help. */
export function explanationLines({ explanation }: Timeline): string[] {
  if (explanation === null) return [];
  const { sentence, confidence, evidence, help } = explanation;
  const seen = evidence.length === 0 ? [] : [`seen: ${evidence.join(', ')} (${confidence})`];
  return [sentence, ...seen, ...(help === null ? [] : [`try: ${help}`])].map((text) => makeVisible(text));
}
