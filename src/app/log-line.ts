/**
 * What the log says of events that change what is known: how start-up went, what was tried, what
 * opened and closed. Not what was said in a pipe. Pure; nothing is made visible here.
 */
import { METHOD_NAMES } from './config.ts';
import type { LogLevel, Stamped } from './events.ts';

/** null for what the log does not tell. */
export function logLineOf(event: Stamped): { readonly level: LogLevel; readonly text: string } | null {
  switch (event.event) {
    case 'step':
      if (event.state === 'start') return null;
      return {
        level: event.state === 'ok' ? 'info' : 'warn',
        text: `${event.name}: ${event.detail ?? event.state}`,
      };
    case 'ready':
      return { level: 'info', text: `node ${event.nodeId} is ready on port ${event.port}` };
    case 'attempt': {
      if (event.state === 'start') return null;
      const way = `${METHOD_NAMES[event.method]} ${event.path} IPv${event.family} ${event.local} -> ${event.remote}`;
      const outcome = event.state === 'open' ? 'open' : (event.reason ?? 'failed');
      return { level: 'info', text: `${way}: ${outcome} (${Math.round(event.elapsed)} ms)` };
    }
    case 'open':
      return { level: 'info', text: `pipe ${event.initiator ? 'to' : 'from'} ${event.peer} is open` };
    case 'closed':
      return { level: 'info', text: `pipe ${event.pipe}: ${event.reason}` };
    case 'stopped':
      return { level: 'info', text: `node ${event.nodeId} has stopped` };
    default:
      return null;
  }
}
