/**
 * Hole punches that fail for a reason that is known, as the lab stages it, and what the side that asked is told
 * of it: two whole nodes in virtual time.
 */
import { describe, expect, test } from 'vitest';
// Loaded beforehand: virtual time does not wait for modules.
import '../../../src/net/nat/probe.ts';
import { type NatOptions, natPreset } from '../../../src/lab/index.ts';
import { createWorld, type LabWorld } from '../../../src/lab/world.ts';
import type { Method } from '../../../src/net/events.ts';
import { startWorldNodes } from '../../helpers/lab-node.ts';
import {
  become,
  censor,
  crowd,
  hasBytes,
  isNoProbe,
  type Side,
  unplug,
  without,
} from '../../helpers/staging.ts';

interface Scene {
  readonly name: string;
  readonly method: Method;
  readonly a?: NatOptions;
  readonly b?: NatOptions;
  /** Has nothing to carry pipes over UDP with. */
  readonly bare?: Side;
  /** What becomes of the world once both have looked at their NATs. */
  readonly stage?: (world: LabWorld) => void;
  readonly told: RegExp;
}

const PORT = natPreset('restrict port');
const RANDOM = natPreset('symmetric', 'random');
const COUNTING = natPreset('symmetric', { type: 'independent', value: 2 });
const SCATTERED = natPreset('restrict port', 'random');

const blocked = (proto: 'udp' | 'tcp') => natPreset('restrict port', 'equal', { blocked: [proto] });
const SCENES: readonly Scene[] = [
  {
    name: 'no binary here',
    method: 'udp-punch',
    bare: 'a',
    told: /we could not begin UDP hole punching: .*udx-native/,
  },
  {
    name: 'no binary there',
    method: 'udp-punch',
    bare: 'b',
    told: /the other side could not begin UDP hole punching: .*udx-native/,
  },
  {
    name: 'random ports on both sides',
    method: 'udp-punch',
    a: RANDOM,
    b: RANDOM,
    told: /UDP hole punching was not tried: random ports/,
  },
  {
    name: 'this network lets no UDP through',
    method: 'udp-punch',
    a: blocked('udp'),
    told: /your network lets no UDP through/,
  },
  {
    name: 'their network lets no UDP through',
    method: 'udp-punch',
    b: blocked('udp'),
    told: /their network lets no UDP through/,
  },
  {
    name: 'neither does',
    method: 'udp-punch',
    a: blocked('udp'),
    b: blocked('udp'),
    told: /neither your network nor theirs lets UDP through/,
  },
  {
    name: 'this network stops letting UDP through',
    method: 'udp-punch',
    stage: (world) => become(world, 'a', blocked('udp')),
    told: /none of our \d+ there: a firewall on the way lets no UDP through between the two/,
  },
  {
    name: 'their network stops',
    method: 'udp-punch',
    stage: (world) => become(world, 'b', blocked('udp')),
    told: /none of our \d+ there: a firewall on the way lets no UDP through between the two/,
  },
  {
    name: 'somebody between them drops all',
    method: 'udp-punch',
    stage: (world) => censor(world, null),
    told: /no packet arrived from them although they sent \d+, and none of our \d+ there: a firewall/,
  },
  {
    name: 'somebody drops what we send',
    method: 'udp-punch',
    stage: (world) => censor(world, 'a'),
    told: /their packets reached us, and none of the \d+ that we sent.* firewall on their side/,
  },
  {
    name: 'somebody drops what they send',
    method: 'udp-punch',
    stage: (world) => censor(world, 'b'),
    told: /our packets reached them, and none of the \d+ that they sent.* firewall on this side/,
  },
  {
    name: 'whatever is no probe is dropped',
    method: 'udp-punch',
    stage: (world) => censor(world, null, isNoProbe),
    told: /packets went both ways, but no encrypted connection/,
  },
  {
    name: 'our neighbours move our mappings',
    method: 'udp-punch',
    a: COUNTING,
    b: SCATTERED,
    stage: (world) => crowd(world, 'a', 'udp', 200),
    told: /the ports of your router moved from \d+ to \d+ while we punched: another program on your network/,
  },
  {
    name: 'their neighbours move theirs',
    method: 'udp-punch',
    a: SCATTERED,
    b: COUNTING,
    stage: (world) => crowd(world, 'b', 'udp', 200),
    told: /the ports of their router moved from \d+ to \d+ while we punched: another program on their network/,
  },
  {
    name: 'neighbours on both sides',
    method: 'udp-punch',
    a: COUNTING,
    b: COUNTING,
    stage: (world) => {
      crowd(world, 'a', 'udp', 40);
      crowd(world, 'b', 'udp', 40);
    },
    told: /the ports of your router moved from/,
  },
  {
    name: 'our router gives random ports since it was looked at',
    method: 'udp-punch',
    stage: (world) => become(world, 'a', RANDOM),
    told: /a router does not keep to what servers saw of it/,
  },
  {
    name: 'theirs does',
    method: 'udp-punch',
    stage: (world) => become(world, 'b', RANDOM),
    told: /a router does not keep to what servers saw of it/,
  },
  {
    name: 'we guess, and no guess gets through',
    method: 'udp-punch',
    b: RANDOM,
    stage: (world) => censor(world, 'a'),
    told: /their packets reached us, and none of the \d+ that we sent reached them/,
  },
  {
    name: 'they guess, and no guess gets through',
    method: 'udp-punch',
    a: RANDOM,
    stage: (world) => censor(world, 'b'),
    told: /our router seems to give every destination a random port, and \d+ guesses hit none of 256/,
  },
  {
    name: 'they go dark once they have answered',
    method: 'udp-punch',
    stage: (world) => unplug(world, 'b'),
    told: /none of our \d+ packets was answered, and the other side has not said what it saw/,
  },
  {
    name: 'this network lets no TCP through',
    method: 'tcp-punch',
    a: blocked('tcp'),
    told: /your network lets no TCP through/,
  },
  {
    name: 'random ports against restricted ones',
    method: 'tcp-punch',
    a: RANDOM,
    told: /TCP hole punching was not tried: ports are random/,
  },
  {
    name: 'random ports there',
    method: 'tcp-punch',
    b: RANDOM,
    told: /TCP hole punching was not tried: ports are random/,
  },
  {
    name: 'somebody between them drops all',
    method: 'tcp-punch',
    stage: (world) => censor(world, null),
    told: /both sides knocked and neither was heard: a firewall on the way lets no TCP through/,
  },
  {
    name: 'somebody drops what we send',
    method: 'tcp-punch',
    stage: (world) => censor(world, 'a'),
    told: /both sides knocked and neither was heard: a firewall on the way lets no TCP through/,
  },
  {
    name: 'their router refuses, its ports having become random',
    method: 'tcp-punch',
    stage: (world) => become(world, 'b', { ...RANDOM, unsolicited: 'reset' }),
    told: /the other router refused our packets \d+ times after 40 ms; it resets strangers, and the two starts were \d+ ms apart/,
  },
  {
    name: 'ours refuses',
    method: 'tcp-punch',
    stage: (world) => become(world, 'a', { ...RANDOM, unsolicited: 'reset' }),
    told: /our router refused the packets of the other side \d+ times after 40 ms; it resets strangers/,
  },
  {
    name: 'our neighbours move our mappings',
    method: 'tcp-punch',
    a: COUNTING,
    b: SCATTERED,
    stage: (world) => crowd(world, 'a', 'tcp', 200),
    told: /the ports of your router moved from \d+ to \d+ while we punched: another program on your network/,
  },
  {
    name: 'their neighbours move theirs',
    method: 'tcp-punch',
    a: SCATTERED,
    b: COUNTING,
    stage: (world) => crowd(world, 'b', 'tcp', 200),
    told: /the router of their network numbers its ports, and other programs there/,
  },
  {
    name: 'whatever is more than a handshake is dropped',
    method: 'tcp-punch',
    stage: (world) => censor(world, null, hasBytes),
    told: /packets went both ways, but no encrypted connection/,
  },
  {
    name: 'they go dark once they have answered',
    method: 'tcp-punch',
    stage: (world) => unplug(world, 'b'),
    told: /our packet was not answered, and the other side has not said what it saw/,
  },
];

async function play({ method, a = PORT, b = PORT, bare, stage }: Scene) {
  const world = createWorld({ seed: 1, delay: 10, fullStun: true, stun: 2, a: { nat: a }, b: { nat: b } });
  const setup = (side: Side) => ({ nat: true, ...(bare === side ? { io: without(world[side].io) } : {}) });
  const nodes = await startWorldNodes(world, setup('a'), setup('b'));
  await world.lab.advance(5_000);
  stage?.(world);
  const connecting = nodes.a.node.connect(nodes.b.node.address, { methods: [method] });
  const outcome = await world.lab.run(
    connecting.then(
      (pipe) => `open: ${pipe.info.method}`,
      (error: unknown) => (error instanceof Error ? error.message : String(error)),
    ),
    { within: 60_000 },
  );
  await world.lab.advance(3_000);
  return { outcome, told: nodes.a.of('explanation'), reports: nodes.a.of('nat') };
}

test('a router that drops what nobody asked for is known by it afterwards, one that resets too', async () => {
  for (const unsolicited of ['drop', 'reset'] as const) {
    const other = { ...RANDOM, unsolicited };
    const { reports } = await play({
      name: '',
      method: 'tcp-punch',
      stage: (world) => become(world, 'a', other),
      told: /./,
    });
    expect(reports.at(-1)?.report.tcp.unsolicited).toBe(unsolicited);
  }
});

describe('staged failures', () => {
  test.each(SCENES)('$method: $name', async (scene) => {
    const { outcome, told } = await play(scene);
    expect(outcome).toMatch(scene.told);
    expect(told.map(({ method }) => method)).toEqual([scene.method]);
    // What was inferred is not told as proven.
    for (const { sentence, help } of told) {
      expect(sentence).not.toMatch(/timeout|timed out|symmetric/i);
      expect(help).not.toBeNull();
    }
  });
});
