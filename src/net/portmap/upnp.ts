/**
 * A router's UPnP Internet Gateway Device: found by SSDP, asked by SOAP (UPnP IGD 1 and 2: WANIPConnection,
 * WANPPPConnection, WANIPv6FirewallControl). Effects through Io; nobody but the router is asked anything.
 */
import { deferred } from '../deferred.ts';
import type { Io } from '../io/io.ts';
import { type Endpoint, formatEndpoint } from '../wire/endpoint.ts';
import { canonicalIp, familyOf, sameSubnet, withoutScope } from '../wire/ip.ts';
import {
  decodeAnswer,
  decodeDescription,
  decodeSearchAnswer,
  encodeAction,
  encodeSearch,
  MAX_DOCUMENT,
} from './upnp-text.ts';

const SSDP_PORT = 1900;
const GROUPS = { 4: '239.255.255.250', 6: 'ff02::c' } as const;
const DEVICE = 'urn:schemas-upnp-org:device:InternetGatewayDevice:1';
/** ms between two searches, and until none is waited for any more. */
const SEARCHES = [400, 800, 1_300] as const;
/** ms for one HTTP answer. */
const HTTP_LIMIT = 3_000;
const DESCRIPTION = 'p2pd-demo';

/** Where services are that map ports, or open them in a firewall. */
const MAPPERS = [
  'urn:schemas-upnp-org:service:WANIPConnection:2',
  'urn:schemas-upnp-org:service:WANIPConnection:1',
  'urn:schemas-upnp-org:service:WANPPPConnection:1',
] as const;
const FIREWALL = 'urn:schemas-upnp-org:service:WANIPv6FirewallControl:1';

/** A machine and its router on one link. */
export interface UpnpSide {
  readonly io: Io;
  /** The interface's system name: a scope where addresses are link-local. */
  readonly interface: string;
  /** Own address, which is to be reached. */
  readonly local: string;
  /** Bits of the link's prefix. */
  readonly prefix: number;
  /** Of the interface, for IPv6; null: it has none. */
  readonly linkLocal: string | null;
  readonly gateway: string;
  readonly signal: AbortSignal;
}

/** One service of the router. */
export interface UpnpControl {
  readonly service: string;
  readonly url: string;
}

/** What a router refuses with a number (UPnP Device Architecture §3.2.2, IGD). */
export class UpnpError extends Error {
  readonly code: number;

  constructor(code: number, description: string) {
    super(`the router refuses: ${description || 'no reason'} (UPnP error ${code})`);
    this.code = code;
  }
}

/** @throws Error in words where the router has none */
export async function findUpnp(side: UpnpSide): Promise<UpnpControl> {
  const location = await search(side);
  const { status, body } = await inTime(side, (signal) => side.io.httpGet(location, MAX_DOCUMENT, signal));
  if (status !== 200) throw new Error(`its description answers ${status}`);
  const { base, services } = decodeDescription(Buffer.from(body).toString('utf8'));
  const wanted = familyOf(side.local) === 4 ? MAPPERS : [FIREWALL];
  for (const type of wanted) {
    const service = services.find((one) => one.type === type);
    if (service === undefined) continue;
    const url = urlOf(service.controlUrl, base ?? location, location);
    if (!isRouter(url, side)) throw new Error('it names another machine than itself');
    return { service: type, url };
  }
  throw new Error('it maps no ports');
}

/** Maps a TCP port. @throws UpnpError, or the system's error */
export async function addPortMapping(
  side: UpnpSide,
  control: UpnpControl,
  { internalPort, externalPort, lifetime }: { internalPort: number; externalPort: number; lifetime: number },
): Promise<void> {
  await act(side, control, 'AddPortMapping', [
    ['NewRemoteHost', ''],
    ['NewExternalPort', externalPort],
    ['NewProtocol', 'TCP'],
    ['NewInternalPort', internalPort],
    ['NewInternalClient', side.local],
    ['NewEnabled', 1],
    ['NewPortMappingDescription', DESCRIPTION],
    ['NewLeaseDuration', lifetime],
  ]);
}

/** @throws as `addPortMapping` */
export async function deletePortMapping(
  side: UpnpSide,
  control: UpnpControl,
  externalPort: number,
): Promise<void> {
  await act(side, control, 'DeletePortMapping', [
    ['NewRemoteHost', ''],
    ['NewExternalPort', externalPort],
    ['NewProtocol', 'TCP'],
  ]);
}

/** @throws as `addPortMapping`; Error where it names none */
export async function externalAddress(side: UpnpSide, control: UpnpControl): Promise<string> {
  const answer = await act(side, control, 'GetExternalIPAddress', []);
  const ip = canonicalIp(answer.get('newexternalipaddress') ?? '');
  if (ip === null) throw new Error('the router names no outer address');
  return ip;
}

/** Opens an own IPv6 port to everybody. @returns by what the router knows it. @throws as `addPortMapping` */
export async function addPinhole(
  side: UpnpSide,
  control: UpnpControl,
  { internalPort, lifetime }: { internalPort: number; lifetime: number },
): Promise<string> {
  const answer = await act(side, control, 'AddPinhole', [
    ['RemoteHost', ''],
    ['RemotePort', 0],
    ['InternalClient', side.local],
    ['InternalPort', internalPort],
    ['Protocol', 6],
    ['LeaseTime', lifetime],
  ]);
  return answer.get('uniqueid') ?? '';
}

/** @throws as `addPortMapping` */
export async function deletePinhole(side: UpnpSide, control: UpnpControl, id: string): Promise<void> {
  await act(side, control, 'DeletePinhole', [['UniqueID', id]]);
}

async function act(
  side: UpnpSide,
  { service, url }: UpnpControl,
  action: string,
  values: Parameters<typeof encodeAction>[2],
): Promise<ReadonlyMap<string, string>> {
  const post = {
    headers: { 'content-type': 'text/xml; charset="utf-8"', soapaction: `"${service}#${action}"` },
    body: new TextEncoder().encode(encodeAction(service, action, values)),
    local: side.local,
  };
  const { status, body } = await inTime(side, (signal) => side.io.httpPost(url, post, MAX_DOCUMENT, signal));
  const answer = decodeAnswer(Buffer.from(body).toString('utf8'));
  const code = Number(answer.get('errorcode') ?? Number.NaN);
  if (Number.isInteger(code)) throw new UpnpError(code, answer.get('errordescription') ?? '');
  if (status !== 200) throw new Error(`the router answers ${status}`);
  return answer;
}

/** Where the router describes itself: it is asked itself, and all that listen on the link. */
async function search(side: UpnpSide): Promise<string> {
  const { io, gateway, local, linkLocal, signal } = side;
  const family = familyOf(local);
  const scope = family === 6 ? `%${side.interface}` : '';
  const from = family === 4 ? local : linkLocal;
  if (from === null) throw new Error('there is no link-local address to ask from');
  const found = deferred<string>();
  const done = new AbortController();
  const stop = AbortSignal.any([signal, done.signal]);
  const socket = await io.openUdp(
    { ip: from + scope, port: 0 },
    {
      datagram: (bytes, remote) => {
        const location = withoutScope(remote.ip) === withoutScope(gateway) ? decodeSearchAnswer(bytes) : null;
        if (location !== null && isRouter(location, side)) found.resolve(scoped(location, scope));
      },
    },
  );
  const group: Endpoint = { ip: GROUPS[family] + scope, port: SSDP_PORT };
  const question = encodeSearch(formatEndpoint({ ...group, ip: GROUPS[family] }), DEVICE);
  const asking = (async () => {
    for (const pause of SEARCHES) {
      if (stop.aborted) return null;
      for (const to of [group, { ip: gateway, port: SSDP_PORT }]) socket.send(question, to);
      await io.sleepUntil(io.now() + pause, stop);
    }
    return null;
  })();
  try {
    const location = await Promise.race([found.promise, asking]);
    signal.throwIfAborted();
    if (location === null) throw new Error('no answer');
    return location;
  } finally {
    done.abort();
    await asking;
    socket.close();
  }
}

/** Whether a URL leads to the router: the gateway's address, or over IPv6 another one of the link that it names itself. */
function isRouter(url: string, { gateway, local, prefix }: UpnpSide): boolean {
  const host = hostOf(url);
  if (host === null || host === local) return false;
  if (host === withoutScope(gateway)) return true;
  return familyOf(local) === 6 && familyOf(host) === 6 && sameSubnet(host, local, prefix);
}

function hostOf(url: string): string | null {
  try {
    const { protocol, hostname } = new URL(url.replace(/%[^\]]*\]/, ']'));
    return protocol === 'http:' ? canonicalIp(hostname.replace(/^\[|\]$/g, '')) : null;
  } catch {
    return null;
  }
}

/** A link-local address means something only together with its interface. */
function scoped(url: string, scope: string): string {
  return url.replace(/^(http:\/\/\[fe80:[^\]%]*)(?:%[^\]]*)?\]/i, `$1${scope}]`);
}

function urlOf(controlUrl: string, base: string, location: string): string {
  if (/^http:/i.test(controlUrl)) return controlUrl;
  const origin = /^http:\/\/[^/]+/i.exec(base)?.[0] ?? /^http:\/\/[^/]+/i.exec(location)?.[0] ?? '';
  return `${origin}${controlUrl.startsWith('/') ? '' : '/'}${controlUrl}`;
}

async function inTime<T>({ io, signal }: UpnpSide, ask: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const done = new AbortController();
  const over = new AbortController();
  const timer = io.sleepUntil(io.now() + HTTP_LIMIT, AbortSignal.any([signal, done.signal]));
  void timer.then(() => over.abort(new Error('no answer')));
  try {
    return await ask(AbortSignal.any([signal, over.signal]));
  } finally {
    done.abort();
  }
}
