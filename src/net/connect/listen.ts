/**
 * A node's listeners: one per address of each interface, all on one port. Effects through Io; the
 * choice of the port is the contract's: derived from the machine id plus the slot, the next free
 * one if taken; a port that was named and is taken is an error.
 */
import { P2pdError, reasonOf } from '../errors.ts';
import type { ByteStream, InterfaceAddress, Io, NetworkInterface, TcpListener } from '../io/io.ts';
import { decodeBase16 } from '../wire/base16.ts';
import type { Endpoint } from '../wire/endpoint.ts';

const LOWEST_PORT = 10_000;
const PORT_COUNT = 50_000;
/** Ports tried one after the other before giving up: more nodes than one machine runs. */
const MAX_TRIES = 200;

export interface Listening {
  readonly port: number;
  /** Where it listens; addresses that the system did not let us bind are missing. */
  readonly locals: readonly Endpoint[];
  /** Listens on addresses that are new, on the same port; leaves those that are gone. Never rejects. */
  follow(interfaces: readonly NetworkInterface[]): Promise<void>;
  close(): Promise<void>;
}

/** The port of a machine and slot, 10000 to 59999. */
export function derivedPort(machineId: string, slot: number): number {
  const bytes = decodeBase16(machineId) ?? new Uint8Array(4);
  const seed = new DataView(bytes.buffer).getUint32(0);
  return LOWEST_PORT + ((seed + slot) % PORT_COUNT);
}

/**
 * @param wanted a named port (0 = any), or null for `derived` and those after it
 * @throws P2pdError PORT_TAKEN, NO_INTERFACE
 */
export async function listen(
  io: Io,
  interfaces: readonly NetworkInterface[],
  wanted: number | null,
  derived: number,
  onConnection: (stream: ByteStream) => void,
): Promise<Listening> {
  if (wanted !== null) return listenOn(io, interfaces, wanted, onConnection);
  for (let i = 0; i < MAX_TRIES; i++) {
    const port = LOWEST_PORT + ((derived - LOWEST_PORT + i) % PORT_COUNT);
    try {
      return await listenOn(io, interfaces, port, onConnection);
    } catch (error) {
      if (!(error instanceof P2pdError) || error.code !== 'PORT_TAKEN') throw error;
    }
  }
  throw new P2pdError('PORT_TAKEN', `ports ${derived} to ${derived + MAX_TRIES - 1} are all taken`);
}

async function listenOn(
  io: Io,
  interfaces: readonly NetworkInterface[],
  wanted: number,
  onConnection: (stream: ByteStream) => void,
): Promise<Listening> {
  const listeners = new Map<string, TcpListener>();
  const close = async () =>
    void (await Promise.all([...listeners.values()].map((listener) => listener.close())));
  let port = wanted;
  let refused: unknown = null;
  for (const ip of bindables(interfaces)) {
    try {
      const listener = await io.listenTcp({ ip, port }, onConnection);
      port = listener.local.port;
      listeners.set(ip, listener);
    } catch (error) {
      refused = error;
      if (!isTaken(error)) continue;
      await close();
      throw new P2pdError('PORT_TAKEN', `port ${port} is taken on ${ip}`, { cause: error });
    }
  }
  if (listeners.size === 0) {
    const why = refused === null ? 'there is no interface with an address' : reasonOf(refused);
    throw new P2pdError('NO_INTERFACE', `cannot listen on any address: ${why}`, { cause: refused });
  }
  return new Listeners(io, port, listeners, onConnection);
}

class Listeners implements Listening {
  readonly port: number;
  readonly #io: Io;
  readonly #all: Map<string, TcpListener>;
  readonly #onConnection: (stream: ByteStream) => void;
  #isClosed = false;

  constructor(
    io: Io,
    port: number,
    all: Map<string, TcpListener>,
    onConnection: (stream: ByteStream) => void,
  ) {
    this.#io = io;
    this.port = port;
    this.#all = all;
    this.#onConnection = onConnection;
  }

  get locals(): readonly Endpoint[] {
    return [...this.#all.values()].map(({ local }) => local);
  }

  async follow(interfaces: readonly NetworkInterface[]): Promise<void> {
    const wanted = bindables(interfaces);
    for (const [ip, listener] of this.#all) {
      if (wanted.includes(ip)) continue;
      this.#all.delete(ip);
      await listener.close();
    }
    for (const ip of wanted) {
      if (this.#all.has(ip) || this.#isClosed) continue;
      // An address that is not ready yet is tried again with the next look.
      const listener = await this.#io
        .listenTcp({ ip, port: this.port }, this.#onConnection)
        .catch(() => null);
      if (this.#isClosed) await listener?.close();
      else if (listener !== null) this.#all.set(ip, listener);
    }
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    await Promise.all([...this.#all.values()].map((listener) => listener.close()));
  }
}

function bindables(interfaces: readonly NetworkInterface[]): readonly string[] {
  return interfaces.flatMap((nic) => nic.addresses.map((address) => bindable(nic, address)));
}

/** A link-local address means something only together with its interface (RFC 4007). */
function bindable(nic: NetworkInterface, address: InterfaceAddress): string {
  return address.family === 6 && address.reach === 'link-local' ? `${address.ip}%${nic.id}` : address.ip;
}

function isTaken(error: unknown): boolean {
  return (
    error instanceof Error && 'code' in error && (error.code === 'EADDRINUSE' || error.code === 'EACCES')
  );
}
