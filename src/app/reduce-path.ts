/** What happens to an open pipe besides its messages: its path changes or is lost, files come and go. Pure. */
import type { FileEvent, PathEvent, StrandedEvent } from '../net/index.ts';
import { METHOD_NAMES } from './config.ts';
import type { NoteEvent, Stamped } from './events.ts';
import { fileText, progressText } from './file-text.ts';
import { formatMs } from './select.ts';
import type { ChatMessage, PipeState } from './state.ts';
import { MAX_MESSAGES } from './state.ts';
import { measured } from './transfer-meter.ts';

/** Columns of a note, which begins with three more: the narrowest usual terminal has 80. */
const NOTE_COLUMNS = 77;
const TO_ALLOW = '/save ~/Downloads takes files from now on';

/** `relay 83 ms → TCP punch 41 ms`, and how long there was none. */
export function moveText({ from, to, before, rtt, elapsed }: PathEvent, arrow = '→'): string {
  const way = (method: PathEvent['from'], ms: number | null) =>
    `${METHOD_NAMES[method]}${ms === null ? '' : ` ${formatMs(ms)}`}`;
  const gap = elapsed === 0 ? '' : ` after ${formatMs(elapsed)} without a path`;
  return `${way(from, before)} ${arrow} ${way(to, rtt)}${gap}`;
}

/** `the path is lost (why): looking for another one for 3 minutes` */
export function lossText({ reason, limit }: Pick<StrandedEvent, 'reason' | 'limit'>): string {
  return `the path is lost (${reason}): looking for another one, ${Math.round(limit / 1000)} s at most`;
}

export function withChange(
  pipe: PipeState,
  event: Stamped<PathEvent | StrandedEvent | FileEvent | NoteEvent>,
): PipeState {
  switch (event.event) {
    case 'path':
      return withPath(pipe, event);
    case 'stranded':
      return withoutPath(pipe, event);
    case 'note':
      return noted(pipe, event.at, event.text);
    case 'file':
      return withFile(pipe, event);
  }
}

function withPath(pipe: PipeState, event: Stamped<PathEvent>): PipeState {
  const { to: method, path, family, transport, local, remote, rtt } = event;
  return noted(
    {
      ...pipe,
      path: { method, path, family, transport, local, remote },
      rtt: rtt ?? pipe.rtt,
      stranded: null,
    },
    event.at,
    moveText(event),
  );
}

function withoutPath(pipe: PipeState, event: Stamped<StrandedEvent>): PipeState {
  return noted({ ...pipe, stranded: event.reason }, event.at, lossText(event));
}

/** How a file does, in one note among the messages that changes until it is there. */
function withFile(pipe: PipeState, event: Stamped<FileEvent>): PipeState {
  const { direction, state } = event;
  const number = pipe.messages.findLastIndex(({ transfer }) => transfer?.direction === direction);
  const before = state === 'start' || state === 'refused' ? undefined : pipe.messages[number];
  const meter = measured(before?.transfer?.meter ?? null, event);
  const isRunning = state === 'start' || state === 'progress';
  const text = isRunning ? progressText(event, meter, NOTE_COLUMNS) : fileText(event, meter, TO_ALLOW);
  const note: ChatMessage = {
    ...{ at: before?.at ?? event.at, direction: 'note', text },
    ...(isRunning ? { transfer: { direction, meter } } : {}),
  };
  return before === undefined
    ? withNote(pipe, note)
    : { ...pipe, messages: pipe.messages.with(number, note) };
}

function noted(pipe: PipeState, at: number, text: string): PipeState {
  return withNote(pipe, { at, direction: 'note', text });
}

function withNote(pipe: PipeState, note: ChatMessage): PipeState {
  return { ...pipe, messages: [...pipe.messages, note].slice(-MAX_MESSAGES) };
}
