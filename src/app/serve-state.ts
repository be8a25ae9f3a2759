/**
 * Serving on this machine, as the state keeps it: folded from `ready` (with servers), `serving` and
 * `stopped`. Pure.
 */
import type { ReadyEvent, Stamped } from './events.ts';
import type { ServedClient, ServedKind, ServingEvent } from './serve-events.ts';

/** Clients told and kept: what a screen shows. */
export const MAX_SERVED_CLIENTS = 20;

export interface ServingState {
  /** The id of the serve key. */
  readonly nodeId: string;
  readonly running: boolean;
  /** ms since the program started. */
  readonly startedAt: number;
  readonly services: readonly ServedKind[];
  readonly clients: readonly ServedClient[];
  /** `npx p2pd-demo --via 192.168.1.5#9f2c…` */
  readonly command: string;
  readonly commands: readonly string[];
}

/** A `ready` event of `serve`. */
export function reduceServeReady(event: Stamped<ReadyEvent>): ServingState {
  const command = `npx p2pd-demo --via ${event.address}`;
  return {
    nodeId: event.nodeId,
    running: true,
    startedAt: event.at,
    services: [],
    clients: [],
    command,
    commands: [command],
  };
}

/** @param before null: nothing serves, so that the event is late */
export function reduceServing(before: ServingState | null, event: ServingEvent): ServingState | null {
  if (before === null) return null;
  const { services, command, commands } = event;
  return { ...before, services, clients: event.clients.slice(0, MAX_SERVED_CLIENTS), command, commands };
}

export function reduceServeStopped(before: ServingState | null, nodeId: string): ServingState | null {
  return before !== null && before.nodeId === nodeId ? { ...before, running: false } : before;
}
