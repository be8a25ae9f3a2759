/** What a node tells of a pipe, as events. Pure. */
import type { OpenEvent } from './events.ts';
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
    transport: method === 'udp-punch' ? 'udp' : 'tcp',
    local: formatEndpoint(pipe.local),
    remote: formatEndpoint(pipe.remote),
    peer,
    encrypted: true,
    elapsed: Math.round(elapsed * 10) / 10,
    rtt: roundTripOf(pipe),
  };
}

/** ms, to a hundredth; null before one was measured. */
export function roundTripOf(pipe: Pipe): number | null {
  return pipe.rtt === null ? null : Math.round(pipe.rtt * 100) / 100;
}
