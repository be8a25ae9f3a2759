/** A pipe as it is before anything is known of it. Pure. */
import type { ConnectEvent } from './events.ts';
import type { PipeState } from './state.ts';

export function newPipe(
  id: string,
  node: string,
  initiator: boolean,
  at: number,
  connect: ConnectEvent | null,
): PipeState {
  return {
    id,
    node,
    initiator,
    state: 'connecting',
    target: connect?.peer ?? null,
    peerNat: connect?.peerNat ?? null,
    peer: null,
    path: null,
    startedAt: at,
    elapsed: null,
    rtt: null,
    signal: null,
    attempts: [],
    messages: [],
    unread: 0,
    reason: null,
    stranded: null,
  };
}
