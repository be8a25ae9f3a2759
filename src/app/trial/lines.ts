/** What is told of a trial while it goes on, a line each. Pure; nothing is made visible here. */
import type { TrialRun } from './document.ts';
import type { TrialEvent, TrialRunEvent, TrialState } from './events.ts';
import { cellName, duration } from './labels.ts';

/** @param after the state that follows from the event */
export function trialLine(event: TrialEvent | TrialRunEvent, after: TrialState): string | null {
  if (event.event === 'trial-run') return event.run === null ? null : runLine(event.cell, event.run, after);
  switch (event.phase) {
    case 'waiting':
      return 'trial: waiting for the other side to start it';
    case 'meeting':
      return 'trial: looking for a pipe to the other side';
    case 'looking':
      return 'trial: both sides look at their NATs and compare clocks';
    case 'running':
      return `trial: ${totalOf(after)} tries of ${after.cells.length} ways`;
    case 'done':
      return event.reason === undefined ? 'trial: done' : `trial: ended early: ${event.reason}`;
    case 'failed':
      return null;
  }
}

/** `open after 91 ms, rtt 41 ms, 90 / 88 Mbit/s`. */
export function runText({ outcome, elapsed, rtt, sendMbps, receiveMbps, reason }: TrialRun): string {
  if (outcome === 'failed') return `failed after ${duration(elapsed)}: ${reason ?? 'no reason known'}`;
  const measured = [
    ...(rtt === null ? [] : [`rtt ${duration(rtt)}`]),
    ...(sendMbps === null || receiveMbps === null ? [] : [`${sendMbps} / ${receiveMbps} Mbit/s`]),
  ];
  return [`open after ${duration(elapsed)}`, ...measured].join(', ');
}

/** How many runs are over. */
export function doneOf({ cells }: Pick<TrialState, 'cells'>): number {
  return cells.reduce((sum, { runs }) => sum + runs.length, 0);
}

/** How many there are to be. */
export function totalOf({ cells }: Pick<TrialState, 'cells'>): number {
  return cells.reduce((sum, { wanted, runs }) => sum + Math.max(wanted, runs.length), 0);
}

/** `about 40 s left`; empty where it is not known. */
export function leftText({ left }: Pick<TrialState, 'left'>): string {
  return left === null || left === 0 ? '' : `about ${Math.ceil(left / 1000)} s left`;
}

function runLine(place: number, run: TrialRun, after: TrialState): string | null {
  const cell = after.cells[place];
  if (cell === undefined) return null;
  const left = leftText(after);
  const count = `${doneOf(after)} of ${totalOf(after)}${left === '' ? '' : `, ${left}`}`;
  return `${run.outcome === 'open' ? '+' : '-'} ${cellName(cell)}: ${runText(run)} (${count})`;
}
