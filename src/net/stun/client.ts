/**
 * Asks STUN servers how the Internet sees this machine (RFC 8489): for every interface and family at
 * once, over UDP and, where that brings nothing, over TCP, until two servers agree. Opens and closes
 * the sockets; whom to believe is the survey's part.
 */
import type { OuterFact } from '../events.ts';
import type { Io, NetworkInterface } from '../io/io.ts';
import type { StunServer } from '../servers.ts';
import { STUN_LAGGARDS, STUN_TCP_AFTER } from '../timing.ts';
import type { Family } from '../wire/endpoint.ts';
import { canonicalIp, familyOf } from '../wire/ip.ts';
import { createTcpAsker, openUdpAsker } from './ask.ts';
import { Inquiry, type InquiryTask, nameOf } from './inquiry.ts';
import { Ledger } from './ledger.ts';
import { type Route, routesOf } from './route.ts';

type Resolve = (host: string, family: Family, signal: AbortSignal) => Promise<readonly string[]>;

export interface OuterTask {
  readonly io: Io;
  readonly interfaces: readonly NetworkInterface[];
  /** In the order in which they are to be asked. */
  readonly servers: readonly StunServer[];
  readonly resolve: Resolve;
  /** For everything, ms. */
  readonly timeout: number;
  readonly signal: AbortSignal;
}

export interface OuterReport {
  /** At most one for each interface and family. */
  readonly facts: readonly OuterFact[];
  /** `server` is "host:port" as the list names it. */
  readonly answered: readonly { readonly server: string; readonly rtt: number }[];
  /** None that answered another interface. */
  readonly failed: readonly { readonly server: string; readonly reason: string }[];
}

/** Never rejects; when the signal aborts, it tells what is known so far. */
export async function findOuter(task: OuterTask): Promise<OuterReport> {
  const ledger = new Ledger();
  const startedAt = task.io.now();
  const routes = routesOf(task.interfaces);
  if (routes.length === 0)
    for (const server of task.servers) ledger.unasked(nameOf(server), 'no interface has an address');
  const laggards = new AbortController();
  const signal = AbortSignal.any([task.signal, laggards.signal]);
  const common = { ...task, signal, resolve: literalOr(task.resolve), ledger, startedAt };
  const searches = routes.map((route) => findOn(route, common));
  const all = Promise.all(searches);
  // A family or an interface that leads nowhere, as often IPv6, must not cost all the time there is.
  const limit = firstFact(searches).then(() => task.io.sleepUntil(startedAt + STUN_LAGGARDS, signal));
  await Promise.race([all, limit]);
  laggards.abort();
  return { facts: (await all).filter((fact) => fact !== null), ...ledger.report() };
}

interface Search extends OuterTask {
  readonly ledger: Ledger;
  /** Monotonic ms. */
  readonly startedAt: number;
}

/** How the Internet sees one interface in one family. */
async function findOn(route: Route, search: Search): Promise<OuterFact | null> {
  const { io, servers, resolve, ledger, startedAt } = search;
  const over = new AbortController();
  const signal = AbortSignal.any([search.signal, over.signal]);
  // An address that went away since the interfaces were listed.
  const asker = await openUdpAsker(io, route.ip).catch(() => null);
  if (asker === null) return null;
  const deadline = startedAt + search.timeout;
  const inquire = (part: Pick<InquiryTask, 'transport' | 'asker' | 'servers'>) =>
    new Inquiry({ io, route, resolve, ledger, deadline, signal, ...part });
  const udp = inquire({ transport: 'udp', asker, servers });
  const overUdp = udp.run();
  const overTcp = async () => {
    await Promise.race([overUdp, io.sleepUntil(startedAt + STUN_TCP_AFTER, signal)]);
    if (udp.heard || signal.aborted) return null;
    const answering = servers.filter(({ tcp }) => tcp);
    return inquire({ transport: 'tcp', asker: createTcpAsker(io, route.ip), servers: answering }).run();
  };
  try {
    return await firstFact([overUdp, overTcp()]);
  } finally {
    over.abort();
    asker.close();
  }
}

/** The first that is not null; null when all are. */
function firstFact(searches: readonly Promise<OuterFact | null>[]): Promise<OuterFact | null> {
  const found = searches.map(async (search) => (await search) ?? Promise.reject(new Error('nothing')));
  return Promise.any(found).catch(() => null);
}

/** Addresses are their own answer. */
function literalOr(resolve: Resolve): Resolve {
  return async (host, family, signal) => {
    const ip = canonicalIp(host);
    if (ip === null) return resolve(host, family, signal);
    return familyOf(ip) === family ? [ip] : [];
  };
}
