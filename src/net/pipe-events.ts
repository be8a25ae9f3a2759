/** What a node tells of a pipe, as events. Pure. */
import type { Method, OpenEvent, PathEvent } from './events.ts';
import type { Pipe } from './pipe/pipe.ts';
import { formatEndpoint } from './wire/endpoint.ts';

/** @param elapsed ms, as the contract defines it */
export function openEventOf(pipe: Pipe, node: string, elapsed: number): OpenEvent {
  const { initiator, method, path, peer } = pipe.info;
  return {
    event: 'open',
    pipe: pipe.id,
    node,
    initiator,
    method,
    path,
    family: pipe.family,
    ...endsOf(pipe),
    peer,
    encrypted: true,
    elapsed: Math.round(elapsed * 10) / 10,
    rtt: roundTripOf(pipe),
  };
}

/** A change of path that has happened, its new round trip not measured yet. */
export interface Move {
  readonly from: Method;
  /** ms without a path. */
  readonly elapsed: number;
  /** Round trip before, ms. */
  readonly before: number | null;
}

export function moveEventOf(pipe: Pipe, { from, elapsed, before }: Move): PathEvent {
  const { method, path } = pipe.info;
  return {
    event: 'path',
    pipe: pipe.id,
    from,
    to: method,
    elapsed: Math.round(elapsed),
    path,
    family: pipe.family,
    ...endsOf(pipe),
    before,
    rtt: roundTripOf(pipe),
  };
}

function endsOf(pipe: Pipe) {
  return {
    transport: pipe.transport,
    local: formatEndpoint(pipe.local),
    remote: formatEndpoint(pipe.remote),
  } as const;
}

/** ms, to a hundredth; null before one was measured. */
export function roundTripOf(pipe: Pipe): number | null {
  return pipe.rtt === null ? null : Math.round(pipe.rtt * 100) / 100;
}
