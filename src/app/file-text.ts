/** A transfer in a line for people: while it runs, and what became of it. Pure. */
import type { FileEvent } from '../net/index.ts';
import type { Stamped } from './events.ts';
import { type Meter, speedOf } from './transfer-meter.ts';
import { makeVisible } from './visible.ts';

const UNITS = ['bytes', 'kB', 'MB', 'GB', 'TB', 'PB'];
/** Columns of a bar: shorter ones say nothing, longer ones no more. */
const SHORTEST_BAR = 8;
const LONGEST_BAR = 30;
/** Columns of a name that still tells one file from another. */
const SHORTEST_NAME = 8;
const GAP = '  ';

/** @param toAllow what the user does to have a file that was refused */
export function fileText(event: Stamped<FileEvent>, meter: Meter, toAllow: string): string {
  const { direction, name, size, done, from, state, kept = '' } = event;
  const shown = `${direction === 'in' ? 'file from the peer' : 'file'} ${makeVisible(name)}`;
  const reason = makeVisible(event.reason ?? 'failed');
  switch (state) {
    case 'start':
      return `${shown}: ${sizeText(size)}`;
    case 'progress':
      return `${shown}: ${percentOf(event)} % of ${sizeText(size)}`;
    case 'done': {
      const place =
        direction === 'in' ? `file from the peer: ${makeVisible(kept)}` : shown + keptText(name, kept);
      const resumed = from === 0 ? '' : `, gone on with from ${sizeText(from)}`;
      return `+ ${place}: ${sizeText(size)} ${paceText(event, meter)}${resumed}, its hash is right`;
    }
    case 'failed':
      return `! ${shown}: ${reason}, ${sizeText(done)} of ${sizeText(size)} are there`;
    case 'refused':
      return `! ${shown} (${sizeText(size)}) was refused: ${reason}${toAllow === '' ? '' : ` (${toAllow})`}`;
  }
}

/**
 * `movie.mkv  [=====>    ]  52 %  140.9 of 271.0 MB  35.1 MB/s  4 s left`, at most so many columns: the bar gives way
 * first, then the name.
 */
export function progressText(event: Stamped<FileEvent>, meter: Meter, columns: number): string {
  const figures = figuresOf(event, meter);
  const room = columns - figures.length - GAP.length;
  const name = makeVisible(event.name);
  const bar = Math.min(LONGEST_BAR, room - GAP.length - 2 - widthOf(name));
  if (bar >= SHORTEST_BAR) return [name, barOf(event, bar), figures].join(GAP);
  const spare = room - GAP.length - 2 - SHORTEST_BAR;
  if (spare >= SHORTEST_NAME) return [cut(name, spare), barOf(event, SHORTEST_BAR), figures].join(GAP);
  if (room >= SHORTEST_NAME) return [cut(name, room), figures].join(GAP);
  return figures.slice(0, columns);
}

function figuresOf(event: Stamped<FileEvent>, meter: Meter): string {
  const { size, done } = event;
  const unit = unitOf(size);
  const amount = `${inUnit(done, unit)} of ${inUnit(size, unit)} ${UNITS[unit]}`;
  const speed = speedOf(meter);
  const rest = speed === null ? [] : [`${sizeText(speed)}/s`, leftText((size - done) / speed)];
  return [`${String(percentOf(event)).padStart(3)} %`, amount, ...rest].join(GAP);
}

function leftText(seconds: number): string {
  if (!Number.isFinite(seconds)) return 'stalled';
  const whole = Math.ceil(seconds);
  return `${durationText(whole)} left`;
}

function durationText(seconds: number): string {
  if (seconds < 60) return `${seconds} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes} min ${Math.round(seconds % 60)} s`;
  return `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

/** How long it took, and how fast it was. */
function paceText({ at, size, from }: Stamped<FileEvent>, { startedAt }: Meter): string {
  const ms = Math.max(at - startedAt, 1);
  const took = ms < 60_000 ? `${(ms / 1000).toFixed(1)} s` : durationText(Math.round(ms / 1000));
  return `in ${took}, ${sizeText(((size - from) * 1000) / ms)}/s`;
}

/** Where the other side had to give it another name. */
function keptText(name: string, kept: string): string {
  return kept === '' || kept === name ? '' : ` (there: ${makeVisible(kept)})`;
}

function percentOf({ size, done }: FileEvent): number {
  return size === 0 ? 100 : Math.floor((done / size) * 100);
}

function barOf({ size, done }: FileEvent, width: number): string {
  const full = size === 0 ? width : Math.floor((done / size) * width);
  const drawn = full >= width ? '='.repeat(width) : `${'='.repeat(full)}>`;
  return `[${drawn.padEnd(width)}]`;
}

function sizeText(bytes: number): string {
  const unit = unitOf(bytes);
  return `${inUnit(bytes, unit)} ${UNITS[unit]}`;
}

function unitOf(bytes: number): number {
  return Math.min(UNITS.length - 1, Math.floor(Math.log10(Math.max(bytes, 1)) / 3));
}

function inUnit(bytes: number, unit: number): string {
  return unit === 0 ? String(Math.round(bytes)) : (bytes / 1000 ** unit).toFixed(unit < 3 ? 1 : 2);
}

/** Columns at most: what is not Latin may take two. */
function widthOf(text: string): number {
  return [...text].reduce((sum, character) => sum + columnsOf(character), 0);
}

function columnsOf(character: string): number {
  return (character.codePointAt(0) ?? 0) < 0x1100 ? 1 : 2;
}

/** The beginning and the end of it, which tell most. */
function cut(text: string, columns: number): string {
  if (widthOf(text) <= columns) return text;
  const all = [...text];
  const tail = lastOf(all, Math.floor((columns - 1) / 2));
  const head = lastOf(all.toReversed(), columns - 1 - widthOf(tail.join(''))).toReversed();
  return `${head.join('')}~${tail.join('')}`;
}

function lastOf(characters: readonly string[], columns: number): string[] {
  const taken: string[] = [];
  let width = 0;
  for (const character of characters.toReversed()) {
    width += columnsOf(character);
    if (width > columns) break;
    taken.unshift(character);
  }
  return taken;
}
