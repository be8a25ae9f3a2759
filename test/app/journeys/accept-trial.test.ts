/** A trial's waiting side, and what others may do to it: in virtual time. */
import { expect, test, vi } from 'vitest';
import { acceptTrial } from '../../../src/app/journeys/accept-trial.ts';
import { chooseServers } from '../../../src/app/journeys/servers.ts';
import type { TrialRun } from '../../../src/app/trial/document.ts';
import { encodeTrialMessage, type TrialMessage } from '../../../src/app/trial/messages.ts';
import type { PlannedCell } from '../../../src/app/trial/plan.ts';
import { createWorld } from '../../../src/lab/world.ts';
import { NO_SERVERS } from '../../../src/net/index.ts';
import { startLabNode } from '../../helpers/lab-node.ts';
import { sideOn, until } from '../session-lab.ts';

// Which servers there are is another subject.
vi.mock(import('../../../src/app/journeys/servers.ts'), () => ({
  chooseServers: vi.fn(async () => NO_SERVERS),
}));

async function waiting(hasServers = false) {
  const world = createWorld({
    seed: 'a trial that waits',
    fullStun: true,
    a: { nat: null },
    b: { nat: null },
  });
  vi.mocked(chooseServers).mockResolvedValue(hasServers ? world.servers : NO_SERVERS);
  const host = sideOn(world.b);
  const report = acceptTrial(host.ctx, { nickname: null });
  const trial = () => host.state().trial;
  await until(world.lab, () => typeof trial()?.address === 'string');
  const guest = await startLabNode(world.lab, world.a);
  const meet = async () => {
    const pipe = await world.lab.run(guest.node.connect(trial()?.address ?? ''));
    const heard: string[] = [];
    guest.node.addMessageHandler((bytes, _from, from) => {
      if (from === pipe) heard.push(String(JSON.parse(Buffer.from(bytes).toString()).type));
    });
    const say = (...messages: readonly TrialMessage[]) =>
      Promise.all(messages.map((message) => pipe.sendKind('binary', encodeTrialMessage(message))));
    const hello = async () => {
      await say({ type: 'hello', program: '0', address: guest.node.address });
      await until(world.lab, () => heard.includes('welcome'));
    };
    return { pipe, heard, say, hello };
  };
  return { ...world, guest, report, trial, meet };
}

test('trial: who says hello and leaves, or talks nonsense, ends nothing', async () => {
  const { lab, trial, meet, report } = await waiting();
  let isOver = false;
  void report.then(() => {
    isOver = true;
  });
  const first = await meet();
  await first.hello();
  await first.say({ type: 'stop', reason: 'no wish' });
  await lab.run(first.pipe.closed);
  const second = await meet();
  await second.pipe.sendKind('binary', Buffer.from('{"trial":1,"type":"hello"}'));
  await lab.run(second.pipe.close());
  const third = await meet();
  await third.hello();
  expect(isOver).toBe(false);
  expect(trial()?.phase).toBe('looking');
});

const cell: PlannedCell = {
  ...({ method: 'direct', path: 'external', family: 4, initiator: 'b', predicted: 'yes' } as const),
  ...{ why: 'both are on the Internet', wanted: 2 },
};
const run: TrialRun = {
  ...({ outcome: 'open', at: 0, elapsed: 5, rtt: null, sendMbps: null, receiveMbps: null } as const),
  ...{ reason: null, explanation: null, timeline: [] },
};

test('trial: the other side has as many runs and results as it planned, once', async () => {
  const { lab, trial, meet, guest } = await waiting();
  const { say, heard, hello } = await meet();
  await hello();
  const way = { method: 'direct', path: 'external', family: 4 } as const;
  const ask = (id: number) => ({ type: 'run', id, way, limit: 5_000, bytes: 0 }) as const;
  const side = { nodeId: guest.node.nodeId, version: '0', platform: null, reports: [] };
  await say(ask(1));
  await say({ type: 'plan', side, cells: [cell] }, ask(2), ask(3));
  await until(lab, () => heard.filter((type) => type === 'ran').length >= 2);
  await say({ type: 'plan', side, cells: [{ ...cell, wanted: 900 }] }, ask(4), ask(5));
  await say(...Array.from({ length: 9 }, () => ({ type: 'result', cell: 0, run, left: 0 }) as const));
  await say({ type: 'result', cell: 7, run, left: 0 });
  await lab.advance(10_000);
  expect(heard.filter((type) => type === 'ran')).toHaveLength(2);
  expect(trial()?.cells.map(({ runs, wanted }) => [runs.length, wanted])).toEqual([[2, 2]]);
});

test('trial: what this side knew of itself is in the report of a trial whose beginner is gone', async () => {
  const { lab, meet, guest, report, servers } = await waiting(true);
  expect(servers.stun.length).toBeGreaterThan(0);
  const { say, hello, pipe } = await meet();
  await hello();
  const side = { nodeId: guest.node.nodeId, version: '0', platform: null, reports: [] };
  await say({ type: 'plan', side, cells: [cell] });
  await lab.run(pipe.close('gone'));
  const document = await lab.run(report);
  expect(document).toMatchObject({
    complete: false,
    incomplete: 'the other side is gone: closed by the peer: gone',
  });
  expect(document?.sides.b.reports.map(({ udp }) => udp.type)).toEqual([1]);
});
