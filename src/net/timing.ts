/**
 * Every timeout, interval and limit: unit, reason, source. Times are ms, sizes bytes.
 */

/**
 * Between the starts of two direct attempts. RFC 8305 §5 recommends 250 and forbids less than 10,
 * to spare servers; a peer is dialled by one machine, a LAN answers in under 10 ms, and a dead
 * private address must not cost a quarter of a second.
 */
export const ATTEMPT_DELAY = 100;

/** One direct attempt, TCP and handshake together: three SYNs (0, 1, 3 s), then it is given up. */
export const ATTEMPT_TIMEOUT = 6_000;

/** Own × peer address pairs tried by one connect; P2PD tries 6 per method, we one list for all. */
export const MAX_DIRECT_ATTEMPTS = 24;

/** From accepted connection to authenticated peer. Under the promised 5 s, above 2.5 RTT of any real path. */
export const HANDSHAKE_TIMEOUT = 4_500;

/** Handshakes under way on one node: a slow stranger costs a socket and 5 s, so bound them. */
export const MAX_HANDSHAKES = 256;

/** Of these from one IPv4 address or IPv6 /64; a dialler races at most MAX_DIRECT_ATTEMPTS. */
export const MAX_HANDSHAKES_PER_ADDRESS = 32;

/** After this without a frame received, a PING is sent: below the 30 s of the strictest UDP mappings seen. */
export const KEEPALIVE_INTERVAL = 20_000;

/** After this without a byte received the pipe is dead: two unanswered PINGs and the way back. */
export const KEEPALIVE_TIMEOUT = 50_000;

/** The payload of one frame: small enough that a PING never waits long, large enough to be cheap. */
export const MAX_FRAME_PAYLOAD = 65_536;

/** One message (contract of the pipe): 16 MiB. */
export const MAX_MESSAGE = 16 * 1024 * 1024;

/** Payload bytes sent and not yet acknowledged: 80 MB/s at 100 ms RTT. */
export const SEND_WINDOW = 8 * 1024 * 1024;

/**
 * An acknowledgement goes out after this many payload bytes, long before the window is used up. Each
 * wakes the sender, which on a fast link costs more than the megabytes themselves (bench/pipe.ts).
 */
export const ACK_EVERY_BYTES = 2 * 1024 * 1024;

/** …or this long after the first unacknowledged frame, so that a quiet pipe is acknowledged too. */
export const ACK_DELAY = 50;

/** From the request to close until the socket is dropped although the peer did not answer. */
export const CLOSE_TIMEOUT = 2_000;
