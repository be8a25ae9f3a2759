/** All combinations of NAT type and delta with several steps and port ranges, and what a report must say of each. */
import { type NatOptions, natPreset } from '../../../src/lab/index.ts';
import { DELTA_TYPES } from '../../../src/lab/nat-ports.ts';

const TYPES = [
  'open internet',
  'udp firewall',
  'full cone',
  'restrict',
  'restrict port',
  'symmetric',
  'blocked',
] as const;
const STEPS = [1, 2, 3, -1, 7, 40] as const;
const RANGES = [
  [1024, 65535],
  [35000, 65535],
  [20000, 24095],
  [32768, 60999],
] as const;

export interface Case {
  readonly name: string;
  readonly nat: NatOptions;
  /** Of the report, 1 to 7. */
  readonly type: number;
  readonly delta: { readonly type: number; readonly value: number };
  /** Over TCP; null where nothing comes back. */
  readonly mapping: string | null;
}

/** @param round another step and range each */
export function casesOf(round: number): Case[] {
  const step = STEPS[round % STEPS.length] ?? 1;
  const range = RANGES[round % RANGES.length] ?? RANGES[0];
  return TYPES.flatMap((name, i) =>
    DELTA_TYPES.map((delta, j) => caseOf(name, i + 1, delta, j + 2, step, range)),
  );
}

function caseOf(
  name: (typeof TYPES)[number],
  type: number,
  delta: (typeof DELTA_TYPES)[number],
  deltaType: number,
  step: number,
  range: readonly [number, number],
): Case {
  const hasStep = delta === 'independent' || delta === 'dependent';
  const value = hasStep ? step : 0;
  const translates = type > 2 && type < 7;
  return {
    name: `${name} × ${delta} ${value} in ${range.join(' to ')}`,
    nat: natPreset(name, { type: delta, value }, { range }),
    type,
    // A delta belongs to what translates.
    delta: translates ? { type: deltaType, value } : { type: 1, value: 0 },
    mapping: type === 7 ? null : type === 6 ? 'address-and-port-dependent' : 'endpoint-independent',
  };
}
