/** One attempt at a pipe, and what is told of it. */
import type { AttemptEvent, Method, NodeEvent, Pathway } from '../events.ts';
import type { Io } from '../io/io.ts';
import type { Pipe } from '../pipe/pipe.ts';
import type { Secured } from '../pipe/secure.ts';
import { type Endpoint, type Family, formatEndpoint } from '../wire/endpoint.ts';

/** What an attempt is about. */
export interface AttemptWay {
  readonly method: Method;
  readonly path: Pathway;
  readonly family: Family;
  readonly local: Endpoint;
  readonly remote: Endpoint;
}

export interface Attempt {
  readonly id: string;
  way: AttemptWay;
  readonly startedAt: number;
  readonly stop: AbortController;
  secured: Secured | null;
  /** Connections that are there and whose handshake is under way. */
  connecting: number;
  pipe: Pipe | null;
  /** Set once it has an outcome, so that only the first is told. */
  outcome: string | null;
}

export function newAttempt(id: string, way: AttemptWay, startedAt: number): Attempt {
  return {
    id,
    way,
    startedAt,
    stop: new AbortController(),
    secured: null,
    connecting: 0,
    pipe: null,
    outcome: null,
  };
}

/** Tells how an attempt stands. */
export function emitAttempt(
  { io, pipe, emit }: { readonly io: Io; readonly pipe: string; readonly emit: (event: NodeEvent) => void },
  attempt: Attempt,
  state: AttemptEvent['state'],
  reason?: string,
): void {
  const { way, id, startedAt, secured } = attempt;
  emit({
    event: 'attempt',
    pipe,
    id,
    method: way.method,
    path: way.path,
    family: way.family,
    state,
    local: formatEndpoint(secured?.stream.local ?? way.local),
    remote: formatEndpoint(secured?.stream.remote ?? way.remote),
    elapsed: Math.round(io.now() - startedAt),
    ...(reason === undefined ? {} : { reason }),
  });
}
