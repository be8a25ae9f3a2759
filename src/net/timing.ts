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

/**
 * From the peer's answer until its connection must have come in: one attempt of its own, and the
 * start of its last one.
 */
export const DIAL_BACK_TIMEOUT = 7_000;

/** Addresses of a stranger that it may make us dial with one request. */
export const MAX_DIAL_BACKS = 6;

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

/** Bytes of one write of a pipe at most: no huge buffers. */
export const WRITE_BATCH = 256 * 1024;

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

/** Brokers where a node listens at once: one may die and one may hang, and it is still heard. */
export const WANTED_BROKERS = 3;

/** A broker that has said nothing for this long since it was dialled gets company from the next in the list. */
export const BROKER_PATIENCE = 500;

/** From dialling a broker until it must have granted the subscription. */
export const BROKER_TIMEOUT = 4_000;

/** A broker that has not acknowledged a message by then hangs. */
export const PUBACK_TIMEOUT = 3_000;

/** A message to ourselves through each broker this often: some take subscriptions and deliver nothing. */
export const PROBE_INTERVAL = 30_000;

/** Between tries of a broker that was lost: this, doubling up to RETRY_LONGEST. */
export const BROKER_RETRY = 2_000;
export const BROKER_RETRY_LONGEST = 120_000;

/** Brokers of peers, which are not ours, kept open for this long after their last use. */
export const GUEST_BROKER_IDLE = 60_000;

/** Of them at once. */
export const MAX_GUEST_BROKERS = 12;

/** What a node waits for slower brokers and clocks, once it has what it needs. */
export const SERVICES_GRACE = 200;

/** Asking public services at the start of a node: by then everything that answers has answered. */
export const SERVICES_TIMEOUT = 1_500;

/** One sealed signalling message: an address (480), names of what is wanted and the seal (156), with room to grow. */
export const MAX_ENVELOPE = 2_048;

/** How long a signalling message may claim to be fresh: replay windows need not remember more. */
export const MAX_SIGNAL_LIFETIME = 60_000;

/** How long ours are fresh: the sender gives up after SIGNAL_TIMEOUT, the last copy may be under way for as long. */
export const SIGNAL_LIFETIME = 12_000;

/**
 * What a sender's clock may be off: corrected clocks agree within 0.3 s, those that machines keep by
 * themselves within seconds. Past that, one more round trip (a challenge) replaces the clock.
 */
export const SIGNAL_SKEW = 10_000;

/** Accepted messages are remembered for this long, in which they could be fresh: their time may be ahead and behind. */
export const SIGNAL_MEMORY = MAX_SIGNAL_LIFETIME + 2 * SIGNAL_SKEW;

/**
 * What an answer may take to leave before the acknowledgement: behind one small packet another waits for the
 * TCP acknowledgement of the first wherever a broker lets it (Nagle's algorithm), 40 ms and more.
 */
export const ACK_PATIENCE = 60;

/** First resend of a signalling message that was not acknowledged, unless two round trips to the peer are longer. */
export const SIGNAL_RESEND = 300;

/** Between resends at most: doubling from 300 ms, a message leaves five times within SIGNAL_TIMEOUT. */
export const SIGNAL_RESEND_LONGEST = 4_000;

/** From sending until the peer counts as silent: five losses in a row, or round trips of seconds. */
export const SIGNAL_TIMEOUT = 6_000;

/** Good for answering a challenge: the sender resends at once, so two SIGNAL_TIMEOUT and more. */
export const CHALLENGE_LIFETIME = 30_000;

/**
 * The time on disk that no accepted message exceeds lies this far ahead of the newest, so that not every
 * message costs a write; after a crash messages cost a round trip more for as long.
 */
export const SIGNAL_RESERVE = 30_000;

/** The same copy of a message is answered again only after this: it comes over several brokers at once. */
export const REPEAT_INTERVAL = 200;

/**
 * First retransmission of a STUN request over UDP, doubling from there. RFC 8489 §6.2.1 asks for 500
 * where nothing is known of the path; on real ones round trips are 10 to 150 ms, the request has 20
 * bytes, and tailscale has asked at this pace for years.
 */
export const STUN_RTO = 100;

/** Asking STUN servers at the start of a node, everything included: within SERVICES_TIMEOUT. */
export const STUN_TIMEOUT = 1_500;

/** A STUN server that has said nothing for this long (three copies of the request) gets company from the next. */
export const STUN_SILENCE = 300;

/** STUN servers asked at once: two must agree, and one of the three may be dead, slow or lying. */
export const STUN_AT_ONCE = 3;

/** Without any answer over UDP by then, TCP is asked too: some networks let nothing else out. */
export const STUN_TCP_AFTER = 400;

/**
 * Where one interface and family has its answer, the others are waited for until then: four copies of
 * the request over UDP, and TCP for 150 ms round trips. IPv6 often leads nowhere.
 */
export const STUN_LAGGARDS = 700;

/** One STUN message; Binding needs 20 to 150 bytes, a datagram that was not fragmented carries 1,500. */
export const MAX_STUN_MESSAGE = 2_048;

/** Attributes of one STUN message; Binding with everything of RFC 8489 and RFC 5780 has 12. */
export const MAX_STUN_ATTRIBUTES = 32;

/** Asking a machine that was named with --via for its server list: two SYNs (0, 1 s) and the answer. */
export const VIA_TIMEOUT = 3_000;

/** Looking for a serve on this very machine, which answers in a few ms or refuses at once. */
export const LOCAL_SERVE_TIMEOUT = 200;

/** Bytes of a server list that is taken from another machine. */
export const MAX_SERVERS_ANSWER = 65_536;

/** Time servers asked at once; three that agree outvote one that lies. */
export const NTP_AT_ONCE = 4;
export const NTP_ENOUGH = 3;

/** Until a time server is asked once more: longer than any round trip, and public servers want to be left in peace. */
export const NTP_RESEND = 500;

/** Pauses between further rounds, whose best answers lower the error, and between those that follow drift. */
export const NTP_REFINE: readonly number[] = [2_000, 4_000, 8_000];
export const NTP_REPEAT = 900_000;

/** Answers of one server that are compared. */
export const NTP_SAMPLES = 8;

/** From the first SYN of a punch until it is given up: the kernel's SYNs at 0, 1 and 3 s. */
export const PUNCH_TIMEOUT = 6_000;

/** A pause after a refusal, at least, before its random factor: on one link refusals come within a ms. */
export const PUNCH_RETRY_LEAST = 15;

/** The same where a SYN only opens a filter: each repeat closes the listener for a moment. */
export const PUNCH_HOLE_RETRY = 1_000;

/** Asking a STUN server over TCP from a punching port: two SYNs and their answers. */
export const PUNCH_ASK_TIMEOUT = 1_500;

/** From one round of a punch to the next, at least: three round trips of 200 ms; longer ways get more. */
export const PUNCH_ROUND = 600;

/** Rounds of one connect: each looks at the NATs anew. */
export const PUNCH_ROUNDS = 4;

/** One way of signalling where nothing is known of it. */
export const PUNCH_ONE_WAY = 50;

/** A meeting that is farther away than this has begun: nobody can make us wait. */
export const PUNCH_MEET_LATEST = 1_000;

/** How much later the side sends that can only be let in: clocks differ. */
export const PUNCH_SECOND = 20;

/** From a message to what it causes, besides its way: sealing on one side, opening and checking on the other. */
export const PUNCH_WORK = 15;

/** Punches that strangers have under way on one node, and of one peer. */
export const MAX_PUNCHES = 256;
export const MAX_PUNCHES_PER_PEER = 4;

/** Until a site that was lost is opened anew: some servers close what is idle after seconds. */
export const WARM_PAUSE = 30_000;

/** A NAT that is not known yet is looked at before the first punch, for this long at most. */
export const PUNCH_NAT_WAIT = 1_000;

/** Between methods of which the first is expected to connect: longer than most connects take. */
export const METHOD_DELAY = 300;

/** Between two hellos of a UDP punch to one remote: several within the shortest round trips of continents. */
export const PROBE_PACE = 50;
/** Later they come seldom: whoever is there would have answered. */
export const PROBE_SLOW_AFTER = 2_000;
export const PROBE_SLOW_PACE = 250;
/** Between hellos that only keep a filter open. */
export const PROBE_HOLE_PACE = 1_000;

/** Remotes that one port probes or answers. */
export const MAX_PROBED = 32;

/** A path that was chosen and is not secured by then is joined by another one that was heard. */
export const CHOICE_PATIENCE = 1_500;
/** Paths that are chosen in one punch at most. */
export const MAX_CHOICES = 3;

/** Routers that an early opener passes: out of the own NAT, also one behind another, and not up to the peer's. */
export const OPENER_TTL = 4;

/** Between STUN questions that keep a UDP mapping: RFC 8445 §11 has 15 s. */
export const UDP_SITE_REFRESH = 15_000;

/** What came over UDP waits this long at most for a connection over TCP whose handshake is under way. */
export const TIE_PATIENCE = 250;

/** Between two events of one lane of a timeline: what a screen can show. */
export const TRACE_PAUSE = 50;

/** What the peer saw is waited for this long after a connect came to nothing, besides its way. */
export const REPORT_PATIENCE = 600;

/** After this the recollection of a pipe's timeline takes no more from the peer. */
export const REPORT_TIMEOUT = 15_000;

/** Ports that a side with random mappings opens: half of all guesses of the other side hit within 175. */
export const BIRTHDAY_PORT_COUNT = 256;

/** Asking name servers. */
export const PNP_CLIENT = {
  /** For all ways to ask one server together: P2PD's servers answer refusals by silence. */
  timeout: 2_500,
  /** After each copy over UDP. */
  udpPauses: [150, 300, 600, 1_200],
  /** TCP begins so much later: where UDP passes it need not. */
  tcpAfter: 50,
  /** After the first good answer another server may have a newer one. */
  newerWithin: 40,
  /** Addresses of one server. */
  maxEndpoints: 4,
} as const;
