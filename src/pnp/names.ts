/**
 * Names as a node uses them: registers one with every server, looks one up with all that may have it. The address
 * that a name holds is signed by the key that owns the name, so no server can give another one. Wiring.
 */
import {
  addressBytes,
  addressOf,
  createResolver,
  type Identity,
  type Io,
  type NodeAddress,
  PNP_CLIENT,
  type PnpServer,
  type Resolve,
} from '../net/index.ts';
import { type Answer, type NameServer, PnpClient } from './client.ts';
import { type Curve, nodeCurve } from './curve.ts';
import { placesOf, splitName, type Tld, tldFor } from './nickname.ts';
import { NAME_LIFETIME } from './rules.ts';

export interface NamesTask {
  readonly io: Io;
  readonly curve: Curve;
  readonly identity: Identity;
  readonly servers: readonly PnpServer[];
  readonly resolve: Resolve;
  /** Unix ms, corrected where the node's clock is. */
  readonly wall: () => number;
}

export interface ServerState {
  readonly host: string;
  readonly state: 'found' | 'missing' | 'silent';
}

export type Resolved =
  | {
      readonly kind: 'found';
      /** As a person may paste it. */
      readonly address: NodeAddress;
      readonly bytes: Uint8Array;
      /** Unix seconds. */
      readonly updated: number;
      readonly expires: number;
      readonly servers: readonly ServerState[];
    }
  | { readonly kind: 'missing'; readonly servers: readonly ServerState[] }
  /** Something is there that is no address of this program. */
  | {
      readonly kind: 'foreign';
      readonly what: 'p2pd' | 'forged' | 'other';
      readonly servers: readonly ServerState[];
    }
  | { readonly kind: 'silent'; readonly servers: readonly ServerState[]; readonly reason: string };

export interface Registration {
  /** With its ending; null where no server took it. */
  readonly full: string | null;
  readonly tld: Tld | null;
  readonly servers: readonly { readonly host: string; readonly answer: Answer }[];
  /** Unix seconds, as the servers tell it that have the name; null where nothing is registered. */
  readonly expires: number | null;
}

/** The names of real servers, asked with this program's own curve. */
export function namesAt(task: Omit<NamesTask, 'curve' | 'resolve'>): Names {
  return new Names({ ...task, curve: nodeCurve, resolve: createResolver(task.io) });
}

const bytesOf = (text: string) => new Uint8Array(Buffer.from(text));

export class Names {
  readonly #task: NamesTask;
  readonly #client: PnpClient;
  /** Of each name, the second that was told last: the next one must be later. */
  readonly #updated = new Map<string, number>();

  constructor(task: NamesTask) {
    this.#task = task;
    this.#client = new PnpClient(task);
  }

  /** With every server at once. Never rejects. */
  async register(nickname: string, address: string, signal: AbortSignal): Promise<Registration> {
    const { name } = splitName(nickname);
    const updated = this.#nextSecond(name);
    const question = { name: bytesOf(name), value: addressBytes(address), updated };
    const servers = await this.#find(signal);
    const answers = await Promise.all(servers.map((server) => this.#client.ask(server, question, signal)));
    const took = answers.flatMap(({ kind }, i) => (kind === 'done' ? [i] : []));
    const tld = tldFor(took);
    return {
      full: tld === null ? null : `${name}${tld}`,
      tld,
      servers: servers.map(({ host }, i) => ({ host, answer: answers[i] ?? { kind: 'silent', reason: '' } })),
      expires:
        tld === null
          ? null
          : await this.#expiry(
              name,
              updated,
              took.flatMap((i) => servers[i] ?? []),
              signal,
            ),
    };
  }

  /** A refreshed name lives shorter where its address has many (the penalty): only a fetch tells it. */
  async #expiry(
    name: string,
    updated: number,
    servers: readonly NameServer[],
    signal: AbortSignal,
  ): Promise<number> {
    const question = { name: bytesOf(name), value: null, updated: 0 };
    const answers = await Promise.all(servers.map((server) => this.#client.ask(server, question, signal)));
    const own = this.#task.identity.publicKey;
    const told = answers.flatMap((answer) =>
      answer.kind === 'found' && Buffer.compare(answer.owner, own) === 0 ? [answer.updated] : [],
    );
    return Math.min(updated, ...told) + NAME_LIFETIME;
  }

  /** From every server: it is free for others then. Never rejects. */
  async remove(nickname: string, signal: AbortSignal): Promise<void> {
    const { name } = splitName(nickname);
    const question = { name: bytesOf(name), value: new Uint8Array(0), updated: this.#nextSecond(name) };
    const servers = await this.#find(signal);
    await Promise.all(servers.map((server) => this.#client.ask(server, question, signal)));
  }

  /** The first good answer, or a newer one that comes shortly after it. Never rejects. */
  async resolve(nickname: string, signal: AbortSignal): Promise<Resolved> {
    const { io } = this.#task;
    const { name, tld } = splitName(nickname);
    const all = await this.#find(signal);
    const servers = placesOf(tld, all.length).flatMap((place) => all[place] ?? []);
    const question = { name: bytesOf(name), value: null, updated: 0 };
    const answers = new Map<NameServer, Answer>();
    const done = new AbortController();
    const stop = AbortSignal.any([signal, done.signal]);
    let good: () => void = () => undefined;
    const first = new Promise<void>((resolve) => {
      good = resolve;
    });
    const asking = Promise.all(
      servers.map(async (server) => {
        const answer = await this.#client.ask(server, question, stop);
        if (!done.signal.aborted) answers.set(server, answer);
        if (addressIn(answer) !== null) good();
      }),
    );
    await Promise.race([asking, first.then(() => io.sleepUntil(io.now() + PNP_CLIENT.newerWithin, stop))]);
    done.abort();
    return judge(servers, answers);
  }

  /** Servers of one key are one server. Names of hosts are looked up each time: what failed once may work later. */
  async #find(signal: AbortSignal): Promise<readonly NameServer[]> {
    const { servers, resolve } = this.#task;
    const keys = [...new Set(servers.map(({ publicKey }) => publicKey))];
    return Promise.all(
      keys.map(async (publicKey) => {
        const own = servers.filter((server) => server.publicKey === publicKey);
        const found = await Promise.all(
          own.flatMap(({ host, port }) =>
            ([4, 6] as const).map(async (family) =>
              (await resolve(host, family, AbortSignal.any([signal]))).map((ip) => ({ ip, port })),
            ),
          ),
        );
        const endpoints = found.flat().slice(0, PNP_CLIENT.maxEndpoints);
        return {
          publicKey: new Uint8Array(Buffer.from(publicKey, 'hex')),
          host: own[0]?.host ?? '',
          endpoints,
        };
      }),
    );
  }

  /** Whole seconds, each later than the one before, by the node's corrected clock. */
  #nextSecond(name: string): number {
    const last = this.#updated.get(name) ?? 0;
    const next = Math.max(last + 1, Math.floor(this.#task.wall() / 1000));
    this.#updated.set(name, next);
    return next;
  }
}

function addressIn(answer: Answer): NodeAddress | null {
  if (answer.kind !== 'found') return null;
  const address = addressOf(answer.value);
  // Signed by whom the server calls the owner, or the server lies.
  return address !== null && Buffer.compare(address.publicKey, answer.owner) === 0 ? address : null;
}

function judge(servers: readonly NameServer[], answers: ReadonlyMap<NameServer, Answer>): Resolved {
  const states = servers.map((server): ServerState => {
    const kind = answers.get(server)?.kind;
    return { host: server.host, state: kind === 'found' || kind === 'missing' ? kind : 'silent' };
  });
  const all = [...answers.values()];
  const good = all
    .flatMap((answer) => {
      const address = addressIn(answer);
      return answer.kind === 'found' && address !== null ? [{ ...answer, address }] : [];
    })
    .sort((a, b) => b.address.sequence - a.address.sequence || b.updated - a.updated);
  const [newest] = good;
  if (newest !== undefined) {
    const { address, value, updated } = newest;
    return {
      kind: 'found',
      address,
      bytes: value,
      updated,
      expires: updated + NAME_LIFETIME,
      servers: states,
    };
  }
  const strange = all.find((answer) => answer.kind === 'found');
  if (strange?.kind === 'found')
    return { kind: 'foreign', what: kindOfValue(strange.value), servers: states };
  if (all.some(({ kind }) => kind === 'missing')) return { kind: 'missing', servers: states };
  const silent = all.find((answer) => answer.kind === 'silent');
  return { kind: 'silent', servers: states, reason: silent?.kind === 'silent' ? silent.reason : 'no answer' };
}

function kindOfValue(value: Uint8Array): 'p2pd' | 'forged' | 'other' {
  if (addressOf(value) !== null) return 'forged';
  // P2PD's: signal-v4-v6-nodeid-machineid, the node id 25 hex digits.
  return /^[^-]*-[^-]*-[^-]*-[0-9a-f]{25}-/.test(Buffer.from(value).toString('latin1')) ? 'p2pd' : 'other';
}
