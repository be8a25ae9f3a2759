/**
 * What a node and a connect can be given, with defaults. Types and defaults only.
 */
import { P2pdError } from './errors.ts';
import type { Method, NodeEvent, Pathway } from './events.ts';
import type { Identity } from './identity.ts';
import type { Io, NetworkInterface } from './io/io.ts';
import type { Pipe } from './pipe/pipe.ts';
import type { ServerList } from './servers.ts';
import type { StateFiles } from './state-files.ts';
import type { Endpoint, Family } from './wire/endpoint.ts';

/**
 * Called with each message that comes in by any pipe of a node. The peer may send on when the
 * handler is done: one that returns a promise slows the peer down.
 *
 * @param message the bytes; `String(message)` for text
 * @param from the peer's endpoint
 * @param pipe to answer by
 * @param kind whether the peer sent text or bytes
 */
export type MessageHandler = (
  message: Buffer,
  from: Endpoint,
  pipe: Pipe,
  kind: 'text' | 'binary',
) => unknown;

export interface ConnectOptions {
  readonly methods: readonly Method[];
  /** In order of preference. @default ['external', 'local'] */
  readonly paths: readonly Pathway[];
  /** In order of preference. @default [4, 6] */
  readonly families: readonly Family[];
  /** Gives the connect up. */
  readonly signal: AbortSignal | null;
  /**
   * Somebody else wishes it: nothing is dialled but what a stranger may make this node dial, and where that peer was met.
   *
   * @internal
   */
  readonly asked?: { readonly met: string };
}

/** Methods that this version has, in the contract's order. */
export const AVAILABLE_METHODS: readonly Method[] = ['direct', 'reverse', 'tcp-punch', 'udp-punch', 'relay'];

export function defaultConnectOptions(): ConnectOptions {
  return { methods: AVAILABLE_METHODS, paths: ['external', 'local'], families: [4, 6], signal: null };
}

/** @throws P2pdError NO_PATH where this version has none of them */
export function assertMethods({ methods }: Pick<ConnectOptions, 'methods'>): void {
  if (methods.some((method) => AVAILABLE_METHODS.includes(method))) return;
  throw new P2pdError('NO_PATH', `this version cannot do ${methods.join(', ') || 'anything'}`, {
    hint: `it has ${AVAILABLE_METHODS.join(', ')}: --methods drput`,
  });
}

/** What `P2PNode.start` takes; all of it may be left out. */
export interface StartOptions {
  /** Where keys and settings are. @default P2PD_HOME, else the platform's data directory */
  readonly state?: string;
  /** Listen port; 0 = any. @default derived from the machine id and the slot */
  readonly port?: number;
  /** Only interfaces of these names. @default all */
  readonly interfaces?: readonly string[];
  /** Public services that the node may use: `PUBLIC_SERVERS`, say. @default none */
  readonly servers?: ServerList;
  /** Ask routers for the listen port, by PCP, NAT-PMP or UPnP. @default false */
  readonly portMapping?: boolean;
  /** Node ids that may open pipes. @default everybody */
  readonly allow?: readonly string[];
  /** Called with everything the node tells about its pipes. */
  readonly onEvent?: (event: NodeEvent) => void;
  /** Called with each pipe that opens, in or out. */
  readonly onPipe?: (pipe: Pipe) => void;
  /** Called with what a message handler threw. @default process.emitWarning */
  readonly onHandlerError?: (error: unknown) => void;
}

/** What naming a node needs of it. */
export interface NamingTask {
  readonly io: Io;
  readonly identity: Identity;
  readonly servers: ServerList;
  /** What outlives the process; null: nothing does. */
  readonly files: StateFiles | null;
  /** The node's address now. */
  readonly address: () => string;
  /** Unix ms, corrected where the node's clock is. */
  readonly wall: () => number;
  /** The node stops. */
  readonly signal: AbortSignal;
}

/** Nicknames, which build on nodes: the library's entry brings them. */
export interface Naming {
  /** @returns the name with its ending */
  register(task: NamingTask, nickname: string): Promise<string>;
  /** @returns an address as it is, else that of the nickname */
  addressOf(task: NamingTask, peer: string): Promise<string>;
}

/** Everything a node stands on. */
export interface NodeSetup {
  readonly io: Io;
  readonly identity: Identity;
  /** 16 hex digits. */
  readonly machineId: string;
  readonly slot: number;
  readonly interfaces: readonly NetworkInterface[];
  /** Looks at them again, while the node runs; undefined: they stay as they are. */
  readonly listInterfaces?: () => Promise<readonly NetworkInterface[]>;
  /** Services that the node may use; undefined: none. */
  readonly servers?: ServerList;
  /** Find out the NATs in front of this machine, once the node runs: its address tells them. @default false */
  readonly nat?: boolean;
  /** Ask routers to let others in to the listen port. @default false */
  readonly portMapping?: boolean;
  /** What outlives the process; undefined: nothing does. */
  readonly files?: StateFiles;
  /** null: the derived one, or the next free. */
  readonly port: number | null;
  /** null: everybody. */
  readonly allow: readonly string[] | null;
  readonly emit: (event: NodeEvent) => void;
  /** Called once, when the node listens and before it asks its services. */
  readonly onListening?: (locals: readonly Endpoint[]) => void;
  readonly onPipe?: (pipe: Pipe) => void;
  readonly onHandlerError?: (error: unknown) => void;
  /** Whether a peer may ask for more than strangers may: one that a trial was agreed on with. @default nobody */
  readonly isPartner?: (nodeId: string) => boolean;
  /** Gives back what the node held (its slot). */
  readonly release?: () => Promise<void>;
}
