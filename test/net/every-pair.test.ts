/**
 * Never no for an answer: between every two NATs that let anything through there is a pipe where a relay is known, a
 * message goes both ways soon, and where holes can be punched the pipe is a direct one soon after.
 *
 *   ALL=1 npx vitest run test/net/every-pair.test.ts    all 484 pairs
 */
import { expect, test } from 'vitest';
import { natPreset } from '../../src/lab/index.ts';
import { DELTA_TYPES, NAT_TYPE_NAMES } from '../../src/lab/nat-preset.ts';
import { createWorld } from '../../src/lab/world.ts';
import { COMBINATIONS, expectOutcomes, type NatSide } from '../../src/net/nat/matrix.ts';
import { startWorldNodes } from '../helpers/lab-node.ts';

/** Nothing comes through a network that is blocked. */
const SIDES = COMBINATIONS.filter(({ type }) => type !== 7);
const PAIRS = SIDES.flatMap((a) => SIDES.map((b) => ({ a, b })));
/** Coprime with the number of sides, so that each is met on both sides. */
const STEP = process.env.ALL === undefined ? 13 : 1;
/** ms at 40 ms round trips: to the first message that came back, and until it is direct after that. */
const FIRST_ANSWER = 500;
const DIRECT_AFTER = 1_000;

const nameOf = ({ type, delta }: NatSide) =>
  `${NAT_TYPE_NAMES[(type ?? 1) - 1]}, ${DELTA_TYPES[(delta ?? 2) - 2] ?? 'none'}`;
const natOf = ({ type, delta }: NatSide) =>
  natPreset(NAT_TYPE_NAMES[(type ?? 1) - 1] ?? 'open internet', DELTA_TYPES[(delta ?? 2) - 2] ?? 'equal');

test('every pair of NATs has a pipe', { timeout: 600_000 }, async () => {
  const seen: string[] = [];
  for (const { a, b } of PAIRS.filter((_, i) => i % STEP === 0)) {
    const world = createWorld({
      ...{ seed: `${nameOf(a)} × ${nameOf(b)}`, fullStun: true, stun: 2, brokers: 2, ntp: 1, turn: true },
      a: { nat: natOf(a), delay: 10 },
      b: { nat: natOf(b), delay: 10 },
    });
    const { lab } = world;
    const nodes = await startWorldNodes(world, { nat: true }, { nat: true });
    await lab.run(() => Promise.all([nodes.a.node.natReports(), nodes.b.node.natReports()]));
    nodes.b.node.addMessageHandler((message, _from, pipe) => pipe.send(message));
    const answered = new Promise<void>((resolve) => nodes.a.node.addMessageHandler(() => resolve()));
    const began = lab.now();
    const pipe = await lab.run(() => nodes.a.node.connect(nodes.b.node.address), { within: 30_000 });
    await lab.run(() => pipe.send('here').then(() => answered));
    const first = { method: pipe.info.method, elapsed: lab.now() - began };
    await lab.advance(DIRECT_AFTER);
    const { direct, reverse, ...punches } = expectOutcomes(a, b);
    const isPunchable = [direct, reverse, punches['tcp-punch'], punches['udp-punch']].some(
      ({ expected }) => expected === 'yes',
    );
    if (first.elapsed > FIRST_ANSWER) seen.push(`${nameOf(a)} × ${nameOf(b)}: ${JSON.stringify(first)}`);
    if (isPunchable && pipe.info.method === 'relay')
      seen.push(`${nameOf(a)} × ${nameOf(b)}: still by the relay after ${DIRECT_AFTER} ms`);
    await lab.run(() => Promise.all([nodes.a.node.stop(), nodes.b.node.stop()]));
  }
  expect(seen).toEqual([]);
});
