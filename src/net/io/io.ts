/**
 * Io: how effects come in. The only way from our code to clocks, randomness, sockets and the
 * machine's interfaces. `node-io.ts` is the real one, `src/lab/virtual-io.ts` a simulated
 * machine in virtual time. Types only.
 */
import type { Endpoint, Family } from '../wire/endpoint.ts';
import type { Reach } from '../wire/ip.ts';

/** One address of an interface. */
export interface InterfaceAddress {
  readonly family: Family;
  /** Canonical text, without scope. */
  readonly ip: string;
  /** Length of the subnet's prefix in bits. */
  readonly prefix: number;
  readonly reach: Reach;
}

/** What an interface is made of, as far as the system tells. */
export type InterfaceKind =
  | 'ethernet'
  | 'wireless'
  | 'cellular'
  | 'tunnel'
  | 'virtual'
  | 'loopback'
  | 'other';

/** A network interface that is up and has an address. */
export interface NetworkInterface {
  /** The system's name: `eth0`, `wlan0`, `Wi-Fi`. */
  readonly id: string;
  /** A name for people: vendor and model where the system knows them, else `id`. */
  readonly name: string;
  readonly kind: InterfaceKind;
  /** The next hop of the default route per family; null where there is none (or none is needed). */
  readonly gateways: Readonly<Record<Family, string | null>>;
  /** Whether a default route of that family leaves by this interface. */
  readonly defaultRoute: Readonly<Record<Family, boolean>>;
  /** In the system's order. */
  readonly addresses: readonly InterfaceAddress[];
}

/** What a byte stream tells whoever reads it. Nothing is called after `closed`. */
export interface StreamReader {
  /** Nothing is read, everything else is told. @default false */
  readonly isPaused?: boolean;
  data(bytes: Uint8Array): void;
  /** The other side will send no more (FIN); writing may go on. */
  ended(): void;
  /** The stream is gone, both ways. `error` is null after a clean close. */
  closed(error: Error | null): void;
  /** After `write` returned false: there is room again. */
  drained(): void;
}

/** An ordered, reliable stream of bytes: TCP, or what `secure` makes of it. */
export interface ByteStream {
  /** What carries it. */
  readonly transport: 'tcp' | 'udp';
  readonly local: Endpoint;
  readonly remote: Endpoint;
  /** Hands the stream to a reader, replacing the former one; null stops reading (the system buffers). */
  setReader(reader: StreamReader | null): void;
  /** Gives bytes back: the next reader sees them first. Only while no reader is set. */
  unread(bytes: Uint8Array): void;
  /** Sends the chunks in order, as one write. False: wait for `drained` before more. */
  write(chunks: readonly Uint8Array[]): boolean;
  /** Sends FIN after what was written. */
  end(): void;
  /** Drops the stream at once; `closed` follows unless it was called already. */
  destroy(): void;
}

/** A byte stream under TLS 1.3. */
export interface SecureStream extends ByteStream {
  /** 32 bytes that both ends of this one TLS connection share and nobody else (RFC 8446 §7.5). */
  readonly exporter: Uint8Array;
}

export interface TcpListener {
  readonly local: Endpoint;
  /** Stops accepting; connections already accepted live on. */
  close(): Promise<void>;
}

/** What a UDP socket tells whoever reads it. */
export interface DatagramReader {
  datagram(data: Uint8Array, remote: Endpoint): void;
  /** A datagram could not leave, or the other side's host refused one (`code` ENETUNREACH, ECONNREFUSED…). */
  failed?(error: Error): void;
}

export interface UdpSocket {
  readonly local: Endpoint;
  /** Sends one datagram; what the system says against it goes to the reader. Never throws. */
  send(data: Uint8Array, remote: Endpoint): void;
  close(): void;
}

/** By what the two ends of a stream over UDP tell its packets from others: 32 bits each, drawn at random. */
export interface StreamIds {
  readonly own: number;
  readonly peer: number;
}

/** A UDP socket that can also carry reliable streams: what was found out about its port holds for them. */
export interface StreamUdpSocket extends UdpSocket {
  /** @param ttl routers that the datagram may pass; without it as many as the system allows */
  send(data: Uint8Array, remote: Endpoint, ttl?: number): void;
  /** One end of an ordered, reliable stream; both ends open it. The socket closes once it is to and all streams are gone. */
  openStream(remote: Endpoint, ids: StreamIds): ByteStream;
}

/** Who carries the datagrams of a socket that has no way of its own: a relay. */
export interface DatagramCarrier {
  /** Where the other side sees the socket. */
  readonly local: Endpoint;
  send(data: Uint8Array, remote: Endpoint): void;
  /** Nothing more will be sent: the socket is closed, and its streams are gone. */
  closed(): void;
}

/** A socket over such a carrier. One stream at a time: a newer one takes the former's place. */
export interface CarriedUdpSocket extends StreamUdpSocket {
  /** A datagram has come in. */
  deliver(data: Uint8Array, remote: Endpoint): void;
}

/** What an MQTT broker connection tells whoever reads it. Nothing is called after `closed`. */
export interface BrokerReader {
  message(topic: string, payload: Uint8Array): void;
  /** The connection is gone, without our having asked for it. */
  closed(reason: string): void;
}

/** A session with one MQTT broker (MQTT 3.1.1, QoS 1, clean session, random client id). */
export interface BrokerConnection {
  /** @returns when the broker has granted it. @throws when it refuses or is gone */
  subscribe(topic: string): Promise<void>;
  /** @returns when the broker has taken it (PUBACK). @throws when it is gone */
  publish(topic: string, payload: Uint8Array): Promise<void>;
  /** Leaves; `closed` is not called. */
  close(): void;
}

export interface HttpAnswer {
  readonly status: number;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array;
}

export interface HttpPost {
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array;
  /** The own address that it is sent from. */
  readonly local: string;
}

export interface HttpQuestion {
  /** Path and query: `/servers.json?nonce=…`. */
  readonly path: string;
  /** The own address that the caller reached. */
  readonly local: Endpoint;
  readonly remote: Endpoint;
}

export interface Io {
  /** Monotonic ms. */
  now(): number;
  /** Unix ms as the system believes it, uncorrected. */
  wallClock(): number;
  /** Resolves at `at` (monotonic ms), or as soon as the signal aborts; never rejects. */
  sleepUntil(at: number, signal?: AbortSignal): Promise<void>;
  /** Cryptographically random. */
  randomBytes(length: number): Uint8Array;
  /**
   * Listens on one address. A link-local address needs its scope (`fe80::1%eth0`).
   *
   * @throws the system's error, its `code` being EADDRINUSE when the port is taken
   */
  listenTcp(local: Endpoint, onConnection: (stream: ByteStream) => void): Promise<TcpListener>;
  /**
   * Opens a TCP connection from `local` (port 0 = any; null = the system chooses).
   *
   * @throws the system's error (`code` ECONNREFUSED, EHOSTUNREACH…), an AbortError when the signal aborts
   */
  dialTcp(local: Endpoint | null, remote: Endpoint, signal: AbortSignal): Promise<ByteStream>;
  /**
   * Opens a UDP socket (port 0 = any).
   *
   * @throws the system's error (`code` EADDRINUSE, EADDRNOTAVAIL)
   */
  openUdp(local: Endpoint, reader: DatagramReader): Promise<UdpSocket>;
  /**
   * The same for a socket that can carry streams.
   *
   * @throws also where this system has nothing to make them with; the message says so
   */
  openStreamUdp(local: Endpoint, reader: DatagramReader): Promise<StreamUdpSocket>;
  /** The same over somebody else's way. @throws as `openStreamUdp` */
  openCarriedUdp(carrier: DatagramCarrier, reader: DatagramReader): Promise<CarriedUdpSocket>;
  /**
   * Connects to an MQTT broker, once: `mqtt://host:port`, `mqtts://host:port`, `ws://host:port/path` or `wss://…`.
   *
   * @throws when it is not reachable, refuses, or the signal aborts
   */
  openBroker(url: string, reader: BrokerReader, signal: AbortSignal): Promise<BrokerConnection>;
  /**
   * The addresses of a name, asked from the system's name servers (never by its blocking resolver).
   *
   * @throws the resolver's error (`code` ENOTFOUND, ENODATA, ECONNREFUSED, ETIMEOUT)
   */
  lookup(host: string, family: Family, signal: AbortSignal): Promise<readonly string[]>;
  /**
   * Asks `http://…` once; follows nothing.
   *
   * @param limit bytes of a body at most
   * @throws the system's error, or one for a longer body
   */
  httpGet(url: string, limit: number, signal: AbortSignal): Promise<HttpAnswer>;
  /** Posts to `http://…`; else as `httpGet`. */
  httpPost(url: string, post: HttpPost, limit: number, signal: AbortSignal): Promise<HttpAnswer>;
  /** Answers GET requests. @throws as `listenTcp` */
  serveHttp(local: Endpoint, answer: (question: HttpQuestion) => HttpAnswer): Promise<TcpListener>;
  /**
   * TLS 1.3 with an external pre-shared key and nothing else: no certificates, no tickets,
   * X25519 for forward secrecy. Takes the stream over; on failure it is destroyed.
   *
   * @throws when the other side does not hold the same key, closes, or the signal aborts
   */
  secure(
    stream: ByteStream,
    role: 'client' | 'server',
    psk: Uint8Array,
    signal: AbortSignal,
  ): Promise<SecureStream>;
  /**
   * TLS to a server that proves its name by a certificate. Takes the stream over; on failure it is destroyed.
   *
   * @param host name or IP address that the certificate must be for
   * @throws the TLS error, or the signal's reason
   */
  serverTls(stream: ByteStream, host: string, signal: AbortSignal): Promise<ByteStream>;
  /** Every usable interface; loopback, container bridges and what is down are left out. */
  interfaces(): Promise<NetworkInterface[]>;
}
