/**
 * The server list of a machine that runs `serve`, asked for by whoever names that machine (`--via`)
 * or runs on it. What it says is signed; the key's first digits, where given, tell it from another.
 */
import { P2pdError, reasonOf } from './errors.ts';
import { PUBLIC_KEY_LENGTH, SIGNATURE_LENGTH, verifySignature } from './identity.ts';
import type { HttpAnswer, Io } from './io/io.ts';
import { createResolver } from './resolve.ts';
import type { HostPort, ServerList } from './servers.ts';
import { parseServers } from './servers-file.ts';
import { LOCAL_SERVE_TIMEOUT, MAX_SERVERS_ANSWER, VIA_TIMEOUT } from './timing.ts';
import { decodeBase16, encodeBase16 } from './wire/base16.ts';
import { formatEndpoint } from './wire/endpoint.ts';
import { canonicalIp, withoutScope } from './wire/ip.ts';

/** Where `serve` tells what it offers, unless `--ports` says otherwise. */
const INFO_PORT = 5380;
export const SERVERS_PATH = '/servers.json';
export const KEY_HEADER = 'p2pd-demo-key';
export const SIGNATURE_HEADER = 'p2pd-demo-signature';
/** Bytes of the number by which an answer is known to be fresh. */
export const NONCE_LENGTH = 16;
/** Digits of the key in the command that `serve` prints. */
const KEY_PREFIX_LENGTH = 16;

/** Addresses of one name that are asked at once. */
const MAX_ADDRESSES = 4;
const DOMAIN = 'p2pd-demo servers 1\0';
/** RFC 1123 §2.1, and underscores, which some home networks have; no number at the end, or it is a mistyped IPv4. */
const HOST_NAME = /^(?!.*[.-]{2})[a-z0-9_]([\w.-]{0,251}[\w.])?$/i;

/** A machine that runs `serve`, as a person names it. */
export interface Via extends HostPort {
  /** At least the first 16 hex digits of its key; null: whichever it has. */
  readonly key: string | null;
}

/**
 * `HOST[:PORT][#KEY]`: a name, an IPv4, or an IPv6 in brackets or bare.
 *
 * @throws P2pdError USAGE
 */
export function parseVia(text: string): Via {
  const [place = '', ...keys] = text.trim().split('#');
  const key = keys.join('#').toLowerCase();
  if (keys.length > 0 && !/^[0-9a-f]{16,66}$/.test(key)) {
    throw usage(text, 'after # stand the 16 hex digits that serve prints');
  }
  const { host, port } = splitPort(place);
  const number = port === null ? INFO_PORT : Number(port);
  if (!(number >= 1 && number <= 65_535)) throw usage(text, `${port} is no port`);
  return { host: checkHost(text, host), port: number, key: keys.length === 0 ? null : key };
}

/** What `parseVia` reads, with as much of the key as people compare; the port only where it is another than usual. */
export function formatVia({ host, port, key }: Via): string {
  const usual = port === INFO_PORT;
  const place = usual ? host : host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
  return key === null ? place : `${place}#${key.slice(0, KEY_PREFIX_LENGTH)}`;
}

function splitPort(place: string): { host: string; port: string | null } {
  const bracketed = /^\[([^\]]*)\](?::(\d{1,5}))?$/.exec(place);
  if (bracketed !== null) return { host: bracketed[1] ?? '', port: bracketed[2] ?? null };
  const [host = '', port = null, ...more] = place.split(':');
  if (more.length > 0) return { host: place, port: null };
  return { host, port };
}

function checkHost(text: string, host: string): string {
  if (host.includes(':') || /(^|\.)\d+\.?$/.test(host)) {
    const ip = canonicalIp(host);
    if (ip === null || withoutScope(ip) !== ip) throw usage(text, `"${host}" is no IP address`);
    return ip;
  }
  if (!HOST_NAME.test(host)) throw usage(text, `"${host}" is no name of a machine`);
  return host.toLowerCase();
}

function usage(text: string, why: string): P2pdError {
  return new P2pdError('USAGE', `cannot use --via ${JSON.stringify(text)}: ${why}`, {
    hint: 'copy what serve prints: HOST, HOST:PORT or HOST#KEY',
  });
}

/** What the serve key signs: this body is the answer to this nonce (empty where the asker sent none). */
export function signedServers(nonce: Uint8Array, body: Uint8Array): Uint8Array {
  return new Uint8Array(Buffer.concat([Buffer.from(DOMAIN, 'latin1'), nonce, body]));
}

interface Answered {
  readonly answer: HttpAnswer;
  /** As sent; empty: none. */
  readonly nonce: Uint8Array;
  readonly key: string | null;
}

/**
 * The document of an answer whose signature fits: where there is one, or a key was given.
 *
 * @throws P2pdError VIA_KEY for another key or a signature that does not fit, NO_SERVICE for what is no server list
 */
export function verifyServers({ answer, nonce, key }: Answered): unknown {
  if (answer.status !== 200) throw unusable(`it answered with HTTP status ${answer.status}`);
  if (answer.body.length > MAX_SERVERS_ANSWER)
    throw unusable(`its answer is longer than ${MAX_SERVERS_ANSWER} bytes`);
  checkSignature({ answer, nonce, key });
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(answer.body));
  } catch (error) {
    throw unusable('its answer is no JSON', error);
  }
}

function checkSignature({ answer: { headers, body }, nonce, key }: Answered): void {
  const told = headers[KEY_HEADER];
  const signed = headers[SIGNATURE_HEADER];
  if (told === undefined && signed === undefined) {
    if (key !== null) throw wrongKey('it does not tell any key');
    return;
  }
  const publicKey = bytesOf(told, PUBLIC_KEY_LENGTH);
  const signature = bytesOf(signed, SIGNATURE_LENGTH);
  if (publicKey === null || signature === null) throw wrongKey('its key or signature is damaged');
  const digits = encodeBase16(publicKey);
  if (key !== null && !digits.startsWith(key))
    throw wrongKey(`its key begins with ${digits.slice(0, KEY_PREFIX_LENGTH)}`);
  if (!verifySignature(publicKey, signedServers(nonce, body), signature))
    throw wrongKey('its signature does not fit');
}

function bytesOf(hex: string | undefined, length: number): Uint8Array | null {
  const bytes = hex === undefined || hex.length !== 2 * length ? null : decodeBase16(hex);
  return bytes?.length === length ? bytes : null;
}

const wrongKey = (why: string) => new P2pdError('VIA_KEY', `this is not the serve that was named: ${why}`);

function unusable(why: string, cause?: unknown): P2pdError {
  return new P2pdError('NO_SERVICE', `no serve of p2pd-demo answers there: ${why}`, {
    cause,
    hint: 'check that p2pd-demo serve runs there',
  });
}

/**
 * What a machine that was named offers. All addresses of a name are asked at once.
 *
 * @throws P2pdError VIA_KEY, NO_SERVICE; the signal's reason when it aborts
 */
export async function fetchServers(io: Io, via: Via, signal: AbortSignal): Promise<ServerList> {
  const place = via.host.includes(':') ? `[${via.host}]:${via.port}` : `${via.host}:${via.port}`;
  return within(io, VIA_TIMEOUT, signal, async (limit) => {
    const resolve = createResolver(io);
    const found = await Promise.all([resolve(via.host, 4, limit), resolve(via.host, 6, limit)]);
    const addresses = found.flatMap((ips) => ips.slice(0, MAX_ADDRESSES / 2));
    if (addresses.length === 0 && !limit.aborted)
      throw new P2pdError('NO_SERVICE', `${via.host} has no address`, {
        hint: "give the machine's IP address, as serve prints it",
      });
    return askAll(io, { ...via, addresses }, limit).catch((error: unknown) => {
      if (error instanceof P2pdError) throw error;
      const why = limit.aborted ? `nothing within ${VIA_TIMEOUT / 1000} s` : reasonOf(error);
      throw new P2pdError('NO_SERVICE', `no serve answers at ${place}: ${why}`, {
        cause: error,
        hint: `check that p2pd-demo serve runs there and that its firewall lets TCP port ${via.port} in`,
      });
    });
  });
}

/** What a serve on this very machine offers; null where there is none. Never throws. */
export async function findLocalServe(io: Io, signal: AbortSignal): Promise<ServerList | null> {
  const addresses = ['127.0.0.1', '::1'];
  const ask = (limit: AbortSignal) => askAll(io, { port: INFO_PORT, key: null, addresses }, limit);
  return within(io, LOCAL_SERVE_TIMEOUT, signal, ask).catch(() => null);
}

interface Question {
  readonly addresses: readonly string[];
  readonly port: number;
  readonly key: string | null;
}

/** The first good answer of any address; of faults, the one that tells most. */
async function askAll(io: Io, { addresses, port, key }: Question, signal: AbortSignal): Promise<ServerList> {
  try {
    return await Promise.any(addresses.map((ip) => ask(io, formatEndpoint({ ip, port }), key, signal)));
  } catch (error) {
    const faults: unknown[] = error instanceof AggregateError ? error.errors : [error];
    const telling = faults.filter((fault) => fault instanceof P2pdError);
    throw telling.find(({ code }) => code === 'VIA_KEY') ?? telling[0] ?? faults[0] ?? error;
  }
}

async function ask(io: Io, place: string, key: string | null, signal: AbortSignal): Promise<ServerList> {
  const nonce = io.randomBytes(NONCE_LENGTH);
  const url = `http://${place}${SERVERS_PATH}?nonce=${encodeBase16(nonce)}`;
  const answer = await io.httpGet(url, MAX_SERVERS_ANSWER, signal);
  const document = verifyServers({ answer, nonce, key });
  try {
    return parseServers(document);
  } catch (error) {
    throw unusable(reasonOf(error), error);
  }
}

/** @throws the outer signal's reason once that has aborted */
async function within<T>(
  io: Io,
  ms: number,
  signal: AbortSignal,
  action: (limit: AbortSignal) => Promise<T>,
): Promise<T> {
  signal.throwIfAborted();
  const over = new AbortController();
  const limit = new AbortController();
  const give = () => limit.abort();
  signal.addEventListener('abort', give, { once: true });
  void io.sleepUntil(io.now() + ms, over.signal).then(give);
  try {
    return await action(limit.signal);
  } catch (error) {
    signal.throwIfAborted();
    throw error;
  } finally {
    signal.removeEventListener('abort', give);
    // What other addresses are still asked for is given up with it.
    over.abort();
  }
}
