/** Which services a run may use: the built-in ones, those of a file, or those of a machine that runs serve. */
import {
  fetchServers,
  findLocalServe,
  orderByMemory,
  P2pdError,
  PUBLIC_SERVERS,
  parseServersText,
  parseVia,
  readTextFile,
  reasonOf,
  type ServerList,
} from '../../net/index.ts';
import type { Context } from './context.ts';
import { runStep } from './steps.ts';

/** Bytes of a servers file: hundreds of servers. */
const MAX_SERVERS_FILE = 262_144;

/** Faults of files in words. */
const FILE_FAULTS: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such file',
  EACCES: 'it may not be read',
  EISDIR: 'it is a directory',
};

/** @throws P2pdError USAGE for a file or machine that is wrong, NO_SERVICE for a machine that does not answer */
export async function chooseServers(ctx: Context): Promise<ServerList> {
  const choice = ctx.config.servers;
  switch (choice.kind) {
    case 'file':
      return runStep(
        ctx.emit,
        'servers',
        () => readServers(choice.path),
        (list) => describe(list, choice.path),
      );
    case 'via': {
      const via = parseVia(choice.via);
      return runStep(
        ctx.emit,
        'servers',
        () => fetchServers(ctx.io, via, ctx.signal),
        (list) => describe(list, choice.via),
      );
    }
    case 'simulated':
      return runStep(
        ctx.emit,
        'servers',
        async () => choice.list,
        (list) => describe(list, 'the simulated network'),
      );
    case 'public':
      return publicServers(ctx);
  }
}

async function publicServers({ io, emit, signal, files }: Context): Promise<ServerList> {
  const [local, kept] = await Promise.all([findLocalServe(io, signal), files()]);
  const ordered = await orderByMemory(PUBLIC_SERVERS, kept);
  if (local === null) return ordered;
  emit({
    event: 'step',
    name: 'servers',
    state: 'ok',
    detail: 'the public ones, and a serve on this machine',
  });
  return withLocal(ordered, local);
}

/** `2 stun, 1 mqtt, 1 ntp from servers.json`. */
function describe(list: ServerList, from: string): string {
  const kinds = Object.entries(list).filter(([, servers]) => servers.length > 0);
  const counts = kinds.map(([kind, servers]) => `${servers.length} ${kind}`).join(', ');
  return `${counts || 'none'} from ${from}`;
}

async function readServers(path: string): Promise<ServerList> {
  try {
    return parseServersText(await readTextFile(path, MAX_SERVERS_FILE));
  } catch (error) {
    const reason = reasonOf(error);
    throw new P2pdError('USAGE', `cannot use the servers of ${path}: ${FILE_FAULTS[reason] ?? reason}`, {
      cause: error,
      hint: 'see p2pd-demo serve --json for what such a file holds',
    });
  }
}

/**
 * What a serve on this very machine offers besides. Peers on the same network meet at its broker, so
 * that comes first; its STUN and NTP see this machine from within and come last.
 */
function withLocal(all: ServerList, local: ServerList): ServerList {
  return {
    stun: [...all.stun, ...local.stun],
    mqtt: [...local.mqtt, ...all.mqtt],
    ntp: [...all.ntp, ...local.ntp],
    turn: [...all.turn, ...local.turn],
    pnp: [...all.pnp, ...local.pnp],
  };
}
