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
