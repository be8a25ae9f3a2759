/**
 * Asks STUN servers how the Internet sees this machine (RFC 8489): for every interface and family at
 * once, over UDP and, where that brings nothing, over TCP, until two servers agree. Opens and closes
 * the sockets; whom to believe is the survey's part.
 */
import type { OuterFact } from '../events.ts';
import type { Io, NetworkInterface } from '../io/io.ts';
import type { StunServer } from '../servers.ts';
import { STUN_TCP_AFTER } from '../timing.ts';
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
  const deadline = task.io.now() + task.timeout;
  const routes = routesOf(task.interfaces);
  if (routes.length === 0)
    for (const server of task.servers) ledger.unasked(nameOf(server), 'no interface has an address');
  const facts = await Promise.all(routes.map((route) => findOn(route, task, deadline, ledger)));
  return { facts: facts.filter((fact) => fact !== null), ...ledger.report() };
}

/** How the Internet sees one interface in one family. */
async function findOn(
  route: Route,
  task: OuterTask,
  deadline: number,
  ledger: Ledger,
): Promise<OuterFact | null> {
  const { io, servers } = task;
  const over = new AbortController();
  const signal = AbortSignal.any([task.signal, over.signal]);
  const tcpAfter = io.now() + STUN_TCP_AFTER;
  // An address that went away since the interfaces were listed.
  const asker = await openUdpAsker(io, route.ip).catch(() => null);
  if (asker === null) return null;
  const common = { io, route, resolve: literalOr(task.resolve), ledger, deadline, signal };
  const inquire = (part: Pick<InquiryTask, 'transport' | 'asker' | 'servers'>) =>
    new Inquiry({ ...common, ...part });
  const udp = inquire({ transport: 'udp', asker, servers });
  const overUdp = udp.run();
  const overTcp = async () => {
    await Promise.race([overUdp, io.sleepUntil(tcpAfter, signal)]);
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
