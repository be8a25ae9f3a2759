/** What happens to an open pipe besides its messages: its path changes or is lost, files come and go. Pure. */
import type { FileEvent, PathEvent, StrandedEvent } from '../net/index.ts';
import { METHOD_NAMES } from './config.ts';
import type { Stamped } from './events.ts';
import { fileText } from './file-text.ts';
import { formatMs } from './select.ts';
import type { ChatMessage, PipeState } from './state.ts';
import { MAX_MESSAGES } from './state.ts';

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
  event: Stamped<PathEvent | StrandedEvent | FileEvent>,
): PipeState {
  switch (event.event) {
    case 'path':
      return withPath(pipe, event);
    case 'stranded':
      return withoutPath(pipe, event);
    case 'file':
      return event.state === 'progress' ? pipe : withFile(pipe, event);
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

/** What has become of a file, among the messages. */
function withFile(pipe: PipeState, event: Stamped<FileEvent>): PipeState {
  return noted(pipe, event.at, fileText(event));
}

function noted(pipe: PipeState, at: number, text: string): PipeState {
  const note: ChatMessage = { at, direction: 'note', text };
  return { ...pipe, messages: [...pipe.messages, note].slice(-MAX_MESSAGES) };
}
