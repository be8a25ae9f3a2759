/**
 * Which of two connections of one pipe is the better one, by what was measured while they were secured.
 * Over TCP wins a tie: it needs no native code, and every system has looked after it for decades. Pure.
 */
import { TIE_PATIENCE } from '../timing.ts';

export interface Measured {
  readonly transport: 'tcp' | 'udp';
  /** ms from our half of the handshake to the peer's; a lost packet shows in it. */
  readonly rtt: number;
  /** Share of probes without an answer, 0 to 1; null where there were none. */
  readonly loss: number | null;
}

/** A round trip that is shorter by less than this, or by less than a fifth, is the same. */
const SAME = 5;
const SAME_SHARE = 0.8;
/** From here on TCP's long practice with losses counts more than a round trip. */
const LOSSY = 0.1;

/** How long what came over UDP waits for a handshake over TCP that is under way, ms. */
export function patienceFor(udp: Measured): number {
  return Math.min(TIE_PATIENCE, 1.5 * udp.rtt + 10);
}

export function isBetterOverUdp(udp: Measured, tcp: Measured): boolean {
  return udp.rtt < tcp.rtt * SAME_SHARE && udp.rtt < tcp.rtt - SAME && (udp.loss ?? 0) < LOSSY;
}
