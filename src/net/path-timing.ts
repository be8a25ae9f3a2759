/** Times of paths that die and are replaced, and of relays, in ms: value, reason, source. */

/**
 * A path is asked after this without the answer it owes, or four round trips, and doubted after as long again: two
 * retransmissions of TCP at its least (RFC 6298 §2.4: 200 ms in practice), so that a lost packet is no lost path.
 */
export const PATH_PATIENCE = 600;

/** Bytes that come closer to one another than this are a stream: where it stops, the path is asked. */
export const LIVELY = 100;

/** ms. How another path for a pipe is looked for, and how long. */
export const RECOVERY = {
  /** One look, where nothing else bounds it: as long as a connect has by default. */
  look: 30_000,
  /** Between two looks, doubling. */
  pause: 1_000,
  pauseMax: 8_000,
  /** Between two doubts of one pipe that come to nothing. */
  doubtPause: 10_000,
  /** Without a path: after silence (a network gone, a machine asleep), a reset (a router, or a killed peer), a relay's end. */
  afterSilence: 180_000,
  afterReset: 60_000,
  afterEnd: 30_000,
  /** Until a relayed pipe is tried without its relay again, doubling. */
  improve: 60_000,
  improveMax: 600_000,
} as const;

/** ms. How a network that changes is noticed, and asked about. */
export const NETWORK = {
  /** Between two looks at the interfaces: a change is to be noticed, and told, within 5 s. */
  look: 2_000,
  /** A wait that ends this much later than it should: the machine was asleep. */
  sleep: 5_000,
  /** Until servers are asked again where none answered, doubling. */
  pause: 3_000,
  pauseMax: 60_000,
} as const;

/** ms. Ports at a router. */
export const PORT_MAPPING = {
  /** A mapping is asked for again after this, so that a router that has begun anew has it soon. */
  renew: 300_000,
  /** After a refusal, doubling. */
  pause: 60_000,
  pauseMax: 3_600_000,
  /** For giving them back at the end. */
  stop: 700,
} as const;

/** ms, but for counts. TURN (RFC 8656, RFC 6062). */
export const TURN = {
  /** To be connected to a server, with TLS: three SYNs (0, 1, 3 s), or two and its handshake. Another server may be there. */
  dial: 3_500,
  /** For one answer; RFC 8489 §6.2.2 gives 39.5 s, which no user waits for. */
  timeout: 5_000,
  /** Of one request: unsigned, signed, with a fresh nonce. */
  maxTries: 3,
  /** Permissions live 300 s (RFC 8656 §9). */
  permission: 240_000,
  /** Before an allocation's lifetime ends; at the least between two refreshes. */
  refreshMargin: 60_000,
  minRefresh: 30_000,
  /** An allocation of ours in `serve` (RFC 8656 §7.2), and a peer that nobody takes over (RFC 6062 §5.2). */
  lifetime: 600_000,
  unbound: 30_000,
  /** What a pipe over UDP says last, and its acknowledgement, have this long: a relay's way is a few hundred ms. */
  linger: 700,
} as const;

/** The side that is asked offers its own relay. */
export const RELAY_OFFER = {
  /** ms after the plan's time: the asker's relay, where it has one, has led here by then. */
  delay: 250,
  /** Pipes that have an allocation at once, connections taken for one of them, addresses let in. */
  most: 8,
  arrivals: 4,
  peers: 16,
  /** ms that the asking side waits for one where it has none itself. */
  wait: 2_000,
  /** ms until its own relay dials what it could not reach. */
  patience: 250,
} as const;

/** A broker that is asked because a path died has this long to answer, or four round trips. */
export const BROKER_CHECK = 600;

/** A broker that delivered, and where a node listened for this long, is dialled at once when it is lost. */
export const BROKER_TRUSTED = 1_500;
