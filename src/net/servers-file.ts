/**
 * The `--servers` file, which is also what a machine that runs `serve` tells (contract: stun, mqtt,
 * ntp, turn, pnp). Reads foreign JSON: every fault names the place and what is expected.
 */
import * as v from 'valibot';
import { P2pdError } from './errors.ts';
import type { HostPort, ServerList, ServersDocument } from './servers.ts';
import { canonicalIp } from './wire/ip.ts';

/** Characters of the whole file. */
const MAX_TEXT = 65_536;
/** Servers of one kind. */
const MAX_SERVERS = 64;
const MAX_HOST = 253;
const STUN_PORT = 3_478;
const NTP_PORT = 123;
const MQTT_PORTS: Readonly<Record<string, number>> = {
  ...{ 'mqtt:': 1_883, 'mqtts:': 8_883 },
  ...{ 'ws:': 80, 'wss:': 443 },
};
/** Of WebSockets. */
const MAX_PATH = 64;
const HOST_NAME = /^(?=.{1,253}$)[a-z0-9_]([a-z0-9_-]{0,62})(\.[a-z0-9_]([a-z0-9_-]{0,62}))*\.?$/i;

const host = v.pipe(
  v.string('must be a text'),
  v.maxLength(MAX_HOST, 'is too long'),
  v.check((text) => isHost(text), 'must be a host name or an IP address'),
);
const port = v.pipe(
  v.number('must be a number'),
  v.check((value) => isPort(value), 'must be 1 to 65535'),
);
const list = <S extends v.GenericSchema>(item: S) =>
  v.optional(
    v.pipe(v.array(item, 'must be a list'), v.maxLength(MAX_SERVERS, `has more than ${MAX_SERVERS} entries`)),
    [],
  );
const word = v.pipe(
  v.string('must be a text'),
  v.regex(/^[\x21-\x7e]{1,512}$/, 'must be 1 to 512 visible characters'),
);

const schema = v.object(
  {
    stun: list(
      v.object(
        {
          host,
          port: v.optional(port, STUN_PORT),
          tcp: v.optional(v.boolean('must be true or false'), false),
        },
        'must be {"host", "port", "tcp"}',
      ),
    ),
    mqtt: list(
      v.pipe(
        word,
        v.check(
          (text) => brokerOf(text) !== null,
          'must be mqtt://host:port, mqtts://host:port, ws://host:port/path or wss://host:port/path',
        ),
      ),
    ),
    ntp: list(
      v.pipe(
        word,
        v.check((text) => hostPortOf(text, NTP_PORT) !== null, 'must be "host" or "host:port"'),
      ),
    ),
    turn: list(
      v.object(
        {
          url: v.pipe(word, v.regex(/^turns?:/, 'must be turn:host:port')),
          username: v.pipe(v.string('must be a text'), v.maxLength(256, 'is too long')),
          credential: v.pipe(v.string('must be a text'), v.maxLength(256, 'is too long')),
        },
        'must be {"url", "username", "credential"}',
      ),
    ),
    pnp: list(
      v.object(
        {
          host,
          port,
          publicKey: v.pipe(v.string('must be a text'), v.regex(/^[0-9a-f]{66}$/i, 'must be 66 hex digits')),
        },
        'must be {"host", "port", "publicKey"}',
      ),
    ),
  },
  'must be an object with lists of stun, mqtt, ntp, turn and pnp',
);

/** @throws P2pdError USAGE that names the place */
export function parseServers(json: unknown): ServerList {
  // valibot takes a list for an object.
  const parsed = v.safeParse(schema, Array.isArray(json) ? null : json);
  if (!parsed.success) {
    const [issue] = parsed.issues;
    const place = v.getDotPath(issue);
    throw new P2pdError('USAGE', `${place === null ? 'it' : place}: ${issue.message}`);
  }
  const { stun, mqtt, ntp, turn, pnp } = parsed.output;
  return {
    stun: stun.map((server) => ({ ...server, host: plainHost(server.host) })),
    mqtt: mqtt.flatMap((text) => brokerOf(text) ?? []),
    ntp: ntp.flatMap((text) => hostPortOf(text, NTP_PORT) ?? []),
    turn,
    pnp: pnp.map((server) => ({ ...server, host: plainHost(server.host) })),
  };
}

/** @throws P2pdError USAGE that says where it is no JSON, or as `parseServers` */
export function parseServersText(text: string): ServerList {
  if (text.length > MAX_TEXT)
    throw new P2pdError('USAGE', `it has ${text.length} characters, at most ${MAX_TEXT} are possible`);
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (error) {
    const reason =
      error instanceof Error ? error.message.replace(/[\s\p{C}]+/gu, ' ').slice(0, 120) : String(error);
    throw new P2pdError('USAGE', `it is no JSON: ${reason}`, { cause: error });
  }
  return parseServers(json);
}

/** What `parseServers` reads. */
export function formatServers(servers: ServerList): ServersDocument {
  const ntp = servers.ntp.map((server) => {
    const name = server.host.includes(':') ? `[${server.host}]` : server.host;
    return server.port === NTP_PORT ? server.host : `${name}:${server.port}`;
  });
  return { ...servers, ntp };
}

function isPort(value: number): boolean {
  return Number.isInteger(value) && value >= 1 && value <= 65_535;
}

function isHost(text: string): boolean {
  return canonicalIp(plainHost(text)) !== null || HOST_NAME.test(text);
}

function plainHost(text: string): string {
  const plain = text.replace(/^\[(.*)\]$/, '$1');
  return canonicalIp(plain) ?? text;
}

/** `host`, `host:port`, `[v6]:port` or a bare IPv6 address; null for anything else. */
function hostPortOf(text: string, standard: number): HostPort | null {
  if (canonicalIp(plainHost(text)) !== null) return { host: plainHost(text), port: standard };
  const match = /^(\[[^\]]+\]|[^:[\]]+)(?::(\d{1,5}))?$/.exec(text);
  const name = plainHost(match?.[1] ?? '');
  const number = match?.[2] === undefined ? standard : Number(match[2]);
  return match !== null && isHost(name) && isPort(number) ? { host: name, port: number } : null;
}

/** The URL with its port and nothing else; null for one that is no broker's, or carries a password. */
function brokerOf(text: string): string | null {
  let url: URL;
  try {
    url = new URL(text);
  } catch {
    return null;
  }
  const standard = MQTT_PORTS[url.protocol];
  const [, target, path = ''] = /^[a-z]+:\/\/([^/?#@]+)(\/[\w./-]*)?$/i.exec(text) ?? [];
  if (standard === undefined || target === undefined || path.length > MAX_PATH) return null;
  const isWeb = url.protocol.startsWith('ws');
  if (!isWeb && path.length > 1) return null;
  const found = hostPortOf(target, standard);
  if (found === null) return null;
  const name = found.host.includes(':') ? `[${found.host}]` : found.host.toLowerCase();
  return `${url.protocol}//${name}:${found.port}${isWeb ? path : ''}`;
}
