/** The shape of an interface as a plain object, P2PD's `Interface.to_dict`. Types only. */
import type { InterfaceKind } from './io/io.ts';

/** What is known of the NAT in front of an interface. */
export interface NatDict {
  /** 1 open internet, 2 udp firewall, 3 full cone, 4 restrict, 5 restrict port, 6 symmetric, 7 blocked; null = not checked. */
  type: number | null;
  /** The type's name. */
  nat_info: string;
  /** Ports between successive mappings: 1 not applicable, 2 equal, 3 preserving, 4 independent, 5 dependent, 6 random. */
  delta: { type: number | null; value: number };
  /** The delta in a phrase. */
  delta_info: string;
}

/** An address with the length of its prefix in bits; `af` is 2 for IPv4 and 23 for IPv6. */
export interface AddressDict {
  ip: string;
  cidr: number;
  af: number;
  prefix?: number | undefined;
}

/** Addresses of an interface and those that servers saw for them. */
export interface RouteDict {
  af: number;
  nic_ips: AddressDict[];
  ext_ips: AddressDict[];
}

/** The contract's JSON of an interface (`interfaces --json`). Keys "2" are of IPv4, "23" of IPv6, on every platform. */
export interface InterfaceDict {
  name: string;
  nat: NatDict;
  rp: { '2': RouteDict[]; '23': RouteDict[] };
  /** The system's name: `eth0`. */
  id?: string | undefined;
  kind?: InterfaceKind | undefined;
  /** Next hops of the default routes; null: none. */
  gateways?: { '2': string | null; '23': string | null } | undefined;
  /** Whether a default route leaves here. */
  default_routes?: { '2': boolean; '23': boolean } | undefined;
}
