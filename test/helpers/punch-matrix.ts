/**
 * Every pair of NATs that P2PD tells apart, in virtual time: what the planner expects of hole punching,
 * and what comes of it. NATs are looked at once per side and remembered, as a node does between runs.
 */

import { type NatOptions, natPreset } from '../../src/lab/index.ts';
import { DELTA_TYPES, NAT_TYPE_NAMES } from '../../src/lab/nat-preset.ts';
import { createRandom } from '../../src/lab/random.ts';
import { createWorld } from '../../src/lab/world.ts';
import { COMBINATIONS, expectOutcomes, type NatSide } from '../../src/net/nat/matrix.ts';
import { rememberNat } from '../../src/net/nat/memory.ts';
import { probeNat } from '../../src/net/nat/probe.ts';
import { createResolver } from '../../src/net/resolve.ts';
import type { StateFiles } from '../../src/net/state-files.ts';
import { startWorldNodes } from './lab-node.ts';

export interface PunchCase {
  readonly a: NatSide;
  readonly b: NatSide;
  /** Between the two, ms. */
  readonly rtt: number;
  /** How far b's clock is ahead after correction, ms. */
  readonly clockError: number;
  readonly unsolicited: 'drop' | 'reset';
  readonly loss: number;
  readonly seed: number;
}

export interface PunchResult {
  readonly expected: 'yes' | 'no' | 'maybe';
  readonly open: boolean;
  /** ms until it was open, or given up. */
  readonly elapsed: number;
  /** Why not. */
  readonly reason: string;
}

const PAIRS = COMBINATIONS.flatMap((a) => COMBINATIONS.map((b) => ({ a, b })));
const CONDITIONS = [0.5, 40, 200].flatMap((rtt) =>
  [0, 20, 300].flatMap((clockError) =>
    (['drop', 'reset'] as const).flatMap((unsolicited) =>
      [0, 0.01].map((loss) => ({ rtt, clockError, unsolicited, loss })),
    ),
  ),
);

/** Every ordered pair under every condition, each with a seed of its own. */
export function punchCases(rounds: number): PunchCase[] {
  const once = PAIRS.flatMap((pair) => CONDITIONS.map((condition) => ({ ...pair, ...condition })));
  return Array.from({ length: rounds }, () => once)
    .flat()
    .map((one, seed) => ({ ...one, seed: seed + 1 }));
}

export function nameOf({ a, b, rtt, clockError, unsolicited, loss, seed }: PunchCase): string {
  const side = ({ type, delta }: NatSide) => `${NAT_TYPE_NAMES[(type ?? 1) - 1]}/${delta}`;
  return `${side(a)} × ${side(b)}, ${rtt} ms, clock +${clockError} ms, ${unsolicited}, loss ${loss}, seed ${seed}`;
}

const LAYOUT = { fullStun: true, stun: 2, brokers: 2, ntp: 1 } as const;

export async function playPunch(
  one: PunchCase,
  method: 'tcp-punch' | 'udp-punch' = 'tcp-punch',
): Promise<PunchResult> {
  const { a, b, rtt, clockError, loss, seed } = one;
  const [natA, natB] = [natOf(a, one.unsolicited, `${seed} a`), natOf(b, one.unsolicited, `${seed} b`)];
  const files = { a: await memoryOf('a', natA), b: await memoryOf('b', natB) };
  const side = { delay: rtt / 4, loss };
  const world = createWorld({
    ...LAYOUT,
    seed,
    a: { ...side, nat: natA },
    b: { ...side, nat: natB, clockOffset: clockError },
  });
  const { lab } = world;
  const nodes = await startWorldNodes(
    world,
    { files: files.a },
    {
      files: files.b,
      // Nobody corrects its clock.
      servers: { ...world.servers, ntp: [] },
    },
  );
  const startedAt = lab.now();
  const connecting = nodes.a.node.connect(nodes.b.node.address, { methods: [method] });
  const outcome = await lab.run(
    connecting.then(
      () => ({ open: true, reason: '' }),
      (error: unknown) => ({ open: false, reason: error instanceof Error ? error.message : String(error) }),
    ),
    { within: 30_000 },
  );
  const elapsed = lab.now() - startedAt;
  await lab.run(Promise.all([nodes.a.node.stop(), nodes.b.node.stop()]));
  return { expected: expectOutcomes(a, b)[method].expected, elapsed, ...outcome };
}

function natOf({ type, delta }: NatSide, unsolicited: 'drop' | 'reset', seed: string): NatOptions {
  const random = createRandom(seed);
  const name = NAT_TYPE_NAMES[(type ?? 1) - 1] ?? 'open internet';
  const kind = DELTA_TYPES[Math.max(0, (delta ?? 2) - 2)] ?? 'equal';
  const counts = kind === 'independent' || kind === 'dependent';
  const value = counts ? random.integer(kind === 'dependent' ? 2 : 1, 6) : 0;
  return natPreset(name, { type: kind, value }, { unsolicited });
}

const memories = new Map<string, string>();

/** The state directory of a node that has looked at this NAT before. */
async function memoryOf(name: 'a' | 'b', nat: NatOptions): Promise<StateFiles> {
  const key = JSON.stringify([name, { ...nat, unsolicited: 'drop' }]);
  const files = new Map<string, string>();
  const store: StateFiles = {
    read: async (file) => files.get(file) ?? null,
    write: async (file, text) => void files.set(file, text),
  };
  const known = memories.get(key);
  if (known !== undefined) files.set('nat.json', known);
  else {
    const { lab, servers, ...hosts } = createWorld({ ...LAYOUT, seed: 1, a: { nat }, b: { nat } });
    const { io } = hosts[name];
    const task = {
      io,
      interfaces: await io.interfaces(),
      servers: servers.stun,
      resolve: createResolver(io),
      signal: new AbortController().signal,
      report: () => undefined,
    };
    await rememberNat(store, await lab.run(probeNat(task)), 0);
    memories.set(key, files.get('nat.json') ?? '');
  }
  return store;
}
