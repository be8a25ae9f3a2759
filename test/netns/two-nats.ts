/**
 * Two people, each behind a router whose packets go through the NAT rules of the simulation, and
 * Debian's mosquitto, coturn and chrony between them.
 */
import type { NatOptions } from '../../src/lab/nat.ts';
import { inLab, type Lab } from './lab.ts';
import { serversFile, startChrony, startCoturn, startMosquitto } from './services.ts';
import type { Plan } from './topology.ts';
import { startUserNat, type UserNat } from './user-nat.ts';

const SERVER = ['198.51.100.10', '198.51.100.11'] as const;
const OTHER = ['198.51.100.20', '198.51.100.21'] as const;
const SIDES = {
  a: { inside: '192.168.1.', external: ['203.0.113.1'], net: '203.0.113.0/25', wan: '198.51.100.1' },
  b: { inside: '192.168.2.', external: ['203.0.113.129'], net: '203.0.113.128/25', wan: '198.51.100.2' },
} as const;

export const TWO_NATS_NEEDS = {
  namespaces: true,
  commands: ['ip', 'nft', 'python3', 'turnserver', 'socat', 'mosquitto', 'chronyd'],
} as const;

const home = (name: 'a' | 'b') =>
  [
    { machine: name, interface: 'eth0', addresses: [`${SIDES[name].inside}2/24`] },
    { machine: `router${name}`, interface: 'lan', addresses: [`${SIDES[name].inside}1/24`] },
  ] as const;
const back = (['a', 'b'] as const).map((name) => `${SIDES[name].net} via ${SIDES[name].wan}`);

const PLAN: Plan = {
  families: [4],
  links: [
    home('a'),
    home('b'),
    [
      { machine: 'routera', interface: 'wan', addresses: [`${SIDES.a.wan}/24`] },
      { machine: 'routerb', interface: 'wan', addresses: [`${SIDES.b.wan}/24`] },
      { machine: 'server', interface: 'eth0', addresses: SERVER.map((ip) => `${ip}/24`) },
      { machine: 'server2', interface: 'eth0', addresses: OTHER.map((ip) => `${ip}/24`) },
    ],
  ],
  routes: {
    a: [`default via ${SIDES.a.inside}1`],
    b: [`default via ${SIDES.b.inside}1`],
    server: back,
    server2: back,
    routera: back.slice(1),
    routerb: back.slice(0, 1),
  },
  routers: ['routera', 'routerb'],
};

/** Between a and its router stands one more, Linux' own, as in a home behind a carrier's NAT (RFC 6888). */
const HOME_RULES = `
table ip home {
  chain outwards { type nat hook postrouting priority srcnat; oifname "wan" masquerade; }
  chain forward { type filter hook forward priority filter; policy drop; ct state established,related accept; iifname "lan" accept; }
}`;
const IN_A_ROW: Plan = {
  ...PLAN,
  links: [
    [
      { machine: 'a', interface: 'eth0', addresses: ['10.0.0.2/24'] },
      { machine: 'home', interface: 'lan', addresses: ['10.0.0.1/24'] },
    ],
    [
      { machine: 'home', interface: 'wan', addresses: [`${SIDES.a.inside}2/24`] },
      { machine: 'routera', interface: 'lan', addresses: [`${SIDES.a.inside}1/24`] },
    ],
    ...PLAN.links.slice(1),
  ],
  routes: { ...PLAN.routes, a: ['default via 10.0.0.1'], home: [`default via ${SIDES.a.inside}1`] },
  routers: ['routera', 'routerb', 'home'],
  rules: { home: HOME_RULES },
};

export interface TwoNats {
  readonly a: UserNat;
  readonly b: UserNat;
  /** The file for --servers. */
  readonly servers: string;
}

/** @param delay ms that each router holds a packet: a round trip between the two takes four of them, to a service two */
export function behindTwoNats(
  body: (lab: Lab, nats: TwoNats) => Promise<void>,
  delay = 0,
  plan = PLAN,
): () => Promise<void> {
  return inLab(plan, async (lab) => {
    const [a, b] = await Promise.all([
      startUserNat(lab, 'routera', delay, SIDES.a),
      startUserNat(lab, 'routerb', delay, SIDES.b),
      startCoturn(lab, 'server', { addresses: SERVER, port: 3478 }),
      startCoturn(lab, 'server2', { addresses: OTHER, port: 3478 }),
      startMosquitto(lab, 'server', { addresses: [SERVER[0]], port: 1883 }),
      startChrony(lab, 'server', { addresses: [SERVER[0]], port: 123 }),
    ]);
    const stun = [SERVER[0], OTHER[0]].map((host) => ({ host, port: 3478, tcp: true }));
    const servers = serversFile(lab, { stun, mqtt: [`mqtt://${SERVER[0]}:1883`], ntp: [SERVER[0]] });
    await body(lab, { a, b, servers });
  });
}

/** `behindTwoNats`, and a's packets cross the kernel's NAT before they come to its router. */
export function behindThreeNats(body: (lab: Lab, nats: TwoNats) => Promise<void>): () => Promise<void> {
  return behindTwoNats(body, 0, IN_A_ROW);
}

/** Both routers translate so from now on. @param loss chance that a packet is lost in one of them, each way */
export async function become({ a, b }: TwoNats, natA: NatOptions, natB: NatOptions, loss = 0): Promise<void> {
  await Promise.all([a.become(natA, loss), b.become(natB, loss)]);
}
