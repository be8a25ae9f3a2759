/**
 * The networks that the journeys are tried in, as plain data. Machines a and b are the two people's;
 * everything else stands between them.
 */
import type { Plan } from './topology.ts';

/** Two machines on one cable, no default route: an isolated LAN. */
export const isolatedLan: Plan = {
  links: [
    [
      { machine: 'a', interface: 'eth0', addresses: ['10.1.0.1/24', 'fd01::1/64'] },
      { machine: 'b', interface: 'eth0', addresses: ['10.1.0.2/24', 'fd01::2/64'] },
    ],
  ],
};

/** Three machines on one switch, with a default route to a gateway that goes nowhere. */
export const lan: Plan = {
  links: [
    [
      { machine: 'a', interface: 'eth0', addresses: ['10.1.0.1/24', 'fd01::1/64'] },
      { machine: 'b', interface: 'eth0', addresses: ['10.1.0.2/24', 'fd01::2/64'] },
      { machine: 'c', interface: 'eth0', addresses: ['10.1.0.3/24', 'fd01::3/64'] },
    ],
  ],
  routes: Object.fromEntries(
    ['a', 'b', 'c'].map((machine) => [machine, ['default via 10.1.0.254', 'default via fd01::fe']]),
  ),
};

export const ipv4Only: Plan = {
  links: [
    [
      { machine: 'a', interface: 'eth0', addresses: ['10.1.0.1/24'] },
      { machine: 'b', interface: 'eth0', addresses: ['10.1.0.2/24'] },
    ],
  ],
  families: [4],
};

export const ipv6Only: Plan = {
  links: [
    [
      { machine: 'a', interface: 'eth0', addresses: ['2001:db8:1::1/64'] },
      { machine: 'b', interface: 'eth0', addresses: ['2001:db8:1::2/64'] },
    ],
  ],
};

/** Nothing but what IPv6 gives itself. */
export const linkLocalOnly: Plan = {
  links: [
    [
      { machine: 'a', interface: 'eth0' },
      { machine: 'b', interface: 'eth0' },
    ],
  ],
};

/** Two subnets and a router, no NAT. Prefixes of IPv4 and IPv6 for each side. */
export function routed(a: readonly [string, string], b: readonly [string, string]): Plan {
  const side = (machine: string, port: string, [ipv4, ipv6]: readonly [string, string]) => [
    { machine, interface: 'eth0', addresses: [`${ipv4}.2/24`, `${ipv6}::2/64`] },
    { machine: 'router', interface: port, addresses: [`${ipv4}.1/24`, `${ipv6}::1/64`] },
  ];
  return {
    links: [side('a', 'eth0', a), side('b', 'eth1', b)],
    routes: {
      a: [`default via ${a[0]}.1`, `default via ${a[1]}::1`],
      b: [`default via ${b[0]}.1`, `default via ${b[1]}::1`],
    },
    routers: ['router'],
  };
}

/** Both machines have an interface on each of two separate LANs. */
export const twoInterfaces: Plan = {
  links: ['1', '2'].map((number) =>
    ['a', 'b'].map((machine, i) => ({
      machine,
      interface: `eth${Number(number) - 1}`,
      addresses: [`10.${number}.0.${i + 1}/24`, `fd0${number}::${i + 1}/64`],
    })),
  ),
};

/** Where the public services are, on one machine with two addresses of each family. */
export const SERVICES = {
  machine: 'services',
  ipv4: ['192.0.2.10', '192.0.2.11'],
  ipv6: ['2001:db8:5::10', '2001:db8:5::11'],
} as const;

/** How a person's machine meets the Internet: with addresses of its own, or behind a router that lets nothing in. */
export type Home = 'public' | 'nat';

/** Addresses of a person's machine in a `meeting`: its own, and those that the Internet sees. */
interface MeetingSide {
  readonly inner: { readonly ipv4: string; readonly ipv6: string };
  readonly outer: { readonly ipv4: string; readonly ipv6: string };
}

const NETS = {
  a: { ipv4: '198.51.100', ipv6: '2001:db8:a', private: '10.1.0' },
  b: { ipv4: '203.0.113', ipv6: '2001:db8:b', private: '10.2.0' },
} as const;

/**
 * Replies come in and nothing else does: IPv4 is translated, IPv6 only filtered. Neighbours are
 * answered, or there would be no IPv6 at all.
 */
const NOTHING_COMES_IN = `
table inet home {
  chain forward {
    type filter hook forward priority filter; policy drop
    ct state established,related accept
    iifname "lan" accept
  }
  chain input {
    type filter hook input priority filter; policy accept
    ct state established,related accept
    icmpv6 type { nd-neighbor-solicit, nd-neighbor-advert } accept
    iifname "wan" drop
  }
}
table ip home {
  chain outwards {
    type nat hook postrouting priority srcnat
    oifname "wan" masquerade
  }
}`;

export function meetingSide(name: 'a' | 'b', home: Home): MeetingSide {
  const { ipv4, ipv6, private: inside } = NETS[name];
  const inner = { ipv4: home === 'nat' ? `${inside}.2` : `${ipv4}.130`, ipv6: `${ipv6}1::2` };
  return { inner, outer: { ipv4: home === 'nat' ? `${ipv4}.2` : inner.ipv4, ipv6: inner.ipv6 } };
}

/**
 * Machines a and b, each behind a router of its own, and `services`, joined by the machine
 * `internet`. With `delay`, each person's line takes that many ms one way, so that a round trip to
 * the services takes 2 × delay and one between the people 4 × delay.
 */
export function meeting(homes: { readonly a: Home; readonly b: Home }, delay = 0): Plan {
  const side = (name: 'a' | 'b') => {
    const { ipv4, ipv6, private: inside } = NETS[name];
    const lan = homes[name] === 'nat' ? `${inside}.1/24` : `${ipv4}.129/25`;
    const bits = homes[name] === 'nat' ? 24 : 25;
    const { inner } = meetingSide(name, homes[name]);
    const router = `router${name}`;
    return {
      router,
      indoors: [
        { machine: name, interface: 'eth0', addresses: [`${inner.ipv4}/${bits}`, `${inner.ipv6}/64`] },
        { machine: router, interface: 'lan', addresses: [lan, `${ipv6}1::1/64`] },
      ],
      outdoors: [
        { machine: router, interface: 'wan', addresses: [`${ipv4}.2/25`, `${ipv6}::2/64`] },
        { machine: 'internet', interface: `to-${name}`, addresses: [`${ipv4}.1/25`, `${ipv6}::1/64`] },
      ] as const,
      inRoutes: [`default via ${lan.split('/')[0]}`, `default via ${ipv6}1::1`],
      outRoutes: [`default via ${ipv4}.1`, `default via ${ipv6}::1`],
      // What is behind a NAT cannot be reached, so the Internet knows no way there.
      wayBack: [
        ...(homes[name] === 'nat' ? [] : [`${ipv4}.128/25 via ${ipv4}.2`]),
        `${ipv6}1::/64 via ${ipv6}::2`,
      ],
    };
  };
  const [a, b] = [side('a'), side('b')];
  const services = [
    {
      machine: SERVICES.machine,
      interface: 'eth0',
      addresses: [...SERVICES.ipv4.map((ip) => `${ip}/24`), ...SERVICES.ipv6.map((ip) => `${ip}/64`)],
    },
    { machine: 'internet', interface: 'to-services', addresses: ['192.0.2.1/24', '2001:db8:5::1/64'] },
  ];
  return {
    links: [a.indoors, b.indoors, services, ...(delay === 0 ? [a.outdoors, b.outdoors] : [])],
    lines: delay === 0 ? [] : [a, b].map(({ outdoors }) => ({ ends: outdoors, delay })),
    routes: {
      a: a.inRoutes,
      b: b.inRoutes,
      [a.router]: a.outRoutes,
      [b.router]: b.outRoutes,
      [SERVICES.machine]: ['default via 192.0.2.1', 'default via 2001:db8:5::1'],
      internet: [...a.wayBack, ...b.wayBack],
    },
    routers: [a.router, b.router, 'internet'],
    rules: Object.fromEntries(
      (['a', 'b'] as const)
        .filter((name) => homes[name] === 'nat')
        .map((name) => [`router${name}`, NOTHING_COMES_IN]),
    ),
  };
}
