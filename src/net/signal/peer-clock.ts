/**
 * What acknowledgements tell of the way to a peer and of its clock: the smoothed round trip
 * (RFC 6298 §2) and the offset as NTP works it out (RFC 5905 §8). Arithmetic only.
 */
import type { ClockOffset } from '../events.ts';

/** Both ends write whole ms. */
const ROUNDING = 1;
/** How far two clocks drift apart at most, ms per ms: quartz is good for 50 ppm each. */
const DRIFT = 1e-4;
/** Weight of a new round trip in the smoothed one. */
const GAIN = 1 / 8;

/** The four moments of a message and its acknowledgement. */
export interface Exchanged {
  /** Own corrected clock when the message was sealed. */
  readonly sentAt: number;
  /** Peer's corrected clock when it came. */
  readonly receivedAt: number;
  /** Peer's corrected clock when it acknowledged. */
  readonly repliedAt: number;
  /** ms of our monotonic clock from `sentAt` until the acknowledgement came. */
  readonly elapsed: number;
}

export interface PeerFacts {
  /** Smoothed round trip to the peer's program, ms; null while it is not known. */
  readonly rtt: number | null;
  /** The last acknowledgement that may have been of any of several copies came this long after the first, ms. */
  readonly atMost: number;
  /** The best estimate so far: peer's clock = own corrected clock + offset. */
  readonly clock: ClockOffset | null;
  /** When `clock` was measured, monotonic ms. */
  readonly clockAt: number;
}

export const NOTHING_KNOWN: PeerFacts = { rtt: null, atMost: 0, clock: null, clockAt: 0 };

/**
 * The peer's clock against ours from one exchange; null where its times contradict themselves. True
 * within its error whichever copy of the message came first, as none left before `sentAt`.
 */
export function offsetOf({ sentAt, receivedAt, repliedAt, elapsed }: Exchanged): ClockOffset | null {
  const held = repliedAt - receivedAt;
  if (held < 0 || held > elapsed + 2 * ROUNDING) return null;
  const offset = (receivedAt - sentAt + repliedAt - (sentAt + elapsed)) / 2;
  return { offset, error: Math.max(0, elapsed - held) / 2 + ROUNDING, samples: 1 };
}

/** Facts after an acknowledgement that came `elapsed` after the first copy; only of a single copy it tells the round trip. */
export function withRoundTrip(facts: PeerFacts, elapsed: number, single: boolean): PeerFacts {
  if (!single) return { ...facts, atMost: elapsed };
  const rtt = facts.rtt === null ? elapsed : facts.rtt + GAIN * (elapsed - facts.rtt);
  return { ...facts, rtt, atMost: 0 };
}

/** Facts with one more measurement of the clock: the one with the smaller error, as it has aged, counts. */
export function withClock(facts: PeerFacts, clock: ClockOffset, now: number): PeerFacts {
  if (facts.clock === null) return { ...facts, clock, clockAt: now };
  const samples = facts.clock.samples + 1;
  const aged = facts.clock.error + DRIFT * (now - facts.clockAt);
  // Where the two contradict each other, a clock was set: the newer one counts.
  const agree = Math.abs(clock.offset - facts.clock.offset) <= clock.error + aged;
  if (agree && aged < clock.error) return { ...facts, clock: { ...facts.clock, samples } };
  return { ...facts, clock: { ...clock, samples: agree ? samples : 1 }, clockAt: now };
}
