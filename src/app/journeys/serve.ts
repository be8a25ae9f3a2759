/**
 * The serve journey: MQTT, STUN, NTP and names (PNP) on this machine, for people with no Internet or who want their
 * own, and the info port that tells others of them. Runs until the context's signal aborts.
 */
import { join } from 'node:path';
import {
  encodeBase16,
  formatServers,
  formatVia,
  type Identity,
  outwardAddresses,
  type ServerUse,
  serveIdentity,
  serversFor,
  stateDirectory,
} from '../../net/index.ts';
import { parseStoreChoice, type RunningPnpServer, type StoreChoice } from '../../pnp/index.ts';
import { ServeUsage } from '../serve-usage.ts';
import type { Context } from './context.ts';
import { serveAddresses } from './serve-addresses.ts';
import { openServices, type Servable, type ServePorts, type Services } from './serve-services.ts';

export { parseStoreChoice, type StoreChoice };

export interface ServeOptions {
  /** Addresses to listen at; empty: all of this machine. */
  readonly hosts: readonly string[];
  readonly ports: ServePorts;
  readonly only: readonly Servable[];
  /** Where names are kept; null: `names.db` in the state directory. */
  readonly store: StoreChoice | null;
  /** The key that signs what is told. @default the one of the state directory */
  readonly identity?: () => Promise<Identity>;
}

export const DEFAULT_SERVE: ServeOptions = {
  hosts: [],
  ports: { mqtt: 1883, stun: 3478, ntp: 10123, pnp: 5300, info: 5380 },
  only: ['mqtt', 'stun', 'turn', 'ntp', 'pnp'],
  store: null,
};

/** ms between two `serving` events. */
const INTERVAL = 1_000;
/** ms between two lines about the name server. */
const METRICS_INTERVAL = 60_000;
/** Lines about faults of strangers in one interval. */
const MAX_LINES = 5;

/**
 * Tells `ready` (with servers), `serving`, `log`, `stopped`.
 *
 * @throws P2pdError PORT_TAKEN, USAGE for an address that is not of this machine, NO_INTERFACE,
 *   STATE_UNUSABLE (also of the names' store), KEY_DAMAGED
 */
export async function serve(ctx: Context, options: ServeOptions): Promise<void> {
  const { io, config, emit, signal } = ctx;
  const { hosts, ports, only } = options;
  const identify = options.identity ?? (() => serveIdentity(io, config.state));
  const [identity, addresses] = await Promise.all([identify(), serveAddresses(ctx, hosts)]);
  const account = new Account(ctx);
  const services = await openServices({
    io,
    ports,
    only,
    identity,
    addresses,
    store: options.store ?? { kind: 'sqlite', path: join(await stateDirectory(config.state), 'names.db') },
    report: (use) => account.add(use),
    warn: (text) => emit({ event: 'log', level: 'warn', text }),
    counts: (kind) => account.usage.counts(kind),
  });
  try {
    if (!signal.aborted) await run(ctx, { services, identity, port: ports.info, account });
  } finally {
    await services.close();
    emit({ event: 'stopped', nodeId: identity.nodeId });
  }
}

interface Run {
  readonly services: Services;
  readonly identity: Identity;
  readonly port: number;
  readonly account: Account;
}

async function run(ctx: Context, { services, identity, port, account }: Run): Promise<void> {
  const { io, emit, signal } = ctx;
  const { nodeId, publicKey } = identity;
  const key = encodeBase16(publicKey);
  const names = outwardAddresses(services.ips).map((host) => formatVia({ host, port, key }));
  const [address = ''] = names;
  const servers = formatServers(serversFor(services.offer, null));
  emit({ event: 'ready', address, nodeId, port, slot: 0, nickname: null, servers });
  const commands = names.map(commandOf);
  const metrics = new Metrics(ctx, services);
  while (!signal.aborted) {
    account.tell(services.endpoints, commands);
    await metrics.tell();
    await io.sleepUntil(io.now() + INTERVAL, signal);
  }
}

/** Shells take brackets for a pattern. */
function commandOf(via: string): string {
  return `npx p2pd-demo --via ${via.includes('[') ? `'${via}'` : via}`;
}

type PnpStats = Awaited<ReturnType<RunningPnpServer['stats']>>;

/** A line about the name server now and then, while it is asked. */
class Metrics {
  readonly #ctx: Context;
  readonly #services: Services;
  #toldAt: number;

  constructor(ctx: Context, services: Services) {
    this.#ctx = ctx;
    this.#services = services;
    this.#toldAt = ctx.io.now();
  }

  async tell(): Promise<void> {
    const { io, emit } = this.#ctx;
    if (this.#services.pnp === null || io.now() < this.#toldAt + METRICS_INTERVAL) return;
    this.#toldAt = io.now();
    const stats = await this.#services.pnp.stats();
    if (stats.p50 !== null) emit({ event: 'log', level: 'info', text: metricsLine(stats) });
  }
}

function metricsLine({ requestsPerSecond, p50, p99, names, refused }: PnpStats): string {
  const ms = (value: number | null) => `${(value ?? 0).toFixed(1)} ms`;
  const reasons = Object.entries(refused).map(([why, count]) => `${why} ${count}`);
  const refusals = reasons.length === 0 ? '' : `; refused so far: ${reasons.join(', ')}`;
  return `pnp: ${requestsPerSecond} requests/s, p50 ${ms(p50)}, p99 ${ms(p99)}, ${names} names${refusals}`;
}

/** What the servers tell, as events: counts, and a few lines about what goes wrong. */
class Account {
  readonly usage = new ServeUsage();
  readonly #ctx: Context;
  #lines = 0;
  #told = '';

  constructor(ctx: Context) {
    this.#ctx = ctx;
  }

  add(use: ServerUse): void {
    this.usage.add(use, this.#ctx.io.now());
    if (use.what !== 'refused' && use.what !== 'error') return;
    this.#lines++;
    if (this.#lines > MAX_LINES) return;
    // Who looks for whom is nobody's business.
    const who = use.kind === 'pnp' ? '' : ` ${use.client}`;
    const text = `${use.kind}: ${use.what}${who}: ${use.detail ?? 'no reason known'}`;
    this.#ctx.emit({ event: 'log', level: 'info', text });
  }

  /** Tells what it is now, unless it is what was told last. */
  tell(endpoints: Services['endpoints'], commands: readonly string[]): void {
    this.#lines = 0;
    const services = this.usage.services(endpoints, this.#ctx.io.now());
    const clients = this.usage.clients();
    const [command = ''] = commands;
    const now = JSON.stringify([services, clients]);
    if (now === this.#told) return;
    this.#told = now;
    this.#ctx.emit({ event: 'serving', services, clients, command, commands });
  }
}
