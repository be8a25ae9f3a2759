/** Trials in virtual time: what the report says is what the simulated routers do. */
import { expect, test, vi } from 'vitest';
import { acceptTrial } from '../../../src/app/journeys/accept-trial.ts';
import { chooseServers } from '../../../src/app/journeys/servers.ts';
import { trial } from '../../../src/app/journeys/trial.ts';
import type { TrialCell, TrialDocument } from '../../../src/app/trial/document.ts';
import { natPreset } from '../../../src/lab/index.ts';
import type { DeltaType } from '../../../src/lab/nat-ports.ts';
import type { NatTypeName } from '../../../src/lab/nat-preset.ts';
import { createWorld, type LabWorld } from '../../../src/lab/world.ts';
import { NO_SERVERS } from '../../../src/net/index.ts';
import { type Side, sideOn, until } from '../session-lab.ts';

// Which servers there are is another subject.
vi.mock(import('../../../src/app/journeys/servers.ts'), () => ({
  chooseServers: vi.fn(async () => NO_SERVERS),
}));

type Nat = readonly [NatTypeName, DeltaType];

interface Meeting {
  readonly world: LabWorld;
  readonly a: Side;
  readonly b: Side;
  /** As side b gets it. */
  readonly theirs: Promise<TrialDocument | null>;
  readonly address: string;
}

async function meet(a: Nat, b: Nat): Promise<Meeting> {
  const world = createWorld({
    seed: `trial ${a} ${b}`,
    fullStun: true,
    a: { nat: natPreset(...a), clockOffset: 40 },
    b: { nat: natPreset(...b), clockOffset: -60 },
  });
  vi.mocked(chooseServers).mockResolvedValue(world.servers);
  const sides = { a: sideOn(world.a), b: sideOn(world.b) };
  const theirs = acceptTrial(sides.b.ctx, { nickname: null });
  const address = () => sides.b.state().trial?.address ?? '';
  await until(world.lab, () => address() !== '');
  return { world, ...sides, theirs, address: address() };
}

const run = ({ world, a, address }: Meeting, repeat = 2) =>
  world.lab.run(() => trial(a.ctx, { peer: address, repeat, acceptNewKey: false }));

function cell(document: TrialDocument, method: TrialCell['method'], initiator: 'a' | 'b', path = 'external') {
  return document.cells.find(
    (one) => one.method === method && one.initiator === initiator && one.path === path,
  );
}

test('trial: look', { timeout: 60_000 }, async () => {
  const meeting = await meet(['restrict port', 'equal'], ['restrict', 'equal']);
  const started = performance.now();
  const document = await run(meeting, 5);
  console.log(performance.now() - started, document.elapsed, document.clock, document.advice);
  for (const one of document.cells)
    console.log(
      one.path,
      one.method,
      one.initiator,
      one.predicted,
      one.surprise,
      one.why,
      JSON.stringify(
        one.runs.map(({ outcome, at, elapsed, rtt, sendMbps, reason, timeline }) => [
          outcome,
          at,
          elapsed,
          rtt,
          sendMbps,
          reason,
          timeline.length,
        ]),
      ),
    );
  expect(cell(document, 'tcp-punch', 'a')?.runs.length).toBe(5);
  expect(await meeting.theirs).toEqual(document);
});
