/**
 * The machine's usable interfaces: up, with an address, and leading to other machines. From
 * Node and, on Linux, /sys and /proc; no child process. What is left out, and why, is `isUsable`.
 */
import { readdir, readFile, readlink } from 'node:fs/promises';
import { networkInterfaces, platform } from 'node:os';
import { basename } from 'node:path';
import { canonicalIp, reachOf } from '../wire/ip.ts';
import type { InterfaceAddress, InterfaceKind, NetworkInterface } from './io.ts';
import { bestRoute, type DefaultRoute, defaultRoutes } from './routes.ts';

/** What the system tells of an interface beyond its addresses; all of it may be unknown. */
export interface Facts {
  /** Has an entry `wireless` in sysfs. */
  readonly isWireless: boolean;
  readonly isBridge: boolean;
  /** Is itself a port of a bridge. */
  readonly isBridgePort: boolean;
  readonly isTunnel: boolean;
  /** Kernel driver of the hardware behind it; null for virtual ones. */
  readonly driver: string | null;
}

const NO_FACTS: Facts = {
  isWireless: false,
  isBridge: false,
  isBridgePort: false,
  isTunnel: false,
  driver: null,
};
/** Bridges that container and virtual machine managers make for guests on this machine. */
const GUEST_BRIDGE =
  /^(docker\d+|docker_gwbridge|br-[0-9a-f]{12}|podman\d+|cni\d+|cni-podman\d+|virbr\d+|lxcbr\d+|lxdbr\d+|incusbr\d+|vmnet\d+|vboxnet\d+)$/;
/** Names by which systems without sysfs tell what an interface is. */
const NAMED_KINDS: readonly (readonly [RegExp, InterfaceKind])[] = [
  [/wi-?fi|wlan|wireless|^wl/i, 'wireless'],
  [/^(utun|tun|tap|wg|ppp|ipsec|gif|tailscale)|vpn|wireguard/i, 'tunnel'],
  [/cellular|mobile|^(wwan|rmnet|pdp_ip)/i, 'cellular'],
  [/^vethernet|^(bridge|br)\d|hyper-v|virtual/i, 'virtual'],
  [/^(en|eth|em)|ethernet|lan/i, 'ethernet'],
];

/** Every usable interface, those with a default route first. */
export async function listNetworkInterfaces(): Promise<NetworkInterface[]> {
  const [routes, names] = await Promise.all([
    defaultRoutes(),
    Promise.resolve(Object.entries(networkInterfaces())),
  ]);
  const found = await Promise.all(
    names.map(async ([id, infos = []]) => {
      const addresses = infos.filter((info) => !info.internal).flatMap(addressOf);
      const facts = await factsOf(id);
      return isUsable(id, facts, addresses) ? [describe(id, facts, addresses, routes)] : [];
    }),
  );
  const rank = (nic: NetworkInterface) => (nic.defaultRoute[4] || nic.defaultRoute[6] ? 0 : 1);
  return found.flat().sort((a, b) => rank(a) - rank(b));
}

/** This machine's way to itself: what a node stands on where there is nothing else. */
export function loopbackInterface(): NetworkInterface {
  const loopback = Object.entries(networkInterfaces()).find(([, infos]) =>
    infos?.some((info) => info.internal),
  );
  const [id, infos] = loopback ?? ['lo', undefined];
  const addresses = (infos ?? []).filter((info) => info.internal).flatMap(anyAddressOf);
  const none = { 4: null, 6: null };
  const kept = addresses.filter((address) => address.reach === 'loopback');
  return {
    id,
    name: id,
    kind: 'loopback',
    gateways: none,
    defaultRoute: { 4: false, 6: false },
    addresses: kept,
  };
}

/**
 * Whether other machines can be met there: it has an address, it is no bridge that leads only to
 * guests on this machine, and no port of a bridge (the bridge is the interface then).
 */
export function isUsable(id: string, facts: Facts, addresses: readonly InterfaceAddress[]): boolean {
  if (addresses.length === 0 || facts.isBridgePort) return false;
  return !GUEST_BRIDGE.test(id);
}

/** What an interface is, from facts where the system tells them, else from its name. */
export function kindOf(id: string, facts: Facts): InterfaceKind {
  if (facts.isWireless) return 'wireless';
  if (facts.isTunnel) return 'tunnel';
  if (facts.isBridge) return 'virtual';
  return NAMED_KINDS.find(([name]) => name.test(id))?.[1] ?? (facts.driver === null ? 'other' : 'ethernet');
}

function describe(
  id: string,
  facts: Facts,
  addresses: readonly InterfaceAddress[],
  routes: readonly DefaultRoute[],
): NetworkInterface {
  const route = { 4: bestRoute(routes, id, 4), 6: bestRoute(routes, id, 6) };
  return {
    id,
    name: facts.driver === null ? id : `${id} (${facts.driver})`,
    kind: kindOf(id, facts),
    gateways: { 4: route[4]?.gateway ?? null, 6: route[6]?.gateway ?? null },
    defaultRoute: { 4: route[4] !== null, 6: route[6] !== null },
    addresses,
  };
}

interface SystemAddress {
  readonly address: string;
  readonly family: string;
  readonly cidr: string | null;
}

function addressOf(info: SystemAddress): InterfaceAddress[] {
  return anyAddressOf(info).filter((address) => address.reach !== 'unusable' && address.reach !== 'loopback');
}

function anyAddressOf(info: SystemAddress): InterfaceAddress[] {
  const family = info.family === 'IPv6' ? 6 : 4;
  const ip = canonicalIp(info.address.split('%')[0] ?? '');
  const prefix = Number(info.cidr?.split('/')[1] ?? (family === 4 ? 32 : 128));
  return ip === null ? [] : [{ family, ip, prefix, reach: reachOf(ip) }];
}

async function factsOf(id: string): Promise<Facts> {
  if (platform() !== 'linux' || id.includes('/')) return NO_FACTS;
  const folder = `/sys/class/net/${id}`;
  const entries = new Set(await readdir(folder).catch(() => []));
  const driver = await readlink(`${folder}/device/driver`).catch(() => null);
  return {
    isWireless: entries.has('wireless') || entries.has('phy80211'),
    isBridge: entries.has('bridge'),
    isBridgePort: entries.has('brport'),
    isTunnel: entries.has('tun_flags') || (await hasNoLinkLayer(folder)),
    driver: driver === null ? null : basename(driver),
  };
}

/** ARPHRD_NONE (65534), PPP (512) and IP tunnels (768 to 778): packets without a link layer. */
async function hasNoLinkLayer(folder: string): Promise<boolean> {
  const type = Number(await readFile(`${folder}/type`, 'utf8').catch(() => '1'));
  return type === 65534 || type === 512 || (type >= 768 && type <= 778 && type !== 772);
}
