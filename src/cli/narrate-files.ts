/**
 * Files that come and go, for people: at a terminal one line that changes, elsewhere a line at each tenth; at the end one
 * that stays.
 */
import type { Stamped } from '../app/events.ts';
import { fileText, progressText } from '../app/file-text.ts';
import { type Meter, measured } from '../app/transfer-meter.ts';
import type { FileEvent } from '../net/index.ts';

/** A line for people. */
export interface Line {
  /** `status`: the line at the foot of the terminal from now on; empty: none. */
  readonly to: 'stdout' | 'stderr' | 'status';
  readonly text: string;
}

const TO_ALLOW = 'accept --save-to DIR takes files';

interface Running {
  readonly meter: Meter;
  readonly text: string;
  /** Tenths that were told. */
  readonly tenths: number;
}

/** @param columns of the line that changes; null where none can */
export function createFileNarrator(
  columns: () => number | null,
): (event: Stamped<FileEvent>) => readonly Line[] {
  const running = new Map<string, Running>();
  return (event) => {
    const key = `${event.pipe} ${event.direction}`;
    const before = running.get(key);
    const meter = measured(before?.meter ?? null, event);
    const width = columns();
    const isRunning = event.state === 'start' || event.state === 'progress';
    if (isRunning) running.set(key, runningOf(event, meter, width));
    else if (event.state !== 'refused') running.delete(key);
    const isTold = isWorthALine(event, before);
    const line: Line = { to: 'stderr', text: fileText(event, meter, TO_ALLOW) };
    if (width === null) return isTold ? [line] : [];
    const status: Line = { to: 'status', text: statusOf([...running.values()], width - 1) };
    return isRunning || !isTold ? [status] : [status, line];
  };
}

function runningOf(event: Stamped<FileEvent>, meter: Meter, width: number | null): Running {
  return {
    meter,
    text: width === null ? '' : progressText(event, meter, width - 1),
    tenths: tenthsOf(event),
  };
}

function tenthsOf({ done, size }: FileEvent): number {
  return Math.floor((done / Math.max(size, 1)) * 10);
}

function isWorthALine(event: FileEvent, before?: Running): boolean {
  const { state, direction, done } = event;
  if (state === 'progress') return tenthsOf(event) > (before?.tenths ?? 0);
  // Of what never began the error that follows tells all.
  return !(state === 'failed' && direction === 'out' && done === 0);
}

/** The first one, and how many more there are. */
function statusOf(running: readonly Running[], columns: number): string {
  const text = running[0]?.text ?? '';
  const more = running.length > 1 ? `  +${running.length - 1}` : '';
  return text.length + more.length <= columns ? text + more : text;
}
