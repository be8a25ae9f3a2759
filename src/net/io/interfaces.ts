/**
 * The machine's usable interfaces: up, with an address, and leading to other machines. From
 * Node and, on Linux, /sys and /proc; no child process. What is left out, and why, is `isUsable`.
 */
import { readdir, readFile, readlink } from 'node:fs/promises';
import { networkInterfaces, platform } from 'node:os';
import { basename } from 'node:path';
import { canonicalIp, type Family, reachOf, withoutScope } from '../wire/ip.ts';
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
  /** A modem, by its type in sysfs. */
  readonly isCellular: boolean;
  /** The kernel made it, there is no hardware behind it. */
  readonly isVirtual: boolean;
  /** Kernel driver of the hardware behind it; null for virtual ones. */
  readonly driver: string | null;
}

const NO_FACTS: Facts = {
  isWireless: false,
  isBridge: false,
  isBridgePort: false,
  isTunnel: false,
  isCellular: false,
  isVirtual: false,
  driver: null,
};
/** Bridges that container and virtual machine managers make for guests on this machine. */
const GUEST_BRIDGES: readonly RegExp[] = [
  /^(docker|podman|cni|cni-podman|virbr|lxcbr|lxdbr|incusbr|vmnet|vboxnet)\d+$/,
  /^(docker_gwbridge|br-[0-9a-f]{12})$/,
  // macOS numbers the bridges of its virtual machines from 100 on.
  /^bridge1\d\d$/,
  /^(vEthernet \((WSL.*|Default Switch|nat)\)|VMware Network Adapter VMnet\d+|VirtualBox Host-Only.*)$/,
];
/** Apple's radio links between its own devices (AirDrop); nobody else can be met there. */
const APPLE_RADIO = /^(awdl|llw)\d+$/;
/** What names tell where sysfs does not: all there is on macOS and Windows. */
const NAMED_KINDS: readonly (readonly [RegExp, InterfaceKind])[] = [
  [/wi-?fi|wlan|wireless|^wl/i, 'wireless'],
  [/^(utun|tun|tap|wg|ppp|ipsec|gif|tailscale)|vpn|wireguard/i, 'tunnel'],
  [/cellular|mobile|^(wwan|rmnet|pdp_ip)/i, 'cellular'],
  [/^vethernet|^(bridge|br)\d|hyper-v|virtual/i, 'virtual'],
  [/^(en|eth|em)|ethernet|lan/i, 'ethernet'],
];

/** Every usable interface, those with a default route first. */
export async function listNetworkInterfaces(): Promise<NetworkInterface[]> {
  const routes = await defaultRoutes();
  const system = Object.entries(networkInterfaces()).map(([id, infos = []]) => [id, infos] as const);
  const found = await Promise.all(
    [...(platform() === 'linux' ? mergeLabels(system) : system)].map(async ([id, infos]) => {
      const addresses = infos.filter((info) => !info.internal).flatMap(addressOf);
      const facts = await factsOf(id);
      return isUsable(id, facts, addresses) ? [describe(id, facts, addresses, routes)] : [];
    }),
  );
  return preferredFirst(found.flat(), routes);
}

/**
 * Linux names an address's label (`eth0:1`) where the interface is meant; no interface has a colon
 * in its name.
 */
export function mergeLabels<T>(
  system: readonly (readonly [string, readonly T[]])[],
): ReadonlyMap<string, readonly T[]> {
  const merged = new Map<string, readonly T[]>();
  for (const [label, infos] of system) {
    const [id = label] = label.split(':');
    merged.set(id, [...(merged.get(id) ?? []), ...infos]);
  }
  return merged;
}

/** The interface that the system would take first; IPv4's routes decide before those of IPv6. */
export function preferredFirst(
  nics: readonly NetworkInterface[],
  routes: readonly DefaultRoute[],
): NetworkInterface[] {
  const metric = (nic: NetworkInterface, family: Family) =>
    bestRoute(routes, nic.id, family)?.metric ?? Number.MAX_SAFE_INTEGER;
  return [...nics].sort((a, b) => metric(a, 4) - metric(b, 4) || metric(a, 6) - metric(b, 6));
}

/** This machine's way to itself: what a node stands on where there is nothing else. */
export function loopbackInterface(): NetworkInterface {
  const loopback = Object.entries(networkInterfaces()).find(([, infos]) =>
    infos?.some((info) => info.internal),
  );
  const [id, infos] = loopback ?? ['lo', undefined];
  const addresses = (infos ?? []).filter((info) => info.internal).flatMap(anyAddressOf);
  return {
    id,
    name: id,
    kind: 'loopback',
    gateways: { 4: null, 6: null },
    defaultRoute: { 4: false, 6: false },
    addresses: addresses.filter((address) => address.reach === 'loopback'),
  };
}

/**
 * Whether other machines can be met there. Left out: what has no address; a bridge that leads only
 * to guests on this machine; a port of a bridge (the bridge is the interface then); a tunnel with
 * nothing but link-local addresses, as macOS keeps several.
 */
export function isUsable(id: string, facts: Facts, addresses: readonly InterfaceAddress[]): boolean {
  if (addresses.length === 0 || facts.isBridgePort) return false;
  if (APPLE_RADIO.test(id) || GUEST_BRIDGES.some((name) => name.test(id))) return false;
  return kindOf(id, facts) !== 'tunnel' || addresses.some((address) => address.reach !== 'link-local');
}

/**
 * What an interface is: from facts where the system tells them, else from its name. On macOS and
 * Windows the name is all there is, so a renamed adapter counts as `other`.
 */
export function kindOf(id: string, facts: Facts): InterfaceKind {
  if (facts.isWireless) return 'wireless';
  if (facts.isCellular) return 'cellular';
  if (facts.isTunnel) return 'tunnel';
  if (facts.isBridge) return 'virtual';
  const named = NAMED_KINDS.find(([name]) => name.test(id))?.[1];
  if (named !== undefined) return named;
  if (facts.isVirtual) return 'virtual';
  return facts.driver === null ? 'other' : 'ethernet';
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
  const ip = canonicalIp(withoutScope(info.address));
  const prefix = Number(info.cidr?.split('/')[1] ?? (family === 4 ? 32 : 128));
  return ip === null ? [] : [{ family, ip, prefix, reach: reachOf(ip) }];
}

async function factsOf(id: string): Promise<Facts> {
  if (platform() !== 'linux' || id.includes('/')) return NO_FACTS;
  const folder = `/sys/class/net/${id}`;
  const entries = new Set(await readdir(folder).catch(() => []));
  const driver = await readlink(`${folder}/device/driver`).catch(() => null);
  const uevent = await readFile(`${folder}/uevent`, 'utf8').catch(() => '');
  return {
    isWireless: entries.has('wireless') || entries.has('phy80211'),
    isBridge: entries.has('bridge'),
    isBridgePort: entries.has('brport'),
    // Modems too have no link layer, but there is hardware behind them.
    isTunnel: entries.has('tun_flags') || (driver === null && (await hasNoLinkLayer(folder))),
    isCellular: /^DEVTYPE=wwan$/m.test(uevent),
    isVirtual: entries.size > 0 && !entries.has('device'),
    driver: driver === null ? null : basename(driver),
  };
}

/** ARPHRD_NONE (65534), PPP (512) and IP tunnels (768 to 778): packets without a link layer. */
async function hasNoLinkLayer(folder: string): Promise<boolean> {
  const type = Number(await readFile(`${folder}/type`, 'utf8').catch(() => '1'));
  return type === 65534 || type === 512 || (type >= 768 && type <= 778 && type !== 772);
}
