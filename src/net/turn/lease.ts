/**
 * An allocation as its client holds it (RFC 8656): asked for, refreshed, its permissions too, and given back. What goes
 * by it is `tcp-relay.ts` and `udp-relay.ts`. Effects through Io.
 */
import { reasonOf } from '../errors.ts';
import { TURN } from '../path-timing.ts';
import type { Endpoint, Family } from '../wire/endpoint.ts';
import { familyOf } from '../wire/ip.ts';
import { type ConnectionListener, TurnConnection, TurnError } from './connection.ts';
import type { Credentials } from './credentials.ts';
import { type LinkTask, openLink } from './link.ts';
import { ATTRIBUTES, endpointAttribute, numberAttribute } from './message.ts';
import { type Acquaintance, TurnRequests } from './requests.ts';

export interface LeaseTask extends LinkTask {
  readonly credentials: Credentials;
  /** From an allocation before on the same server: saves a round trip. */
  readonly known: Acquaintance | null;
  /** Of the relayed address. */
  readonly family: Family;
  /** The allocation is gone, without our having asked for it. */
  readonly lost: (reason: string) => void;
}

/** Of the relayed address: REQUESTED-TRANSPORT's protocol numbers (RFC 8656 §18.8, RFC 6062 §6.2.1). */
export type Relaying = keyof typeof PROTOCOLS;

const PROTOCOLS = { tcp: 6 << 24, udp: 17 << 24 } as const;
const FAMILIES = { 4: 1 << 24, 6: 2 << 24 } as const;
/** The peer may not be relayed to, at least not all that were named (RFC 8656 §10.2). */
const FORBIDDEN = 403;

export class Lease {
  readonly connection: TurnConnection;
  readonly #task: LeaseTask;
  readonly #requests: TurnRequests;
  readonly #over = new AbortController();
  readonly #permitted = new Set<string>();
  #relayed: Endpoint | null = null;
  #lost: ((reason: string) => void) | null = null;
  #also: (() => Promise<void>) | null = null;

  private constructor(task: LeaseTask, requests: TurnRequests, connection: TurnConnection) {
    this.#task = task;
    this.#requests = requests;
    this.connection = connection;
  }

  /** @throws Error where the server cannot be reached; the signal's reason */
  static async open(task: LeaseTask, signal: AbortSignal): Promise<Lease> {
    const link = await openLink(task, signal);
    const requests = new TurnRequests(task.credentials, task.known);
    return new Lease(task, requests, new TurnConnection(task.io, link, requests));
  }

  /** What peers send to. */
  get relayed(): Endpoint | null {
    return this.#relayed;
  }

  get known(): Acquaintance | null {
    return this.#requests.known;
  }

  /** For further connections to the same server. */
  get requests(): TurnRequests {
    return this.#requests;
  }

  /** Aborts when it is gone, or given back. */
  get over(): AbortSignal {
    return this.#over.signal;
  }

  /**
   * Asks for it, and then for the permissions of its peers: not at once, for coturn looks up the user beside its other
   * work, and may come to the second request first.
   *
   * @throws TurnError where the server refuses; Error where it does not answer; the signal's reason
   */
  async allocate(relaying: Relaying, peers: readonly string[], signal: AbortSignal): Promise<void> {
    const { server, family } = this.#task;
    const attributes = [numberAttribute(ATTRIBUTES.transport, PROTOCOLS[relaying])];
    if (family === 6 || familyOf(server.ip) === 6)
      attributes.push(numberAttribute(ATTRIBUTES.family, FAMILIES[family]));
    const answer = await this.connection.request('allocate', attributes, signal);
    this.#relayed = answer.endpoint(ATTRIBUTES.relayed);
    if (this.#relayed === null) throw new Error('the relay names no relayed address');
    void this.#keep(answer.number(ATTRIBUTES.lifetime) ?? 0);
    await this.permit(peers);
  }

  /**
   * @param listener takes what the server tells
   * @param also what is to be refreshed with the permissions
   */
  hold(listener: ConnectionListener, also: (() => Promise<void>) | null): void {
    this.#lost = (reason) => listener.lost(reason);
    this.#also = also;
    this.connection.listen({ ...listener, lost: (reason) => this.lose(reason) });
  }

  /** Lets peers of these addresses in, as long as the allocation lives. @throws as `allocate` */
  async permit(ips: readonly string[]): Promise<void> {
    const { family } = this.#task;
    const fresh = ips.filter((ip) => familyOf(ip) === family && !this.#permitted.has(ip));
    if (fresh.length === 0) return;
    try {
      await this.#permit(fresh);
      for (const ip of fresh) this.#permitted.add(ip);
    } catch (error) {
      if (!isForbidden(error) || fresh.length === 1) throw error;
      await this.#permitEach(fresh, error);
    }
  }

  /** Gives the allocation back; what goes by it ends. */
  close(): void {
    if (this.#over.signal.aborted) return;
    this.#over.abort(new Error('the relay is not needed any more'));
    const none = [numberAttribute(ATTRIBUTES.lifetime, 0)];
    const give =
      this.#relayed === null
        ? Promise.resolve()
        : this.connection.request('refresh', none, new AbortController().signal);
    void give.catch(() => undefined).then(() => this.connection.close());
  }

  lose(reason: string): void {
    if (this.#over.signal.aborted) return;
    this.#over.abort(new Error(reason));
    this.connection.close();
    this.#lost?.(reason);
    this.#task.lost(reason);
  }

  /** Public relays let nothing through to private addresses, and refuse all for the sake of one. */
  async #permitEach(ips: readonly string[], refusal: unknown): Promise<void> {
    const permitted = await Promise.all(
      ips.map(async (ip) => {
        try {
          await this.#permit([ip]);
          this.#permitted.add(ip);
          return true;
        } catch (error) {
          if (!isForbidden(error)) throw error;
          return false;
        }
      }),
    );
    if (!permitted.includes(true)) throw refusal;
  }

  async #permit(ips: readonly string[]): Promise<void> {
    const attributes = (id: Uint8Array) =>
      ips.map((ip) => endpointAttribute(ATTRIBUTES.peer, { ip, port: 0 }, id));
    await this.connection.requestWith('create-permission', attributes, this.#over.signal);
  }

  /** Refreshes allocation and permissions (RFC 8656 §7.1, §9) until it is closed. @param lifetime s */
  async #keep(lifetime: number): Promise<void> {
    const { io } = this.#task;
    const { signal } = this.#over;
    let refreshAt = io.now() + refreshAfter(lifetime);
    let permitAt = io.now() + TURN.permission;
    try {
      for (;;) {
        await io.sleepUntil(Math.min(refreshAt, permitAt), signal);
        if (signal.aborted) return;
        if (io.now() >= permitAt) {
          if (this.#permitted.size > 0) await this.#permit([...this.#permitted]);
          await this.#also?.();
          permitAt = io.now() + TURN.permission;
        }
        if (io.now() < refreshAt) continue;
        const answer = await this.connection.request('refresh', [], signal);
        refreshAt = io.now() + refreshAfter(answer.number(ATTRIBUTES.lifetime) ?? 0);
      }
    } catch (error) {
      if (!signal.aborted) this.lose(reasonOf(error));
    }
  }
}

function isForbidden(error: unknown): boolean {
  return error instanceof TurnError && error.code === FORBIDDEN;
}

/** ms, well before the server's time is up. @param lifetime s */
function refreshAfter(lifetime: number): number {
  return Math.max(TURN.minRefresh, lifetime * 1000 - TURN.refreshMargin);
}
