/**
 * Who uses what this machine serves, counted: exact totals per kind, and the most recent clients, of
 * which only so many are remembered. Pure; times are ms.
 */
import type { ServerKind, ServerUse } from '../net/index.ts';
import type { ServedClient, ServedKind } from './serve-events.ts';
import { MAX_SERVED_CLIENTS } from './serve-state.ts';

/** Clients remembered. */
const MAX_CLIENTS = 1_024;
/** One that asks without a connection counts as there for this long. */
const RECENT = 60_000;

interface Counts {
  connected: number;
  requests: number;
  refused: number;
  errors: number;
}

interface Client {
  readonly lastByKind: Map<ServerKind, number>;
  requests: number;
  lastAt: number;
}

export class ServeUsage {
  readonly #counts = new Map<ServerKind, Counts>();
  /** The one seen last at the end. */
  readonly #clients = new Map<string, Client>();

  /** Clients that are remembered. */
  get remembered(): number {
    return this.#clients.size;
  }

  add({ kind, client, what }: ServerUse, now: number): void {
    const counts = this.counts(kind);
    this.#counts.set(kind, counts);
    if (what === 'error') counts.errors++;
    else if (what === 'refused') counts.refused++;
    else if (what === 'left') counts.connected--;
    else {
      if (what === 'connected') counts.connected++;
      else counts.requests++;
      this.#see(client, kind, what === 'request', now);
    }
  }

  counts(kind: ServerKind): Counts {
    return this.#counts.get(kind) ?? { connected: 0, requests: 0, refused: 0, errors: 0 };
  }

  /** @param endpoints of the kinds that run, in the order in which they are shown */
  services(endpoints: ReadonlyMap<ServerKind, readonly string[]>, now: number): readonly ServedKind[] {
    return [...endpoints].map(([kind, at]) => {
      const { connected, requests, refused, errors } = this.counts(kind);
      const clients = kind === 'mqtt' ? connected : this.#recent(kind, now);
      return { kind, endpoints: at, clients, requests, refused, errors };
    });
  }

  /** The most recent first. */
  clients(): readonly ServedClient[] {
    const latest = [...this.#clients].slice(-MAX_SERVED_CLIENTS).reverse();
    return latest.map(([ip, { lastByKind, requests, lastAt }]) => ({
      ip,
      kinds: [...lastByKind.keys()],
      requests,
      lastAt: Math.round(lastAt),
    }));
  }

  #see(ip: string, kind: ServerKind, isRequest: boolean, now: number): void {
    const client = this.#clients.get(ip) ?? { lastByKind: new Map(), requests: 0, lastAt: now };
    client.lastByKind.set(kind, now);
    client.lastAt = now;
    if (isRequest) client.requests++;
    this.#clients.delete(ip);
    this.#clients.set(ip, client);
    for (const oldest of this.#clients.keys()) {
      if (this.#clients.size <= MAX_CLIENTS) break;
      this.#clients.delete(oldest);
    }
  }

  #recent(kind: ServerKind, now: number): number {
    let count = 0;
    for (const { lastByKind } of this.#clients.values()) {
      if (now - (lastByKind.get(kind) ?? Number.NEGATIVE_INFINITY) <= RECENT) count++;
    }
    return count;
  }
}
