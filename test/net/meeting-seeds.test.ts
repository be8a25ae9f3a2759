/**
 * Two nodes that open pipes while their brokers delay, double, reorder, lose and die: one seed, one
 * world, one course of events.
 *
 *   SEEDS=10000 npx vitest run test/net/meeting-seeds.test.ts     all of them, 3 minutes
 *   SEED=17 npx vitest run test/net/meeting-seeds.test.ts         one that failed, exactly as it did
 */
import { expect, test, vi } from 'vitest';
import { createWorld, type LabWorld } from '../../src/lab/world.ts';
import { parseAddress } from '../../src/net/address.ts';
import { P2pdError } from '../../src/net/errors.ts';
import { labIdentity } from '../helpers/lab-identity.ts';
import { type LabNode, startWorldNodes } from '../helpers/lab-node.ts';
import { expectSealed } from '../helpers/lab-sealed.ts';
import { drawPlan, forSeeds, pick, type SeedPlan, unleash, waysOf } from '../helpers/lab-seeds.ts';

vi.mock('../../src/net/identity.ts', async (importOriginal) => {
  const { withStandIns } = await import('../helpers/lab-signatures.ts');
  return withStandIns(await importOriginal());
});

const IDENTITIES = { a: labIdentity(1), b: labIdentity(2) } as const;
const TEXT = 'what nobody else may read';
/** What must not be seen: texts, and the machine ids that addresses carry. */
const PLAIN = [TEXT, '\0\0\0\0\0\0\xaa\xaa', '\0\0\0\0\0\0\xbb\xbb'];

/** One connect and what came of it. */
interface Ask {
  readonly by: 'a' | 'b';
  readonly at: number;
  /** The pipe's name, once it is asked for; the peer's where both asked at once. */
  pipe: string;
  name: string;
  /** Both sides listen at the broker that never fails, and the address that is asked says so. */
  sound: boolean;
  outcome: 'open' | P2pdError | null;
}

test('meeting: each pipe opens once on both sides and in time, or the error says why', async () => {
  await forSeeds({ usual: 1_200, file: 'test/net/meeting-seeds.test.ts', run: (seed) => meet(seed) });
}, 7_200_000);

test('meeting: one seed has one course of events, packet by packet', async () => {
  const packetsOf = async (seed: number) => {
    const lines: (readonly string[])[] = [];
    await meet(seed, ({ lab }) => lines.push(lab.trace()));
    return lines.flat();
  };
  for (const seed of [1, 2, 3]) {
    const packets = await packetsOf(seed);
    expect(packets.length).toBeGreaterThan(200);
    expect(await packetsOf(seed)).toEqual(packets);
  }
});

/** @param watch is given the world before anything happens in it */
async function meet(seed: number, watch: (world: LabWorld) => void = () => undefined): Promise<void> {
  const plan = drawPlan(seed, true);
  const { random } = plan;
  const world = createWorld(plan.world);
  const { lab, brokers } = world;
  watch(world);
  unleash(plan, lab, brokers);
  const nodes = await startWorldNodes(world, { identity: IDENTITIES.a }, { identity: IDENTITIES.b });
  const early = { a: nodes.a.node.address, b: nodes.b.node.address };
  const start = lab.now() + random.integer(0, 5_000);
  const asks = pick(random, [['a'], ['b'], ['a', 'b']] as const).map((by): Ask => {
    return {
      by,
      at: start + (random.chance(0.5) ? 0 : random.integer(0, 200)),
      pipe: '',
      name: '',
      sound: false,
      outcome: null,
    };
  });
  const isOld = random.chance(0.3);
  const url = brokers[plan.sound ?? -1]?.url ?? '';
  for (const ask of asks) {
    const own = nodes[ask.by];
    const other = ask.by === 'a' ? 'b' : 'a';
    lab.clock.at(ask.at, () => {
      const address = isOld ? early[other] : nodes[other].node.address;
      ask.sound = [address, own.node.address].every((text) => parseAddress(text).brokers.includes(url));
      void connect(ask, own, address);
    });
  }
  await lab.runUntil(start + 25_000);
  for (const ask of asks) judge(plan, nodes, ask);
  expectTrueClocks(world, nodes);
  const opened = [...new Set(asks.flatMap(({ outcome, pipe }) => (outcome === 'open' ? [pipe] : [])))].sort();
  for (const { node } of [nodes.a, nodes.b]) expect(node.pipes.map(({ id }) => id).sort()).toEqual(opened);
  await lab.run(Promise.all([nodes.a.node.stop(), nodes.b.node.stop()]));
  expectSealed(world, [IDENTITIES.a, IDENTITIES.b], PLAIN);
  await lab.advance(200_000);
  expect(lab.clock.pending, 'timers left').toBe(0);
}

async function connect(ask: Ask, { node }: LabNode, address: string): Promise<void> {
  const { pipe: name, connect } = node.prepare(address);
  ask.pipe = name;
  ask.name = name;
  try {
    const pipe = await connect();
    ask.outcome = 'open';
    ask.pipe = pipe.id;
    await pipe.send(`${TEXT} by ${ask.by}`);
  } catch (error) {
    if (!(error instanceof P2pdError)) throw error;
    ask.outcome = error;
  }
}

function judge(
  plan: SeedPlan,
  nodes: Record<'a' | 'b', LabNode>,
  { by, at, name, pipe, sound, outcome }: Ask,
): void {
  const other = by === 'a' ? 'b' : 'a';
  const opens = ([by, other] as const).map((side) =>
    nodes[side].of('open').filter((event) => event.pipe === pipe),
  );
  expect(
    opens.map(({ length }) => length),
    `${pipe} opens`,
  ).toEqual(outcome === 'open' ? [1, 1] : [0, 0]);
  // Not those for another path, once the first was doubted.
  const isFirst = ({ id }: { readonly id: string }) => id.split('.').length === 2;
  const dials = nodes[other]
    .of('attempt')
    .filter((event) => event.pipe === pipe && event.state === 'start' && isFirst(event));
  if (pipe === name)
    expect(new Set(dials.map(({ local, remote }) => `${local} ${remote}`)).size, 'dialled once').toBe(
      dials.length,
    );
  const { direct, reverse, bound } = waysOf(plan, by);
  if (outcome === 'open') {
    const heard = nodes[other].of('message').filter((event) => event.pipe === pipe);
    const incoming = heard.filter(({ direction }) => direction === 'in');
    expect(incoming.map(({ text }) => text)).toEqual([`${TEXT} by ${by}`]);
    if (bound !== null && (direct || sound))
      expect(opens[0]?.[0]?.elapsed, 'in time').toBeLessThanOrEqual(bound);
    return;
  }
  expect(outcome, `${pipe} settles`).not.toBeNull();
  expect(direct || (reverse && sound), `${outcome?.message}`).toBe(false);
  expect(outcome?.code).toMatch(sound ? /^NO_PATH$/ : /^(PEER_SILENT|NO_SERVICE|NO_PATH)$/);
  if (at > plan.doom) expect(outcome?.message).toContain('broker');
}

/** What nodes say of clocks, their own and each other's, holds within the error that they name. */
function expectTrueClocks(world: LabWorld, nodes: Record<'a' | 'b', LabNode>): void {
  const ahead = { a: world.a.clockOffset, b: world.b.clockOffset };
  for (const side of ['a', 'b'] as const) {
    const own = nodes[side].of('world').flatMap(({ clock }) => clock ?? []);
    for (const { offset, error } of own) expect(Math.abs(offset + ahead[side])).toBeLessThanOrEqual(error);
    if (world.ntp.length > 0) continue;
    const truth = side === 'a' ? ahead.b - ahead.a : ahead.a - ahead.b;
    const theirs = nodes[side].of('signal').flatMap(({ clock }) => clock ?? []);
    for (const { offset, error } of theirs) expect(Math.abs(offset - truth)).toBeLessThanOrEqual(error);
  }
}
