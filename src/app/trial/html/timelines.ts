/** What both sides sent and received of a punch: two lanes on one clock, with its error. Pure. */
import type { SideName, TrialDocument, TrialMark, TrialRun } from '../document.ts';
import { cellName, duration } from '../labels.ts';
import { type DrawnRun, marksOf, runsWorthDrawing } from '../lanes.ts';
import { html, type Markup } from './markup.ts';

/** Each may take ten thousand characters. */
const MAX_DRAWN = 10;
/** Of one lane, besides what was sent. */
const MAX_MARKS = 60;
/** Places of one lane; marks nearer to each other are one. */
const PLACES = 500;
const RAILS: Readonly<Record<SideName, number>> = { a: 17, b: 51 };

/** Marks that all lanes draw by name, once a page. */
export const MARK_SHAPES = html`<svg class="hidden" width="0" height="0" aria-hidden="true"><defs><path id="m-refused" class="refused" d="M-4.5 -4.5l9 9m0 -9l-9 9"/><path id="m-received" class="received" d="M-5.5 -15h11l-5.5 8z"/><circle id="m-open" class="open" r="5.5"/></defs></svg>`;

/** null where nobody punched. */
export function timelines(document: TrialDocument): Markup | null {
  const drawn = runsWorthDrawing(document.cells, MAX_DRAWN);
  if (drawn.length === 0) return null;
  return html`${key()}${drawn.map((run) => drawnRun(run, document.clock))}<p class="small">Drawn are the first run of each way that failed, and the fastest that opened${drawn.length === MAX_DRAWN ? html`; ${MAX_DRAWN} at most` : null}. Times are those of A’s clock; a lane ends with the last packet.</p>`;
}

function key(): Markup {
  const mark = (shape: Markup) => html`<svg viewBox="-9 -9 18 18" aria-hidden="true">${shape}</svg>`;
  return html`<ul class="key"><li>${mark(html`<path class="sent" d="M-3 -7V7M3 -7V7"/>`)} sent</li><li>${mark(html`<use href="#m-refused"/>`)} refused</li><li>${mark(html`<use href="#m-received" y="11"/>`)} received</li><li>${mark(html`<use href="#m-open"/>`)} open</li><li>${mark(html`<path class="error" d="M-7 -4v8M-7 0H7M7 -4v8"/>`)} error of the clock</li></ul>`;
}

function drawnRun({ cell, run, number, because }: DrawnRun, clock: TrialDocument['clock']): Markup {
  const how =
    run.outcome === 'open'
      ? `open after ${duration(run.elapsed)}`
      : `failed, given up after ${duration(run.elapsed)}`;
  const from = Math.min(0, ...run.timeline.map(({ at }) => at));
  const to = Math.max(from + 1, ...run.timeline.map(({ at }) => at)) * 1.02;
  const told = run.explanation?.sentence ?? run.reason;
  const summary = (['a', 'b'] as const)
    .map((side) => `${side.toUpperCase()} ${countsOf(run, side)}`)
    .join('; ');
  return html`<div class="run"><h3>${cellName(cell)}, try ${number}: <span class="${run.outcome === 'open' ? 'yes' : 'no'}">${how}</span>${because === 'fastest' ? ' (the fastest)' : null}</h3><div class="lanes"><b>A</b><b>B</b><svg class="plot" role="img"><title>${summary}</title>${(['a', 'b'] as const).map((side) => lane(run, side, from, to))}${errorBar(run, clock, from, to)}${ticks(from, to)}</svg></div><p class="small">${summary}.${told === null ? null : html` ${told}`}${clock === null ? ' The clocks were not compared: B’s lane may be shifted.' : null}</p></div>`;
}

/** `sent 384, received 1`. */
function countsOf(run: TrialRun, side: SideName): string {
  const marks = marksOf(run, side);
  const parts = (['sent', 'refused', 'received'] as const).flatMap((kind) => {
    const count = marks.reduce((sum, mark) => sum + (mark.kind === kind ? mark.count : 0), 0);
    return count === 0 ? [] : `${kind} ${count}`;
  });
  return parts.join(', ') || 'told nothing';
}

function lane(run: TrialRun, side: SideName, from: number, to: number): Markup {
  const marks = marksOf(run, side);
  const y = RAILS[side];
  const sent = placesOf(marks, 'sent', from, to).map((place) => `M${place * 2} 0v14`);
  const shown = (['refused', 'received', 'open'] as const).flatMap((kind) =>
    placesOf(marks, kind, from, to)
      .slice(-MAX_MARKS)
      .map((place) => html`<use href="#m-${kind}" x="${percentOf(place)}%" y="${y}"/>`),
  );
  const openAt = marks.find(({ kind }) => kind === 'open');
  const guide =
    openAt === undefined
      ? null
      : html`<line class="at" x1="${percentOf(placeOf(openAt.at, from, to))}%" x2="${percentOf(placeOf(openAt.at, from, to))}%" y1="${y - 15}" y2="${y + 15}"/>`;
  return html`<line class="rail" x1="0" x2="100%" y1="${y}" y2="${y}"/><svg y="${y - 7}" width="100%" height="14" viewBox="0 0 ${2 * PLACES} 14" preserveAspectRatio="none"><path class="sent" d="${sent.join('')}"/></svg>${guide}${shown}`;
}

function placesOf(marks: readonly TrialMark[], kind: TrialMark['kind'], from: number, to: number): number[] {
  return [...new Set(marks.filter((mark) => mark.kind === kind).map(({ at }) => placeOf(at, from, to)))];
}

function placeOf(at: number, from: number, to: number): number {
  return Math.round(((at - from) / (to - from)) * PLACES);
}

const percentOf = (place: number) => Math.round((place / PLACES) * 1_000) / 10;

/** Around B's last mark that matters: as far as it may lie beside. */
function errorBar(run: TrialRun, clock: TrialDocument['clock'], from: number, to: number): Markup | null {
  const marks = marksOf(run, 'b');
  const mark = marks.find(({ kind }) => kind === 'open') ?? marks.at(-1);
  if (clock === null || mark === undefined) return null;
  const [low, high] = [mark.at - clock.error, mark.at + clock.error].map((at) =>
    Math.min(100, Math.max(0, percentOf(((at - from) / (to - from)) * PLACES))),
  );
  const y = RAILS.b + 16;
  return html`<line class="error" x1="${low ?? 0}%" x2="${high ?? 0}%" y1="${y}" y2="${y}"/><line class="error" x1="${low ?? 0}%" x2="${low ?? 0}%" y1="${y - 4}" y2="${y + 4}"/><line class="error" x1="${high ?? 0}%" x2="${high ?? 0}%" y1="${y - 4}" y2="${y + 4}"/>`;
}

/** Beginning, middle and end. */
function ticks(from: number, to: number): Markup[] {
  return [0, 0.5, 1].map((share, i) => {
    const anchor = ['start', 'middle', 'end'][i] ?? 'middle';
    return html`<text x="${share * 100}%" y="90" text-anchor="${anchor}">${duration(Math.max(0, from + share * (to - from)))}</text>`;
  });
}
