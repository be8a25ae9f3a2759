/** The tables of NAT and delta types as P2PD's documentation has them, and what each means for people. Pure data. */
import type { DeltaType, NatType } from '../net/index.ts';

interface TableRow<T> {
  readonly type: T;
  readonly cells: readonly [string, string, string, string];
}

export const NAT_HEAD = ['name', 'local ip:port', 'dest ip:port', 'mappings reusable by'] as const;

/** The udp firewall is ours; the seed calls the last one filtered. */
export const NAT_TABLE: readonly TableRow<NatType>[] = [
  { type: 1, cells: ['open internet', 'any', 'any', 'not applicable'] },
  { type: 2, cells: ['udp firewall', 'same ip:port', 'same ip:port', 'dest ip:ports for a connection'] },
  { type: 3, cells: ['full cone', 'same ip:port', 'any', 'anyone'] },
  { type: 4, cells: ['restrict', 'same ip:port', 'same ip', 'dest ip for a connection'] },
  { type: 5, cells: ['restrict port', 'same ip:port', 'same ip:port', 'dest ip:ports for a connection'] },
  { type: 6, cells: ['symmetric', 'per dest ip:port', 'per unique ip:port', 'not reusable'] },
  { type: 7, cells: ['blocked', 'any', 'all are blocked', 'blocked'] },
];

export const DELTA_HEAD = ['name', 'local port', 'mapping', 'delta value'] as const;

export const DELTA_TABLE: readonly TableRow<DeltaType>[] = [
  { type: 1, cells: ['not applicable', 'any', 'none', 'NA'] },
  { type: 2, cells: ['equal', 'any', 'local_port', 'NA'] },
  { type: 3, cells: ['preserving', 'first_local + n', 'first_mapped + n', 'NA'] },
  { type: 4, cells: ['independent', 'any', 'last_mapped + delta', 'common = +1'] },
  { type: 5, cells: ['dependent', 'last_local + 1', 'last_mapped + delta', 'common = +1'] },
  { type: 6, cells: ['random', 'any', 'random', 'NA'] },
];

const NAT_MEANING: Readonly<Record<NatType, string>> = {
  1: 'Others can reach you directly, whenever your program listens.',
  2: 'No NAT, but a firewall: others can reach you once you have sent to their address and port.',
  3: 'Others can reach you on any port that you have used lately, whoever they are.',
  4: 'Others can reach you if you have sent something to their address first.',
  5: 'Others can reach you if you have sent something to their address and port first.',
  6: 'Others reach you only on a mapping made for them: its port must be predicted.',
  7: 'Nothing comes back from any server: only another network, or another transport, helps.',
};

const DELTA_MEANING: Readonly<Record<DeltaType, string>> = {
  1: '',
  2: 'Outside you have the port that you chose: easy to predict.',
  3: 'Outside your port is shifted by a fixed number: easy to predict.',
  4: 'Each mapping is a fixed step on: predictable while few others get ports.',
  5: 'Neighbouring ports go by fixed steps: predictable until others get one.',
  6: 'Ports outside are random: they can only be guessed, many at once.',
};

/** What a NAT means for its user, in plain words; null where it is not known. */
export function meaningOf(type: NatType | null, delta: DeltaType | null): string | null {
  if (type === null) return null;
  // Ports have to be predicted only where each destination has its own.
  const ports = type === 6 && delta !== null ? DELTA_MEANING[delta] : '';
  return ports === '' ? NAT_MEANING[type] : `${NAT_MEANING[type]} ${ports}`;
}
