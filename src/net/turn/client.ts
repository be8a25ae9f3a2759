/** Asks a TURN server for an allocation: of TCP (RFC 6062) or of UDP (RFC 8656), whichever it grants. Effects through Io. */
import { TurnError } from './connection.ts';
import { Lease, type LeaseTask, type Relaying } from './lease.ts';
import { TcpRelay, type TcpRelayTask } from './tcp-relay.ts';
import { UdpRelay } from './udp-relay.ts';

export interface AllocateTask extends LeaseTask, TcpRelayTask {
  /** Best first; at least one. */
  readonly wants: readonly Relaying[];
  /** Addresses that are let in from the start. */
  readonly peers: readonly string[];
  /** Gives it up until it is there. */
  readonly signal: AbortSignal;
}

export type Relay = TcpRelay | UdpRelay;

/** What servers say that do not know TCP allocations, or do not want them: RFC 8656 §7.2, and what was seen besides. */
const OTHER_TRANSPORT: readonly number[] = [400, 405, 442];

/** @throws TurnError where the server refuses; Error where it cannot be reached; the signal's reason */
export async function allocate(task: AllocateTask): Promise<Relay> {
  const { signal } = task;
  const lease = await Lease.open(task, signal);
  try {
    const relaying = await grantedOf(lease, task);
    return relaying === 'tcp' ? new TcpRelay(task, lease) : new UdpRelay(lease);
  } catch (error) {
    lease.close();
    throw error;
  }
}

/** Whether a server refuses the transport of an allocation and might grant another one. */
export function isOtherTransport(error: unknown): boolean {
  return error instanceof TurnError && OTHER_TRANSPORT.includes(error.code);
}

async function grantedOf(lease: Lease, { wants, peers, signal }: AllocateTask): Promise<Relaying> {
  for (const [number, relaying] of wants.entries()) {
    try {
      await lease.allocate(relaying, peers, signal);
      return relaying;
    } catch (error) {
      if (number === wants.length - 1 || !isOtherTransport(error)) throw error;
    }
  }
  throw new RangeError('no transport is wanted');
}
