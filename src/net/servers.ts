/**
 * The public services that a node may use, as the `--servers` file and a machine that runs `serve`
 * name them. Types only; hosts are names, IPv4 or IPv6.
 */

export interface HostPort {
  readonly host: string;
  readonly port: number;
}

export interface StunServer extends HostPort {
  /** Whether it answers over TCP too. */
  readonly tcp: boolean;
}

export interface TurnServer {
  /** `turn:host:port`. */
  readonly url: string;
  readonly username: string;
  readonly credential: string;
}

export interface PnpServer extends HostPort {
  /** 66 hex digits. */
  readonly publicKey: string;
}

/** In the order in which they are to be asked. */
export interface ServerList {
  readonly stun: readonly StunServer[];
  /** URLs of MQTT brokers: `mqtt://host:port`, `mqtts://host:port`, `ws://host:port/path`, `wss://host:port/path`. */
  readonly mqtt: readonly string[];
  readonly ntp: readonly HostPort[];
  readonly turn: readonly TurnServer[];
  readonly pnp: readonly PnpServer[];
}

/** The same as a `--servers` file and `/servers.json` hold it. */
export interface ServersDocument {
  readonly stun: readonly StunServer[];
  readonly mqtt: readonly string[];
  /** `host:port`. */
  readonly ntp: readonly string[];
  readonly turn: readonly TurnServer[];
  readonly pnp: readonly PnpServer[];
}

export const NO_SERVERS: ServerList = { stun: [], mqtt: [], ntp: [], turn: [], pnp: [] };
