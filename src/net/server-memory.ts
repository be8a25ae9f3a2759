/**
 * Which servers answered last time: those are asked first, dead ones last. Kept as JSON in the state
 * directory; a damaged file is as none.
 */
import * as v from 'valibot';
import type { ServerList } from './servers.ts';
import type { StateFiles } from './state-files.ts';

const FILE = 'servers-seen.json';
const VERSION = 1;
const MAX_ENTRIES = 256;
/** ms: what was long ago says nothing. */
const FORGET_AFTER = 30 * 86_400_000;

const schema = v.object({
  version: v.literal(VERSION),
  seen: v.pipe(
    v.array(
      v.object({ server: v.pipe(v.string(), v.maxLength(300)), answered: v.boolean(), at: v.number() }),
    ),
    v.maxLength(MAX_ENTRIES),
  ),
});

type Seen = v.InferOutput<typeof schema>['seen'];
/** Kinds that outcomes are kept of. */
type Kind = 'stun' | 'mqtt' | 'ntp';

export interface Outcome {
  readonly answered: readonly { readonly server: string }[];
  readonly failed: readonly { readonly server: string }[];
}

/** Each kind in the list's order: those that answered, those not known, those that did not. */
export async function orderByMemory(list: ServerList, files: StateFiles): Promise<ServerList> {
  const seen = new Map((await load(files)).map(({ server, answered }) => [server, answered]));
  const order = <T>(kind: Kind, servers: readonly T[], nameOf: (server: T) => string): T[] => {
    const standing = (server: T) => seen.get(`${kind} ${nameOf(server)}`) ?? null;
    return [true, null, false].flatMap((answered) =>
      servers.filter((server) => standing(server) === answered),
    );
  };
  const hostPort = ({ host, port }: { host: string; port: number }) =>
    host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
  return {
    ...list,
    stun: order('stun', list.stun, hostPort),
    mqtt: order('mqtt', list.mqtt, (url) => url),
    ntp: order('ntp', list.ntp, hostPort),
  };
}

/** Outcomes are noted one after the other: each reads what the one before has written. */
let noting: Promise<void> = Promise.resolve();

/** @param now Unix ms */
export function noteOutcome(files: StateFiles, kind: Kind, outcome: Outcome, now: number): Promise<void> {
  noting = noting.then(() => note(files, kind, outcome, now)).catch(() => undefined);
  return noting;
}

async function note(
  files: StateFiles,
  kind: Kind,
  { answered, failed }: Outcome,
  now: number,
): Promise<void> {
  // Where none answers the network is down: that says nothing of the servers.
  if (answered.length === 0) return;
  const fresh = [
    ...answered.map(({ server }) => ({ server: `${kind} ${server}`, answered: true, at: now })),
    ...failed.map(({ server }) => ({ server: `${kind} ${server}`, answered: false, at: now })),
  ];
  const names = new Set(fresh.map(({ server }) => server));
  const before = await load(files);
  const old = before.filter(({ server, at }) => !names.has(server) && now - at < FORGET_AFTER);
  const standing = new Map(before.map((entry) => [entry.server, entry]));
  const same = fresh.every(({ server, answered: now_ }) => standing.get(server)?.answered === now_);
  const aged = fresh.some(({ server }) => now - (standing.get(server)?.at ?? 0) > FORGET_AFTER / 2);
  if (same && !aged) return;
  const seen: Seen = [...fresh, ...old].slice(0, MAX_ENTRIES);
  await files.write(FILE, `${JSON.stringify({ version: VERSION, seen })}\n`);
}

async function load(files: StateFiles): Promise<Seen> {
  const text = await files.read(FILE);
  if (text === null) return [];
  try {
    return v.parse(schema, JSON.parse(text)).seen;
  } catch {
    return [];
  }
}
