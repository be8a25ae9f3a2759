/**
 * Asks STUN servers how the Internet sees this machine's interfaces (RFC 8489), over UDP and, where
 * that brings nothing, over TCP.
 */
import type { OuterFact } from '../events.ts';
import type { Io, NetworkInterface } from '../io/io.ts';
import type { StunServer } from '../servers.ts';
import type { Family } from '../wire/endpoint.ts';

export interface OuterTask {
  readonly io: Io;
  readonly interfaces: readonly NetworkInterface[];
  /** In the order in which they are to be asked. */
  readonly servers: readonly StunServer[];
  readonly resolve: (host: string, family: Family, signal: AbortSignal) => Promise<readonly string[]>;
  /** For everything, ms. */
  readonly timeout: number;
  readonly signal: AbortSignal;
}

export interface OuterReport {
  readonly facts: readonly OuterFact[];
  /** `server` is "host:port" as the list names it. */
  readonly answered: readonly { readonly server: string; readonly rtt: number }[];
  readonly failed: readonly { readonly server: string; readonly reason: string }[];
}

export async function findOuter(task: OuterTask): Promise<OuterReport> {
  task.signal.throwIfAborted();
  return { facts: [], answered: [], failed: [] };
}
