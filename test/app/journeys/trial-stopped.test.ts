/** A trial that its beginner stops: in virtual time. */
import { expect, test, vi } from 'vitest';
import { acceptTrial } from '../../../src/app/journeys/accept-trial.ts';
import { chooseServers } from '../../../src/app/journeys/servers.ts';
import { trial } from '../../../src/app/journeys/trial.ts';
import { createWorld } from '../../../src/lab/world.ts';
import { NO_SERVERS } from '../../../src/net/index.ts';
import { sideOn, until } from '../session-lab.ts';

// Which servers there are is another subject.
vi.mock(import('../../../src/app/journeys/servers.ts'), () => ({
  chooseServers: vi.fn(async () => NO_SERVERS),
}));

test('trial: stopped by who began it, its report still tells both NATs and what was tried', async () => {
  const open = { nat: null };
  const world = createWorld({ seed: 'a trial that is stopped', fullStun: true, a: open, b: open });
  vi.mocked(chooseServers).mockResolvedValue(world.servers);
  const [a, b] = [sideOn(world.a), sideOn(world.b)];
  const theirs = acceptTrial(b.ctx, { nickname: null });
  await until(world.lab, () => typeof b.state().trial?.address === 'string');
  const stop = new AbortController();
  const ctx = { ...a.ctx, signal: stop.signal };
  const peer = b.state().trial?.address ?? '';
  const ours = trial(ctx, { peer, repeat: 5, acceptNewKey: false });
  await until(world.lab, () => a.state().trial?.cells.some(({ runs }) => runs.length > 0) === true);
  stop.abort(new Error('enough'));
  const document = await world.lab.run(ours);
  expect(document).toMatchObject({ complete: false, incomplete: 'it was stopped' });
  const types = [document.sides.a, document.sides.b].map(({ reports }) => reports.map(({ udp }) => udp.type));
  expect(types).toEqual([[1], [1]]);
  expect(await world.lab.run(theirs)).toEqual(document);
});
