/**
 * Opens what `serve` runs, on each address: the info port first, which shows what an address is good
 * for, then all others at once. Nothing is left open when one of them fails.
 */
import { createHmac } from 'node:crypto';
import {
  type Endpoint,
  encodeBase16,
  formatEndpoint,
  type Identity,
  InfoAnswers,
  type Io,
  isTurn,
  limitedCredentials,
  type Offer,
  P2pdError,
  type RunningBroker,
  type RunningServer,
  reasonOf,
  type ServerKind,
  type ServerUse,
  serversFor,
  startBroker,
  startInfoServer,
  startNtpServer,
  startStunServer,
  TURN_LIMITS,
  TurnServer,
} from '../../net/index.ts';
import {
  fastestCurve,
  openNameStore,
  type RunningPnpServer,
  type StoreChoice,
  startPnpServer,
} from '../../pnp/index.ts';
import type { ServeAddress } from './serve-addresses.ts';

/** Kinds that `--only` may name; the info port is always there. */
export type Servable = 'mqtt' | 'stun' | 'turn' | 'ntp' | 'pnp';

/** STUN has the next port too (RFC 5780). */
export type ServePorts = Readonly<Record<Exclude<ServerKind, 'turn'>, number>>;

export interface ServicesTask {
  readonly io: Io;
  readonly ports: ServePorts;
  readonly only: readonly Servable[];
  readonly identity: Identity;
  readonly addresses: readonly ServeAddress[];
  /** Where names are kept. */
  readonly store: StoreChoice;
  readonly report: (use: ServerUse) => void;
  /** Something is different from what was asked for, and goes on. */
  readonly warn: (text: string) => void;
  /** What `/health` says of a kind without connections. */
  readonly counts: (kind: ServerKind) => object;
}

export interface Services {
  /** Where it runs, the best first. */
  readonly ips: readonly string[];
  readonly offer: Offer;
  /** By kind, in the order in which they are shown. */
  readonly endpoints: ReadonlyMap<ServerKind, readonly string[]>;
  /** The name server; null where there is none. */
  readonly pnp: RunningPnpServer | null;
  close(): Promise<void>;
}

/** Servers of which more is known than that they run. */
interface Running {
  broker: RunningBroker | null;
  pnp: RunningPnpServer | null;
}

/**
 * @throws P2pdError PORT_TAKEN, USAGE for an address that is not of this machine, NO_INTERFACE, STATE_UNUSABLE
 *   for the names' store
 */
export async function openServices(task: ServicesTask): Promise<Services> {
  const open: RunningServer[] = [];
  const close = async () => {
    await Promise.all(open.map((server) => server.close()));
  };
  const ips: string[] = [];
  const runs = (kind: Exclude<Servable, 'turn'>) => (task.only.includes(kind) ? task.ports[kind] : null);
  const offer = {
    addresses: ips,
    ports: { mqtt: runs('mqtt'), stun: runs('stun'), ntp: runs('ntp'), pnp: runs('pnp') },
    publicKey: encodeBase16(task.identity.publicKey),
    relay: relayOf(task),
  };
  const running: Running = { broker: null, pnp: null };
  try {
    const startedAt = task.io.now();
    ips.push(...(await openInfo(task, offer, () => healthOf(task, running, startedAt), open)));
    await openRest(task, ips, running, open);
  } catch (error) {
    await close();
    throw error;
  }
  const kinds = [
    ...(['mqtt', 'stun', 'turn', 'ntp', 'pnp'] as const).filter((kind) => task.only.includes(kind)),
    'info',
  ] as const;
  const endpoints = kinds.map(
    (kind) =>
      [
        kind,
        ips.map((ip) => formatEndpoint({ ip, port: task.ports[kind === 'turn' ? 'stun' : kind] })),
      ] as const,
  );
  return { ips, offer, endpoints: new Map(endpoints), pnp: running.pnp, close };
}

/** @returns the addresses that can be used, in their order */
async function openInfo(
  task: ServicesTask,
  offer: Offer,
  health: () => object,
  open: RunningServer[],
): Promise<readonly string[]> {
  const { io, identity, ports, report } = task;
  const answers = new InfoAnswers({
    io,
    identity,
    servers: (reached) => serversFor(offer, reached),
    health,
    report,
  });
  const opening = await Promise.allSettled(
    task.addresses.map(({ ip }) => startInfoServer({ io, local: { ip, port: ports.info }, answers })),
  );
  open.push(...opening.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : [])));
  const usable: string[] = [];
  let fault: unknown = new P2pdError('NO_INTERFACE', 'this machine has no address of the families asked for');
  for (const [index, { ip, isNamed }] of task.addresses.entries()) {
    const result = opening[index];
    if (result?.status === 'fulfilled') usable.push(ip);
    else if (result !== undefined) {
      fault = portFault('info', result.reason);
      if (isNamed || codeOf(result.reason) === 'EADDRINUSE') throw fault;
      task.warn(`not served at ${ip}: ${reasonOf(result.reason)}`);
    }
  }
  if (usable.length === 0) throw fault;
  return usable;
}

async function openRest(
  task: ServicesTask,
  ips: readonly string[],
  running: Running,
  open: RunningServer[],
): Promise<void> {
  const { io, ports, only, report } = task;
  const at = (kind: keyof ServePorts) => ips.map((ip) => ({ ip, port: ports[kind] }));
  const starters: Readonly<Record<Exclude<Servable, 'turn'>, () => Promise<RunningServer>>> = {
    mqtt: async () => {
      running.broker = await startBroker({ io, locals: at('mqtt'), report });
      return running.broker;
    },
    stun: () => openStun(task, at('stun')),
    ntp: () => startNtpServer({ io, locals: at('ntp'), report }),
    pnp: async () => {
      running.pnp = await openNames(task, at('pnp'));
      return running.pnp;
    },
  };
  const starting = await Promise.allSettled(
    // The relay shares the STUN server's port.
    [...new Set(only.map((kind) => (kind === 'turn' ? 'stun' : kind)))].map(async (kind) => {
      open.push(
        await starters[kind]().catch((error: unknown) => {
          throw portFault(kind, error);
        }),
      );
    }),
  );
  for (const result of starting) if (result.status === 'rejected') throw result.reason;
}

async function openStun(task: ServicesTask, udp: readonly Endpoint[]): Promise<RunningServer> {
  const { io, identity, ports, only, report } = task;
  const relay = only.includes('turn') ? new TurnServer({ io, secret: relaySecret(identity), report }) : null;
  const others = relay && { takes: isTurn, serve: relay.serve.bind(relay) };
  const stun = await startStunServer({ io, udp, alternatePort: ports.stun + 1, tcp: true, report, others });
  return {
    close: async () => {
      await Promise.all([stun.close(), relay?.close()]);
    },
  };
}

function relayOf({ io, identity, ports, only }: ServicesTask): Offer['relay'] {
  if (!only.includes('turn')) return null;
  const secret = relaySecret(identity);
  const credentials = () => {
    const until = (io.wallClock() + TURN_LIMITS.credentialLife) / 1000;
    return limitedCredentials(secret, until, encodeBase16(io.randomBytes(4)));
  };
  return { port: ports.stun, credentials };
}

/** The same after a restart: what was handed out stays good. */
function relaySecret(identity: Identity): Uint8Array {
  return identity.withSecret(
    (secret) => new Uint8Array(createHmac('sha256', secret).update('relay').digest()),
  );
}

async function openNames(
  { io, identity, store: choice, report, warn }: ServicesTask,
  locals: readonly Endpoint[],
): Promise<RunningPnpServer> {
  const [curve, store] = await Promise.all([fastestCurve(), openNameStore(io, choice, warn)]);
  return startPnpServer({ io, locals, identity, curve, store, report, warn });
}

function healthOf({ io, only, counts }: ServicesTask, { broker, pnp }: Running, startedAt: number): object {
  const others = only
    .filter((kind) => kind !== 'mqtt')
    .map((kind) => [kind, { ...counts(kind), ...(kind === 'pnp' ? latelyOf(pnp) : {}) }]);
  const { connections = 0, messages = 0 } = broker?.stats() ?? {};
  return {
    status: 'ok',
    uptime: Math.round((io.now() - startedAt) / 1000),
    services: {
      ...(only.includes('mqtt') ? { mqtt: { connections, messages } } : {}),
      ...Object.fromEntries(others),
    },
  };
}

/** How the name server did in the last minute in which it was asked. */
function latelyOf(pnp: RunningPnpServer | null): object {
  if (!pnp?.latest) return {};
  const { names, requestsPerSecond, p50, p99, refused } = pnp.latest;
  return { names, requestsPerSecond, p50, p99, refusals: refused };
}

/** The system's errors of listening, in words; anything else as it is. */
function portFault(kind: ServerKind, error: unknown): unknown {
  const { port, address } = error instanceof Error ? ({ ...error } as Readonly<Record<string, unknown>>) : {};
  const place = `port ${port} (${kind}) at ${address}`;
  const hint = `name another one with --ports ${kind}=N`;
  switch (codeOf(error)) {
    case 'EADDRINUSE':
      return new P2pdError('PORT_TAKEN', `${place} is taken; perhaps a serve runs here already`, {
        hint,
        cause: error,
      });
    case 'EACCES':
      return new P2pdError('PORT_TAKEN', `${place} may not be opened by this user`, { hint, cause: error });
    case 'EADDRNOTAVAIL':
      return new P2pdError('USAGE', `${address} is no address of this machine`, {
        hint: 'p2pd-demo interfaces lists them',
        cause: error,
      });
    default:
      return error;
  }
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : '';
}
