/** How long it took: a row for each way, each run a dot, the median a line, on a logarithmic scale. Pure. */
import { METHOD_NAMES } from '../../config.ts';
import type { TrialCell, TrialDocument } from '../document.ts';
import { type Place, placesOf } from '../facts.ts';
import { directionOf, duration } from '../labels.ts';
import { type CellStats, quantile } from '../stats.ts';
import { html, type Markup } from './markup.ts';

/** More than these would lie on each other, and the page is to stay small. */
const MAX_DOTS = 60;
/** Dots that are told apart on one line. */
const FEW = 12;
const STEPS = [1, 2, 5] as const;

interface Scale {
  readonly low: number;
  readonly high: number;
  readonly ticks: readonly number[];
}

/** null where nothing opened. */
export function stripPlot(document: TrialDocument): Markup | null {
  const places = placesOf(document)
    .map(({ name, cells }) => ({ name, cells: cells.filter(({ stats }) => stats.time !== null) }))
    .filter(({ cells }) => cells.length > 0);
  const times = places.flatMap(({ cells }) =>
    cells.flatMap(({ stats: { time } }) => [time?.min ?? 1, time?.max ?? 1]),
  );
  if (times.length === 0) return null;
  const scale = scaleOf(Math.min(...times), Math.max(...times));
  return html`<figure><div class="strip">${places.map((place) => placeRows(place, scale, places.length > 1))}<div class="row"><span></span>${axis(scale)}<span class="value small">median</span></div></div><figcaption>Time until the pipe was open; each dot is a run that opened${dotsNote(document)}, the line is their median. The scale is logarithmic.</figcaption></figure>`;
}

function dotsNote({ cells }: TrialDocument): string {
  return cells.some(({ runs }) => runs.length > MAX_DOTS) ? ` (${MAX_DOTS} of each way are drawn)` : '';
}

function placeRows({ name, cells }: Place, scale: Scale, several: boolean): Markup {
  return html`${several ? html`<h3>${name}</h3>` : null}${cells.map(({ cell, stats }) => row(cell, stats, scale))}`;
}

function row(cell: TrialCell, stats: CellStats, scale: Scale): Markup {
  const middle = stats.time?.median ?? 0;
  const failed = stats.tries - stats.opened;
  const lost = failed === 0 ? null : html`<span class="lost">${failed} failed · </span>`;
  const name = `${METHOD_NAMES[cell.method]}, ${directionOf(cell.initiator)}`;
  const title = `${name}: ${stats.opened} opened, median ${duration(middle)}, from ${duration(stats.time?.min ?? 0)} to ${duration(stats.time?.max ?? 0)}`;
  const at = percentOf(middle, scale);
  return html`<div class="row"><span>${name}</span><svg class="draw" role="img"><title>${title}</title>${gridOf(scale)}${dotsOf(cell).map((ms, i, all) => dot(percentOf(ms, scale), i, all.length))}<line class="median" x1="${at}%" x2="${at}%" y1="4" y2="24"/></svg><span class="value">${lost}${duration(middle)}</span></div>`;
}

/** Few lie on the line; many are small and spread beside it, so that their density shows. */
function dot(at: number, index: number, count: number): Markup {
  if (count <= FEW) return html`<circle class="dot" cx="${at}%" cy="14" r="4.5"/>`;
  return html`<circle class="dot" cx="${at}%" cy="${14 + (((index * 3) % 5) - 2) * 4}" r="2.2"/>`;
}

/** All, or as many at even ranks. */
function dotsOf({ runs }: TrialCell): number[] {
  const times = runs.filter(({ outcome }) => outcome === 'open').map(({ elapsed }) => elapsed);
  if (times.length <= MAX_DOTS) return times;
  return Array.from({ length: MAX_DOTS }, (_, i) => quantile(times, i / (MAX_DOTS - 1)) ?? 0);
}

function gridOf({ ticks, ...scale }: Scale): Markup[] {
  return ticks.map((tick) => {
    const at = percentOf(tick, { ...scale, ticks });
    return html`<line class="grid" x1="${at}%" x2="${at}%" y1="0" y2="28"/>`;
  });
}

function axis(scale: Scale): Markup {
  const { ticks } = scale;
  const labels = ticks.map((tick, i) => {
    const anchor = i === 0 ? 'start' : i === ticks.length - 1 ? 'end' : 'middle';
    return html`<text class="${isFine(tick, i, ticks.length) ? 'fine' : 'round'}" x="${percentOf(tick, scale)}%" y="14" text-anchor="${anchor}">${tickText(tick)}</text>`;
  });
  return html`<svg class="draw axis" aria-hidden="true">${labels}</svg>`;
}

/** What narrow screens have no room for: 20 and 50 between 10 and 100. */
function isFine(tick: number, index: number, count: number): boolean {
  return index > 0 && index < count - 1 && !Number.isInteger(Math.log10(tick));
}

/** Round numbers without decimals. */
function tickText(ms: number): string {
  return ms >= 1_000 ? `${ms / 1_000} s` : `${ms} ms`;
}

/** From the round number below all to the one above; ticks that fit a narrow screen. */
function scaleOf(least: number, most: number): Scale {
  const rounds = [-1, 0, 1, 2, 3, 4, 5, 6, 7, 8].flatMap((power) => STEPS.map((step) => step * 10 ** power));
  const low = rounds.findLast((round) => round <= least) ?? rounds[0] ?? 1;
  const high = rounds.find((round) => round > Math.max(most, low)) ?? 1e9;
  const inside = rounds.filter((round) => round >= low && round <= high);
  const every = Math.ceil((inside.length - 1) / 6);
  return {
    low,
    high,
    ticks: inside.filter((_, i) => i % every === 0 || i === inside.length - 1).filter(isApart(every)),
  };
}

/** The last but one gives way to the last where they are too near. */
function isApart(every: number) {
  return (_: number, i: number, all: readonly number[]) => {
    const [last = 1, before = 1] = [all.at(-1), all.at(-2)];
    return every === 1 || i !== all.length - 2 || last / before > 4;
  };
}

function percentOf(ms: number, { low, high }: Scale): number {
  const share = (Math.log(Math.max(ms, low)) - Math.log(low)) / (Math.log(high) - Math.log(low));
  return Math.round(share * 1_000) / 10;
}
