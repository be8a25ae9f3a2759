/**
 * The seven NAT types of RFC 3489 §5 (P2PD's names and numbers) × five delta types, as options of
 * the NAT. Data only.
 */
import type { Dependence, Filtering, NatOptions } from './nat.ts';
import { DELTA_TYPES, type DeltaType } from './nat-ports.ts';

export type NatTypeName =
  | 'open internet'
  | 'udp firewall'
  | 'full cone'
  | 'restrict'
  | 'restrict port'
  | 'symmetric'
  | 'blocked';

interface TypeRow {
  readonly translates: boolean;
  readonly mapping: Dependence;
  readonly filtering: Filtering;
}

const ROWS: Readonly<Record<NatTypeName, TypeRow>> = {
  'open internet': { translates: false, mapping: 'endpoint-independent', filtering: 'open' },
  'udp firewall': {
    translates: false,
    mapping: 'endpoint-independent',
    filtering: 'address-and-port-dependent',
  },
  'full cone': { translates: true, mapping: 'endpoint-independent', filtering: 'endpoint-independent' },
  restrict: { translates: true, mapping: 'endpoint-independent', filtering: 'address-dependent' },
  'restrict port': {
    translates: true,
    mapping: 'endpoint-independent',
    filtering: 'address-and-port-dependent',
  },
  symmetric: {
    translates: true,
    mapping: 'address-and-port-dependent',
    filtering: 'address-and-port-dependent',
  },
  blocked: {
    translates: true,
    mapping: 'address-and-port-dependent',
    filtering: 'address-and-port-dependent',
  },
};

/** In P2PD's order: type number = index + 1. */
export const NAT_TYPE_NAMES: readonly NatTypeName[] = [
  'open internet',
  'udp firewall',
  'full cone',
  'restrict',
  'restrict port',
  'symmetric',
  'blocked',
];

export { DELTA_TYPES };

/** 1 cannot be told from `preserving` on consecutive local ports. */
const DEFAULT_VALUES: Readonly<Record<DeltaType, number>> = {
  equal: 0,
  preserving: 0,
  independent: 1,
  dependent: 2,
  random: 0,
};

const DEFAULTS = {
  range: [1024, 65535],
  unsolicited: 'drop',
  resetCloses: false,
  hairpin: false,
  inboundRefresh: false,
  pooling: 'paired',
  timeouts: { udp: 120_000, tcpTransitory: 240_000, tcpEstablished: 7_440_000 },
} as const satisfies Partial<NatOptions>;

/** A NAT of that type; `blocked` lets neither UDP nor TCP through unless `changes` says which. */
export function natPreset(
  type: NatTypeName,
  delta: DeltaType | { type: DeltaType; value: number } = 'equal',
  changes: Partial<NatOptions> = {},
): NatOptions {
  return {
    ...DEFAULTS,
    ...ROWS[type],
    delta: typeof delta === 'string' ? { type: delta, value: DEFAULT_VALUES[delta] } : delta,
    blocked: type === 'blocked' ? ['udp', 'tcp'] : [],
    ...changes,
  };
}

/** What Linux' masquerade does: ports are kept, and where one is taken any other is given. */
export function masqueradePreset(): NatOptions {
  return natPreset('restrict port', 'equal', { habits: { onCollision: 'random' } });
}

/** Filters without translation, as home routers do for IPv6: only what was asked for comes in. */
export function firewallPreset(changes: Partial<NatOptions> = {}): NatOptions {
  return natPreset('udp firewall', 'equal', changes);
}
