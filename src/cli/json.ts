/**
 * The contract's JSON: one event a line, and only the contract's events and fields. What is not on
 * the list stays inside.
 */
import type { AppEvent, Stamped } from '../app/events.ts';

export const SCHEMA_VERSION = 1;

/** Public fields of each public event, in the contract's order. */
const FIELDS: { readonly [E in AppEvent['event']]?: readonly string[] } = {
  step: ['name', 'state', 'detail'],
  ready: ['address', 'nodeId', 'port', 'nickname', 'servers'],
  attempt: ['pipe', 'method', 'path', 'family', 'state', 'local', 'remote', 'elapsed', 'reason'],
  trace: ['pipe', 'side', 'method', 'path', 'family', 'kind', 'count', 'time', 'error'],
  explanation: ['pipe', 'method', 'sentence', 'confidence', 'evidence', 'help'],
  open: ['pipe', 'method', 'path', 'family', 'transport', 'local', 'remote', 'peer', 'encrypted', 'elapsed'],
  path: ['pipe', 'from', 'to', 'elapsed'],
  stranded: ['pipe', 'reason', 'limit'],
  network: ['detail'],
  address: ['address'],
  file: ['pipe', 'direction', 'name', 'size', 'done', 'from', 'state', 'kept', 'reason'],
  message: ['pipe', 'direction', 'text'],
  bench: ['pipe', 'bytes', 'sendMbps', 'receiveMbps', 'rtt'],
  closed: ['pipe', 'reason'],
  error: ['code', 'message', 'hint'],
};

const PUBLIC_STEPS = new Set(['interfaces', 'stun', 'mqtt', 'ntp', 'portmap', 'nickname']);

/** The event's line of JSON, without line end; null when it is not public. */
export function jsonLine(event: Stamped): string | null {
  const fields = FIELDS[event.event];
  if (fields === undefined || (event.event === 'step' && !PUBLIC_STEPS.has(event.name))) return null;
  const values = new Map<string, unknown>(Object.entries(event));
  const publicFields = fields.filter((field) => values.has(field)).map((field) => [field, values.get(field)]);
  return JSON.stringify({
    schemaVersion: SCHEMA_VERSION,
    event: event.event,
    at: event.at,
    ...Object.fromEntries(publicFields),
  });
}

/** A report: one document. */
export function jsonDocument(report: object): string {
  return JSON.stringify({ schemaVersion: SCHEMA_VERSION, ...report });
}
