/** One TCP allocation of our TURN server: the relayed port, who may come in, and who waits to be taken over. Effects through Io. */
import type { ByteStream, Io, TcpListener } from '../io/io.ts';
import { TURN_LIMITS } from '../limits.ts';
import { TURN } from '../path-timing.ts';
import type { Endpoint } from '../wire/endpoint.ts';

export class Allocation {
  readonly username: string;
  /** Of the client, as it is counted. */
  readonly address: string;
  /** Monotonic ms. */
  expiresAt: number;
  readonly #io: Io;
  readonly #came: (id: number, peer: Endpoint) => void;
  /** Peers' addresses, and until when. */
  readonly #permitted = new Map<string, number>();
  readonly #waiting = new Map<number, ByteStream>();
  readonly #carried = new Set<() => void>();
  #listener: TcpListener | null = null;
  #bytes = 0;
  #isClosed = false;

  /** @param came told of each permitted peer that has dialled, with the number of its connection */
  constructor(io: Io, username: string, address: string, came: (id: number, peer: Endpoint) => void) {
    this.#io = io;
    this.username = username;
    this.address = address;
    this.#came = came;
    this.expiresAt = io.now() + TURN.lifetime;
  }

  /** @returns the relayed address. @throws the system's error */
  async open(ip: string): Promise<Endpoint> {
    const listener = await this.#io.listenTcp({ ip, port: 0 }, (stream) => this.#peer(stream));
    this.#listener = listener;
    if (this.#isClosed) await listener.close();
    return listener.local;
  }

  /** @returns whether there was room for all of them */
  permit(ips: readonly string[]): boolean {
    if (new Set([...this.#permitted.keys(), ...ips]).size > TURN_LIMITS.permissions) return false;
    for (const ip of ips) this.#permitted.set(ip, this.#io.now() + TURN_LIMITS.permissionLife);
    return true;
  }

  /** A connection that this allocation dialled waits to be taken over. @returns its number */
  adopt(stream: ByteStream): number {
    const id = new DataView(this.#io.randomBytes(4).slice().buffer).getUint32(0);
    this.#waiting.set(id, stream);
    void this.#io.sleepUntil(this.#io.now() + TURN.unbound).then(() => {
      if (this.#waiting.get(id) !== stream) return;
      this.#waiting.delete(id);
      stream.destroy();
    });
    return id;
  }

  /** Its relayed address; null until it is open. */
  get relayed(): Endpoint | null {
    return this.#listener?.local ?? null;
  }

  /** Whether it carries, or is about to carry, as much as it may. */
  get isFull(): boolean {
    return this.#waiting.size + this.#carried.size >= TURN_LIMITS.peers;
  }

  has(id: number): boolean {
    return this.#waiting.has(id);
  }

  /** A peer that waits, once. */
  take(id: number): ByteStream | undefined {
    const stream = this.#waiting.get(id);
    this.#waiting.delete(id);
    return stream;
  }

  /** A connection is relayed: it ends with the allocation. @returns to be called when it has ended by itself */
  carries(end: () => void): () => void {
    this.#carried.add(end);
    return () => this.#carried.delete(end);
  }

  /** Bytes that went through; too many end it. */
  count(bytes: number): void {
    this.#bytes += bytes;
    if (this.#bytes > TURN_LIMITS.bytes) void this.close();
  }

  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    for (const stream of this.#waiting.values()) stream.destroy();
    this.#waiting.clear();
    for (const end of [...this.#carried]) end();
    await this.#listener?.close();
  }

  #peer(stream: ByteStream): void {
    const isPermitted = (this.#permitted.get(stream.remote.ip) ?? 0) > this.#io.now();
    if (this.#isClosed || !isPermitted || this.isFull) {
      stream.destroy();
      return;
    }
    this.#came(this.adopt(stream), stream.remote);
  }
}

/** Why a user, or an address, may have no more allocations; null: it may. */
export function quotaFault(
  all: readonly Pick<Allocation, 'username' | 'address'>[],
  username: string,
  address: string,
): readonly [code: number, why: string] | null {
  if (all.length >= TURN_LIMITS.allocations) return [508, 'no room'];
  const isMuch =
    all.filter((one) => one.username === username).length >= TURN_LIMITS.allocationsPerUser ||
    all.filter((one) => one.address === address).length >= TURN_LIMITS.allocationsPerAddress;
  return isMuch ? [486, 'quota reached'] : null;
}
