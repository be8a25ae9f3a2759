/**
 * The info port of `serve`: `/servers.json`, which says what this machine offers at which addresses,
 * signed (via.ts reads it), and `/health`. Nothing else, GET only; sockets and their limits are Io's.
 */

import type { Identity } from './identity.ts';
import type { HttpAnswer, HttpQuestion, Io, TcpListener } from './io/io.ts';
import { INFO_BURST, INFO_RATE, INFO_TOTAL_BURST, INFO_TOTAL_RATE, MAX_OFFERED_ADDRESSES } from './limits.ts';
import type { RunningServer, ServerUse } from './server-use.ts';
import type { ServerList } from './servers.ts';
import { formatServers } from './servers-file.ts';
import { clientKey } from './stun/client-key.ts';
import { TokenBuckets } from './token-bucket.ts';
import type { Credentials } from './turn/credentials.ts';
import { KEY_HEADER, SERVERS_PATH, SIGNATURE_HEADER, signedServers } from './via.ts';
import { decodeBase16, encodeBase16 } from './wire/base16.ts';
import { type Endpoint, formatEndpoint } from './wire/endpoint.ts';
import { reachOf } from './wire/ip.ts';

const HEALTH_PATH = '/health';
/** Addresses whose questions are counted at the same time. */
const MAX_CLIENTS = 1_024;
const QUESTION = new RegExp(
  `^(${SERVERS_PATH.replace('.', '[.]')}|${HEALTH_PATH})(?:\\?nonce=([0-9a-f]{32}))?$`,
);

/** What runs on this machine. */
export interface Offer {
  /** Where, the best first. */
  readonly addresses: readonly string[];
  /** null: it does not run. */
  readonly ports: Readonly<Record<'mqtt' | 'stun' | 'ntp' | 'pnp', number | null>>;
  /** Of the name server: 66 hex digits. */
  readonly publicKey: string;
  /** Makes credentials of the relay, which is at the STUN port; @default none */
  readonly relay?: { readonly port: number; readonly credentials: () => Credentials } | null | undefined;
}

/**
 * What one who reached us by an address may use, that address first. Node addresses that are made of
 * it must work for others, so loopback is left out unless there is nothing else.
 *
 * @param reached null: nobody in particular asks
 */
export function serversFor(
  { addresses, ports, publicKey, relay }: Offer,
  reached: string | null,
): ServerList {
  const all = outwardAddresses(addresses);
  const first = all.filter((ip) => ip === reached);
  const ips = [...first, ...all.filter((ip) => ip !== reached)].slice(0, MAX_OFFERED_ADDRESSES);
  const credentials = relay?.credentials() ?? { username: '', credential: '' };
  const at = <T>(port: number | null, make: (ip: string, port: number) => T): readonly T[] =>
    port === null ? [] : ips.map((ip) => make(ip, port));
  return {
    stun: at(ports.stun, (host, port) => ({ host, port, tcp: true })),
    mqtt: at(ports.mqtt, (ip, port) => `mqtt://${formatEndpoint({ ip, port })}`),
    ntp: at(ports.ntp, (host, port) => ({ host, port })),
    turn: at(relay?.port ?? null, (ip, port) => ({
      url: `turn:${formatEndpoint({ ip, port })}?transport=tcp`,
      ...credentials,
    })),
    pnp: at(ports.pnp, (host, port) => ({ host, port, publicKey })),
  };
}

/** Those of a machine that others may reach; loopback where there is nothing else. */
export function outwardAddresses(addresses: readonly string[]): readonly string[] {
  const outward = addresses.filter((ip) => reachOf(ip) !== 'loopback');
  return outward.length > 0 ? outward : addresses;
}

export interface InfoServerTask {
  readonly io: Io;
  /** One address; concrete. */
  readonly local: Endpoint;
  readonly answers: InfoAnswers;
}

/** @throws the system's error when the port is taken or the address is not there */
export async function startInfoServer({ io, local, answers }: InfoServerTask): Promise<RunningServer> {
  const listener: TcpListener = await io.serveHttp(local, (question) => answers.answer(question));
  return { close: () => listener.close() };
}

interface InfoTask {
  readonly io: Io;
  readonly identity: Identity;
  readonly servers: (reached: string) => ServerList;
  readonly health: () => object;
  readonly report: (use: ServerUse) => void;
}

/** What is answered on every address alike; limits hold for all of them together. */
export class InfoAnswers {
  readonly #task: InfoTask;
  readonly #each = new TokenBuckets({ rate: INFO_RATE, burst: INFO_BURST, maxKeys: MAX_CLIENTS });
  readonly #all = new TokenBuckets({ rate: INFO_TOTAL_RATE, burst: INFO_TOTAL_BURST, maxKeys: 1 });

  constructor(task: InfoTask) {
    this.#task = task;
  }

  /** Never throws. */
  answer({ path, local, remote }: HttpQuestion): HttpAnswer {
    const [, page, nonce = ''] = QUESTION.exec(path) ?? [];
    if (page === undefined) {
      this.#tell(remote.ip, 'error', 'a page that there is not');
      return plain(404, 'there is /servers.json and /health');
    }
    const now = this.#task.io.now();
    if (!this.#each.take(clientKey(remote.ip), now) || !this.#all.take('', now)) {
      this.#tell(remote.ip, 'refused', 'too many questions');
      return plain(503, 'too many questions');
    }
    this.#tell(remote.ip, 'request');
    if (page === HEALTH_PATH) return json(this.#task.health());
    return this.#signed(local.ip, decodeBase16(nonce) ?? new Uint8Array(0));
  }

  #signed(reached: string, nonce: Uint8Array): HttpAnswer {
    const { identity, servers } = this.#task;
    const answer = json(formatServers(servers(reached)));
    const signature = identity.sign(signedServers(nonce, answer.body));
    return {
      ...answer,
      headers: {
        ...answer.headers,
        [KEY_HEADER]: encodeBase16(identity.publicKey),
        [SIGNATURE_HEADER]: encodeBase16(signature),
      },
    };
  }

  #tell(client: string, what: ServerUse['what'], detail?: string): void {
    this.#task.report({ kind: 'info', client, what, ...(detail === undefined ? {} : { detail }) });
  }
}

function json(value: object): HttpAnswer {
  return {
    status: 200,
    headers: { 'content-type': 'application/json', 'cache-control': 'no-store' },
    body: new TextEncoder().encode(`${JSON.stringify(value)}\n`),
  };
}

function plain(status: number, text: string): HttpAnswer {
  return { status, headers: { 'content-type': 'text/plain' }, body: new TextEncoder().encode(`${text}\n`) };
}
