/**
 * What the log says of events that change what is known: how start-up went, what was tried, what
 * opened and closed, what changed outside. Not what was said in a pipe. Pure; nothing is made
 * visible here.
 */
import type { SignalEvent, WorldEvent } from '../net/index.ts';
import { METHOD_NAMES } from './config.ts';
import type { LogLevel, Stamped } from './events.ts';
import { lossText, moveText } from './reduce-path.ts';
import type { State, WorldState } from './state.ts';
import { nextWorld, signalReport, worldChanges } from './world.ts';

interface LogText {
  readonly level: LogLevel;
  readonly text: string;
}

/** @param before the state that the event met; empty for what the log does not tell */
export function logLinesOf(event: Stamped, before: State): readonly LogText[] {
  switch (event.event) {
    case 'world':
      return worldLog(before.worlds[event.node] ?? null, event);
    case 'signal':
      return signalLog(event);
    case 'stopped':
      return [{ level: 'info', text: `${nameOf(event.nodeId, before)} has stopped` }];
    default: {
      const line = lineOf(event);
      return line === null ? [] : [line];
    }
  }
}

function lineOf(event: Stamped): LogText | null {
  switch (event.event) {
    case 'step':
      if (event.state === 'start') return null;
      return {
        level: event.state === 'ok' ? 'info' : 'warn',
        text: `${event.name}: ${event.detail ?? event.state}`,
      };
    case 'ready':
      if (event.servers !== undefined) return { level: 'info', text: `serving: --via ${event.address}` };
      return { level: 'info', text: `node ${event.nodeId} is ready on port ${event.port}` };
    case 'address':
      return { level: 'info', text: `node ${event.node} has a newer address` };
    case 'network':
      return { level: 'info', text: `the network has changed: ${event.detail}` };
    case 'attempt': {
      if (event.state === 'start') return null;
      const way = `${METHOD_NAMES[event.method]} ${event.path} IPv${event.family} ${event.local} -> ${event.remote}`;
      const outcome = event.state === 'open' ? 'open' : (event.reason ?? 'failed');
      return { level: 'info', text: `${way}: ${outcome} (${Math.round(event.elapsed)} ms)` };
    }
    case 'open':
      return { level: 'info', text: `pipe ${event.initiator ? 'to' : 'from'} ${event.peer} is open` };
    case 'path':
      return { level: 'info', text: `pipe ${event.pipe}: ${moveText(event, '->')}` };
    case 'stranded':
      return { level: 'warn', text: `pipe ${event.pipe}: ${lossText(event)}` };
    case 'closed':
      return { level: 'info', text: `pipe ${event.pipe}: ${event.reason}` };
    default:
      return null;
  }
}

function nameOf(id: string, { serving }: State): string {
  return serving?.nodeId === id ? 'serving' : `node ${id}`;
}

function worldLog(before: WorldState | null, after: WorldEvent): readonly LogText[] {
  const changes = worldChanges(before, nextWorld(before, after));
  const lines: readonly LogText[] = changes.map((text) => ({ level: 'info', text }));
  if (!after.offline || before?.offline === true) return lines;
  return [...lines, { level: 'warn', text: 'no public service answers' }];
}

function signalLog(event: SignalEvent): readonly LogText[] {
  return [{ level: event.state === 'silent' ? 'warn' : 'info', text: `signalling: ${signalReport(event)}` }];
}
