/**
 * Default routes per interface and family. On Linux from /proc/net, with no child process;
 * elsewhere through `default-gateway`, loaded only there. Parsers are pure.
 */
import { readFile } from 'node:fs/promises';
import { platform } from 'node:os';
import { decodeBase16 } from '../wire/base16.ts';
import { bytesToIp, canonicalIp, type Family, withoutScope } from '../wire/ip.ts';

/** A default route. */
export interface DefaultRoute {
  readonly family: Family;
  /** The interface's system name. */
  readonly interface: string;
  /** The next hop; null where the link itself is the way (tunnels). */
  readonly gateway: string | null;
  /** The lower, the more the system likes it. */
  readonly metric: number;
}

/** Flags of linux/route.h. */
const RTF_UP = 0x0001;
const RTF_GATEWAY = 0x0002;
const RTF_REJECT = 0x0200;
const NO_NEXT_HOP = '0'.repeat(32);

/** Every default route; none where the system does not tell. */
export async function defaultRoutes(): Promise<readonly DefaultRoute[]> {
  if (platform() !== 'linux') return otherDefaultRoutes();
  const [ipv4, ipv6] = await Promise.all([readText('/proc/net/route'), readText('/proc/net/ipv6_route')]);
  return [...parseIpv4Routes(ipv4), ...parseIpv6Routes(ipv6)];
}

/** Default routes of Linux's /proc/net/route. */
export function parseIpv4Routes(text: string): DefaultRoute[] {
  return text
    .split('\n')
    .slice(1)
    .flatMap((line): DefaultRoute[] => {
      const [name, destination, gateway, flagText, , , metric, mask] = line.trim().split(/\s+/);
      const flags = Number.parseInt(flagText ?? '', 16);
      if (name === undefined || destination !== '00000000' || mask !== '00000000' || !isUsable(name, flags))
        return [];
      const hop = flags & RTF_GATEWAY ? hostOrder(gateway ?? '') : null;
      return [{ family: 4, interface: name, gateway: hop, metric: Number(metric) }];
    });
}

/** Default routes of Linux's /proc/net/ipv6_route. */
export function parseIpv6Routes(text: string): DefaultRoute[] {
  return text.split('\n').flatMap((line): DefaultRoute[] => {
    const [destination, length, , , hop, metric, , , flagText, name] = line.trim().split(/\s+/);
    const flags = Number.parseInt(flagText ?? '', 16);
    if (name === undefined || destination !== NO_NEXT_HOP || length !== '00' || !isUsable(name, flags))
      return [];
    const bytes = hop === undefined || hop === NO_NEXT_HOP ? null : decodeBase16(hop);
    const gateway = bytes?.length === 16 ? bytesToIp(bytes) : null;
    return [{ family: 6, interface: name, gateway, metric: Number.parseInt(metric ?? '0', 16) }];
  });
}

/** An interface's default route of a family: the one that the system likes most. */
export function bestRoute(
  routes: readonly DefaultRoute[],
  name: string,
  family: Family,
): DefaultRoute | null {
  const own = routes.filter((route) => route.interface === name && route.family === family);
  return own.reduce<DefaultRoute | null>(
    (best, next) => (best && best.metric <= next.metric ? best : next),
    null,
  );
}

/** Up, no rejection, and not the loopback interface's catch-all. */
function isUsable(name: string, flags: number): boolean {
  return name !== 'lo' && (flags & RTF_UP) !== 0 && (flags & RTF_REJECT) === 0;
}

/** /proc prints IPv4 addresses as numbers of a little-endian machine. */
function hostOrder(hex: string): string | null {
  const bytes = decodeBase16(hex);
  return bytes?.length === 4 ? bytesToIp(bytes.reverse()) : null;
}

async function readText(path: string): Promise<string> {
  return readFile(path, 'utf8').catch(() => '');
}

/** What `default-gateway` found, as a route; null when it is none that leads anywhere. */
export function routeOf(
  family: Family,
  found: { readonly gateway: string | null; readonly int: string | null },
): DefaultRoute | null {
  const gateway = found.gateway === null ? null : canonicalIp(withoutScope(found.gateway));
  // macOS lists its idle tunnels as default routes by way of `fe80::%utun0`, which is no host.
  if (found.int === null || gateway === 'fe80::') return null;
  return { family, interface: found.int, gateway, metric: 0 };
}

async function otherDefaultRoutes(): Promise<readonly DefaultRoute[]> {
  const find = await import('default-gateway').catch(() => null);
  if (find === null) return [];
  const [ipv4, ipv6] = await Promise.allSettled([find.gateway4async(), find.gateway6async()]);
  const routes = [
    ipv4.status === 'fulfilled' ? routeOf(4, ipv4.value) : null,
    ipv6.status === 'fulfilled' ? routeOf(6, ipv6.value) : null,
  ];
  return routes.filter((route) => route !== null);
}
