/**
 * A router in a namespace whose packets go through the NAT rules of the simulation: real packets,
 * every type and delta. Needs socat, /dev/net/tun and root.
 */

import { join } from 'node:path';
import { build } from 'esbuild';
import type { NatOptions } from '../../src/lab/nat.ts';
import { inLab, type Lab, type Program } from './lab.ts';
import { startCoturn } from './services.ts';
import type { Plan } from './topology.ts';

const CHILD = join(import.meta.dirname, 'user-nat-child.ts');
const OWN = 7777;
const DEVICE = 7778;

/** The addresses that the NAT has outside; nobody's in the kernel's eyes. */
export const EXTERNAL = ['203.0.113.1', '203.0.113.2'] as const;
/** Two machines with a coturn of two addresses each. */
export const STUN = [
  ['198.51.100.10', '198.51.100.11'],
  ['198.51.100.20', '198.51.100.21'],
] as const;
const OUTSIDE = '198.51.100.1';

export const USER_NAT_NEEDS = {
  namespaces: true,
  commands: ['ip', 'nft', 'python3', 'turnserver', 'socat'],
} as const;

/** alice behind router; server and server2 outside. */
export const NAT_PLAN: Plan = {
  families: [4],
  links: [
    [
      { machine: 'alice', interface: 'eth0', addresses: ['192.168.1.2/24'] },
      { machine: 'router', interface: 'lan', addresses: ['192.168.1.1/24'] },
    ],
    [
      { machine: 'router', interface: 'wan', addresses: [`${OUTSIDE}/24`] },
      { machine: 'server', interface: 'eth0', addresses: STUN[0].map((ip) => `${ip}/24`) },
      { machine: 'server2', interface: 'eth0', addresses: STUN[1].map((ip) => `${ip}/24`) },
    ],
  ],
  routes: {
    alice: ['default via 192.168.1.1'],
    server: [`203.0.113.0/24 via ${OUTSIDE}`, `192.168.1.0/24 via ${OUTSIDE}`],
    server2: [`203.0.113.0/24 via ${OUTSIDE}`, `192.168.1.0/24 via ${OUTSIDE}`],
  },
  routers: ['router'],
};

export interface UserNat {
  /**
   * From now on packets are translated so; what was mapped is forgotten.
   *
   * @param loss chance of each packet to be lost, either way
   */
  become(options: NatOptions, loss?: number): Promise<void>;
}

export interface UserNatPlace {
  /** How addresses behind it begin. */
  readonly inside: string;
  /** Its addresses outside. */
  readonly external: readonly string[];
}

const ALONE: UserNatPlace = { inside: '192.168.1.', external: EXTERNAL.slice(0, 1) };

/** @param delay ms that each packet is held, each way */
export async function startUserNat(
  lab: Lab,
  machine: string,
  delay = 0,
  { inside, external }: UserNatPlace = ALONE,
): Promise<UserNat> {
  const script = lab.file('user-nat.mjs');
  await build({
    entryPoints: [CHILD],
    bundle: true,
    platform: 'node',
    format: 'esm',
    outfile: script,
    logLevel: 'error',
  });
  const arguments_ = [String(OWN), String(DEVICE), inside, String(delay)];
  const child = lab.run(machine, [process.execPath, script, ...arguments_], { input: null });
  await said(child, 'listening');
  layDevice(lab, machine);
  await deviceOf(lab, machine);
  const ways = ['lan', 'wan'].flatMap((way) => [`rule add iif ${way} lookup 100`]);
  lab.net.configure(machine, ...ways, 'route add default dev tun0 table 100');
  let count = 0;
  return {
    async become(options, loss = 0) {
      const seed = `rules-${++count}`;
      child.type(`${JSON.stringify({ options, external, seed, loss })}\n`);
      await said(child, `rules ${seed}`);
    },
  };
}

/** A TUN device whose packets are datagrams on loopback. What crosses the router goes in, what comes out is routed on. */
function layDevice(lab: Lab, machine: string): void {
  const device = 'TUN,tun-name=tun0,tun-type=tun,iff-no-pi,iff-up';
  const wire = `UDP4-DATAGRAM:127.0.0.1:${OWN},bind=127.0.0.1:${DEVICE},rcvbuf=8388608,sndbuf=8388608`;
  lab.net.run(machine, 'sh', '-ec', 'for f in /proc/sys/net/ipv4/conf/*/rp_filter; do echo 0 > $f; done');
  lab.run(machine, ['socat', '-b', '65536', device, wire], { input: null });
}

/** Resolves when the device is up. */
async function deviceOf(lab: Lab, machine: string): Promise<void> {
  const wait =
    'i=0; until ip link show tun0 up 2>/dev/null | grep -q tun0; do i=$((i+1)); [ $i -lt 500 ]; sleep 0.01; done';
  const looking = lab.run(machine, ['sh', '-ec', wait]);
  await looking.exits(0);
  lab.net.run(machine, 'sh', '-ec', 'echo 0 > /proc/sys/net/ipv4/conf/tun0/rp_filter');
}

function said(child: Program, line: string): Promise<true> {
  return child.until(line, () => child.stdout.split('\n').includes(line) || undefined);
}

/** Both coturns, and the file for --servers that names them. */
export async function startStun(lab: Lab): Promise<string> {
  await Promise.all(
    STUN.map((addresses, i) => startCoturn(lab, i === 0 ? 'server' : 'server2', { addresses, port: 3478 })),
  );
  const stun = STUN.map(([host]) => ({ host, port: 3478, tcp: true }));
  return lab.file('stun.json', JSON.stringify({ stun }));
}

/** `inLab` with the router's NAT and both servers running. */
export function behindUserNat(
  body: (lab: Lab, nat: UserNat, servers: string) => Promise<void>,
  delay = 0,
): () => Promise<void> {
  return inLab(NAT_PLAN, async (lab) => {
    const [nat, servers] = await Promise.all([startUserNat(lab, 'router', delay), startStun(lab)]);
    await body(lab, nat, servers);
  });
}
