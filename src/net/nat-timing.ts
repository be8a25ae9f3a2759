/** What finding out NATs may take, and how long their mappings are trusted: unit, reason, source. Times are ms. */

/** A whole NAT report, whatever servers do: two SYNs that are lost (0, 1 s) and their answers. */
export const NAT_TIMEOUT = 5_000;

/** STUN servers that a NAT report asks at once; the next ones only where too few of these answer. */
export const NAT_SERVERS = 5;

/** When the first question to each is repeated. */
export const NAT_FIRST_COPIES: readonly number[] = [0, 100, 250, 500, 1_200];

/** Waiting for one answer over UDP of a server that is known to answer, at least. */
export const NAT_PATIENCE = 300;

/** Waiting for an answer that a filter may hold back, at least; three round trips where those are longer. */
export const NAT_SILENCE = 200;

/** Copies of such a question: with 6 % of exchanges lost all four are in one of 80,000, of two servers' never. */
export const NAT_COPIES = 4;

/** Waiting for our own datagram to come back by the NAT, at least: carriers' NATs are some ms away. */
export const NAT_HAIRPIN = 100;

/** Fresh ports of one run of the delta test over UDP, and over TCP, where each costs a connection. */
export const NAT_SAMPLES = { scattered: 8, consecutive: 8 } as const;
export const NAT_TCP_SAMPLES = { scattered: 3, consecutive: 7 } as const;

/** Between two of them: no burst, and little time for others to get ports in between. */
export const NAT_PACE = 2;

/** Waiting for their answers per round trip that they take, at least. */
export const NAT_SAMPLE_PATIENCE = 80;

/** The same once some were lost: TCP sends data again after 200 ms. */
export const NAT_LOSSY_PATIENCE = 220;

/** Runs of the delta test at most: two usually, more where packets were lost or others got ports in between. */
export const NAT_MAX_RUNS = 8;

/** Packets to one server address per report, and how many a TCP connection counts as. */
export const NAT_BUDGET = 60;
export const NAT_TCP_PACKETS = 6;

/** Waiting for the first answer over TCP: a SYN that is lost comes again after a second. */
export const NAT_TCP_PATIENCE = 2_500;

/** From a node that is ready until it looks at the NATs in front of it: short visits ask nobody. */
export const NAT_DELAY = 1_000;

/** Servers that are farther away than the nearest by more than this, and than twice as far, are left out of the delta test. */
export const NAT_NEAR = 80;

/** Waiting for the first answer over UDP: satellites and full queues have round trips of a second and more. */
export const NAT_FIRST_PATIENCE = 2_400;

/** Idle times after which it is seen whether a UDP mapping still lives, ms: RFC 4787 REQ-5 wants 120 s. */
export const LIFETIME_STEPS: readonly number[] = [15_000, 30_000, 60_000, 120_000];

/** Copies of each question while mappings are watched, and ms after each. */
export const LIFETIME_COPIES = 3;
export const LIFETIME_PATIENCE = 400;

/** A UDP pipe that is quiet says something after this share of the time that mappings were seen to live. */
export const UDP_KEEPALIVE_SHARE = 0.6;

/** As often it does so where they did not live through the shortest time; and however long they lived. */
export const UDP_KEEPALIVE_RANGE = { least: 5_000, most: 45_000 } as const;

/** Where nobody could see how long they live: 30 s in the strictest common NATs, 20 s in some of carriers. */
export const UDP_KEEPALIVE_INTERVAL = 9_000;
