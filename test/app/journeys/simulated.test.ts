/** Journeys on simulated machines, as the replay of a trial runs them: all of it in virtual time. */
import { expect, test } from 'vitest';
import { DEFAULT_CONFIG } from '../../../src/app/config.ts';
import type { AppEvent } from '../../../src/app/events.ts';
import { accept } from '../../../src/app/journeys/accept.ts';
import { connect } from '../../../src/app/journeys/connect.ts';
import { nat } from '../../../src/app/journeys/nat.ts';
import { simulatedContext } from '../../../src/app/journeys/simulated.ts';
import { buildReplayWorld, natPreset } from '../../../src/lab/index.ts';
import { natLab, reportIn } from '../../net/nat/nat-lab.ts';

const never = new AbortController().signal;

async function replayed() {
  const reportOf = async (...preset: Parameters<typeof natPreset>) =>
    reportIn(await natLab({ seed: preset.join(), nat: natPreset(...preset) }));
  const [a, b] = [await reportOf('full cone'), await reportOf('restrict port', 'preserving')];
  const world = buildReplayWorld([a], [b], { seed: 1, sameLan: false });
  const events = { a: [] as AppEvent[], b: [] as AppEvent[] };
  const contextOf = (side: 'a' | 'b', signal = never) =>
    simulatedContext({
      host: world[side],
      servers: world.servers,
      // What belongs to a real machine is left aside.
      config: { ...DEFAULT_CONFIG, port: 1, interfaces: ['wlan9'], state: '/nowhere' },
      emit: (event) => events[side].push(event),
      signal,
    });
  return { ...world, contextOf, events, reports: { a, b } };
}

test('simulated: one side accepts and echoes, the other sends and is answered', async () => {
  const { lab, contextOf, events } = await replayed();
  const leave = new AbortController();
  const bob = contextOf('b', leave.signal);
  const accepting = accept(bob, { echo: true, once: false, saveTo: null, nickname: null, raw: null });
  const address = () => events.b.flatMap((event) => (event.event === 'ready' ? [event.address] : []))[0];
  await lab.run(async () => {
    while (address() === undefined) await bob.io.sleepUntil(bob.io.now() + 10);
  });
  await lab.run(connect(contextOf('a'), address() ?? '', { kind: 'send', text: 'anybody?' }));
  const said = events.a.flatMap((event) =>
    event.event === 'message' ? [`${event.direction} ${event.text}`] : [],
  );
  expect(said).toEqual(['out anybody?', 'in anybody?']);
  leave.abort();
  await lab.run(accepting);
});

test('simulated: the NAT report of each side is the one that it was built from', async () => {
  const { lab, contextOf, reports } = await replayed();
  for (const side of ['a', 'b'] as const) {
    const [found] = await lab.run(nat(contextOf(side)));
    expect([found?.udp.type, found?.udp.delta]).toEqual([reports[side].udp.type, reports[side].udp.delta]);
  }
});

test('simulated: nodes of one machine have slots of their own, and what one leaves is free', async () => {
  const { lab, contextOf } = await replayed();
  const { claim, files } = contextOf('a');
  const [first, second] = [await lab.run(claim()), await lab.run(claim())];
  expect([first.slot, second.slot, first.machineId]).toEqual([0, 1, second.machineId]);
  expect(first.identity.nodeId).not.toBe(second.identity.nodeId);
  await first.release();
  expect((await lab.run(claim())).slot).toBe(0);
  await first.files.write('known.json', 'x');
  expect(await (await files()).read('known.json')).toBe('x');
});
