/**
 * What is known of a NAT, as reports, events and addresses tell it: mapping and filtering (RFC 4787
 * §4.1, §5), NAT type and delta type (P2PD), and what was seen. Types only.
 */
import type { Family } from './wire/endpoint.ts';

/** RFC 4787 §4.1 (mapping) and §5 (filtering). */
export type Dependence = 'endpoint-independent' | 'address-dependent' | 'address-and-port-dependent';

export type Transport = 'udp' | 'tcp';

/** 1 open internet, 2 udp firewall, 3 full cone, 4 restrict, 5 restrict port, 6 symmetric, 7 blocked. */
export type NatType = 1 | 2 | 3 | 4 | 5 | 6 | 7;

/** 1 not applicable, 2 equal, 3 preserving, 4 independent, 5 dependent, 6 random. */
export type DeltaType = 1 | 2 | 3 | 4 | 5 | 6;

/** `value`: ports between successive mappings of types 4 and 5, may be negative; else 0. null = not found out. */
export interface Delta {
  readonly type: DeltaType | null;
  readonly value: number;
}

/** One thing seen. Endpoints as text. */
export interface Evidence {
  /** "mapping", "filtering: other address and port", "delta: scattered ports"… */
  readonly test: string;
  readonly server: string;
  readonly local: string;
  /** How the server saw us; null where nothing came back. */
  readonly mapped: string | null;
  /** ms; null where nothing came back. */
  readonly rtt: number | null;
}

/** 0 to 1: how sure a measured figure is. */
export interface Confidence {
  /** That the verdict on the delta is no coincidence. */
  readonly delta: number;
  /** Expected share of the NAT's real range that lies within the one that was seen. */
  readonly range: number;
}

/** A NAT as one transport meets it. null = not found out; `unknown` says why. */
export interface TransportReport {
  readonly type: NatType | null;
  readonly mapping: Dependence | null;
  readonly filtering: Dependence | null;
  readonly delta: Delta;
  /** Lowest and highest external port seen. */
  readonly range: readonly [number, number] | null;
  /** Addresses as servers see them; several where the NAT has a pool. */
  readonly external: readonly string[];
  readonly hairpin: boolean | null;
  /** Whether external ports are even where local ones are (RFC 4787 §4.2.2). */
  readonly parity: boolean | null;
  readonly confidence: Confidence;
  /** What could not be found out, and why: sentences. */
  readonly unknown: readonly string[];
  readonly evidence: readonly Evidence[];
}

export interface TcpReport extends TransportReport {
  /** What a SYN gets that nobody asked for. */
  readonly unsolicited: 'drop' | 'reset' | 'unknown';
}

/** Which protocols a router offers for port mappings; null = not asked. */
export interface PortMappingFacts {
  readonly upnp: boolean | null;
  readonly natPmp: boolean | null;
  readonly pcp: boolean | null;
}

/** One interface and family. */
export interface NatReport {
  readonly interface: string;
  readonly family: Family;
  /** ms. */
  readonly elapsed: number;
  readonly udp: TransportReport;
  readonly tcp: TcpReport;
  /** undefined: not asked. */
  readonly portMapping?: PortMappingFacts;
}
