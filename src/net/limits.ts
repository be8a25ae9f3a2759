/** What the servers of ours grant their clients: unit, reason. Times are ms, sizes bytes. */

/** Requests a second that our STUN server answers one address (an IPv6 /64), and how many at once. */
export const STUN_RATE = 100;
export const STUN_BURST = 200;

/** Addresses whose requests are counted at the same time; 1 MiB. */
export const STUN_MAX_CLIENTS = 8_192;

/** TCP connections to our STUN server, and how many of one address (an IPv6 /64). */
export const STUN_MAX_CONNECTIONS = 256;
export const STUN_MAX_CONNECTIONS_PER_ADDRESS = 16;

/** A TCP connection to our STUN server without a whole request for this long is closed. */
export const STUN_IDLE = 10_000;

/** TCP connections to our broker: a node has one. */
export const MQTT_MAX_CONNECTIONS = 4_096;

/** Of these from one address (an IPv6 /64): an office behind one NAT. */
export const MQTT_MAX_CONNECTIONS_PER_ADDRESS = 64;

/** From a TCP connection to our broker until its CONNECT must have come in. */
export const MQTT_CONNECT_TIMEOUT = 5_000;

/** Seconds of silence that our broker allows a client that asks for more, or for no limit. */
export const MQTT_KEEPALIVE = 120;

/** One packet to our broker, without its fixed header; a message in it; a client id (ours have 22 letters). */
export const MQTT_MAX_PACKET = 8_192;
export const MQTT_MAX_PAYLOAD = 4_096;
export const MQTT_MAX_CLIENT_ID = 64;

/** Subscriptions of one client of our broker: a node has one. */
export const MQTT_MAX_SUBSCRIPTIONS = 8;

/** Messages a second that one client of our broker may send, and how many at once. */
export const MQTT_PUBLISH_RATE = 100;
export const MQTT_PUBLISH_BURST = 200;

/** Packets of any kind a second, and how many at once; each KiB counts as one too. */
export const MQTT_PACKET_RATE = 500;
export const MQTT_PACKET_BURST = 1_000;

/** What may wait for one client that does not read, and for all together. */
export const MQTT_MAX_QUEUE = 262_144;
export const MQTT_MAX_QUEUES = 64 * 1024 * 1024;

/** Our name server. */
export const PNP_LIMITS = {
  /** Requests a second that one address (an IPv6 /64) is answered, and how many at once. */
  rate: 100,
  burst: 400,
  /** Addresses that are counted at the same time. */
  maxClients: 16_384,
  /** TCP connections, and how many of one address (an IPv6 /64). */
  maxConnections: 1_024,
  maxConnectionsPerAddress: 64,
  /** A TCP connection without a whole request for this long is closed: P2PD's clients wait 2 s. */
  idle: 5_000,
  /** Requests of one connection that wait for their answers; a client that sends more is not served. */
  maxWaiting: 16,
  /**
   * Bytes a second, and at once, that answers over UDP may have to an address (an IPv6 /64) that has not shown by
   * a TCP exchange in so many ms that it is there.
   */
  udpRate: 2_048,
  udpBurst: 16_384,
  seen: 600_000,
  /** Times its request's bytes that an answer over UDP has at most. */
  maxGain: 4,
  /** Between two clearings of expired names. */
  prune: 60_000,
} as const;

/** Questions a second that the info port answers one address (an IPv6 /64), and how many at once; each signs once. */
export const INFO_RATE = 5;
export const INFO_BURST = 20;

/** The same for all together: a tenth of a processor at half a millisecond a signature. */
export const INFO_TOTAL_RATE = 200;
export const INFO_TOTAL_BURST = 400;

/** Addresses of one machine that it tells others: each costs them a question. */
export const MAX_OFFERED_ADDRESSES = 8;

/** Our relay. */
export const TURN_LIMITS = {
  /** TCP connections, and how many of one address (an IPv6 /64). */
  connections: 1_024,
  connectionsPerAddress: 64,
  /** A connection without an allocation or a bound peer for this long is closed. */
  idle: 10_000,
  /** Allocations in all, of one user name, of one address. */
  allocations: 256,
  allocationsPerUser: 8,
  allocationsPerAddress: 16,
  /** Peers' addresses that one allocation lets in, and for how long (RFC 8656 §9). */
  permissions: 32,
  permissionLife: 300_000,
  /** Connections of peers that one allocation holds. */
  peers: 16,
  /** Bytes that one allocation carries, both ways: a relay is for what finds no other way. */
  bytes: 64 * 1024 ** 3,
  /** A nonce is good for this long. */
  nonceLife: 3_600_000,
  /** Credentials are. */
  credentialLife: 7 * 86_400_000,
} as const;
