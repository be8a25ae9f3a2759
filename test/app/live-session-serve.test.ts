/** Serving beside the nodes of a session, which then use it. */
import { beforeEach, describe, expect, test, vi } from 'vitest';
import type { Context } from '../../src/app/journeys/context.ts';
import { serve } from '../../src/app/journeys/serve.ts';
import { chooseServers } from '../../src/app/journeys/servers.ts';
import { NO_SERVERS, P2pdError } from '../../src/net/index.ts';
import { connected, faults, twoSides } from './session-lab.ts';

// Which servers there are is another subject; here nobody is asked.
vi.mock(import('../../src/app/journeys/servers.ts'), () => ({
  chooseServers: vi.fn(async () => NO_SERVERS),
}));

/** A serve that is ready at once and ends when it is told to. */
vi.mock(import('../../src/app/journeys/serve.ts'), async (original) => ({
  ...(await original()),
  serve: vi.fn(async ({ emit, signal }: Context) => {
    const nodeId = '9f2c1234abcd5678';
    emit({
      event: 'ready',
      address: '192.0.2.5#9f2c1234abcd5678',
      nodeId,
      port: 5380,
      slot: 0,
      nickname: null,
      servers: { stun: [], mqtt: [], ntp: [], turn: [], pnp: [] },
    });
    await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }));
    emit({ event: 'stopped', nodeId });
  }),
}));

beforeEach(() => {
  vi.mocked(serve).mockClear();
  vi.mocked(chooseServers).mockClear();
});

describe('live session: serving', () => {
  test('starts idle nodes anew, in their slots, so that they find what is served; once', async () => {
    const { lab, alice } = await twoSides();
    await lab.run(alice.session.startNode());
    const [first, second] = alice.state().nodes;
    vi.mocked(chooseServers).mockClear();
    await lab.run(alice.session.serve());
    expect(alice.state().serving).toMatchObject({
      running: true,
      command: 'npx p2pd-demo --via 192.0.2.5#9f2c1234abcd5678',
    });
    expect(alice.state().nodes).toMatchObject([
      { nodeId: first?.nodeId, slot: 0, running: true },
      { nodeId: second?.nodeId, slot: 1, running: true },
    ]);
    expect(chooseServers).toHaveBeenCalledOnce();
    expect(alice.state().ui.notice).toContain('started anew');
    await lab.run(alice.session.serve());
    expect(serve).toHaveBeenCalledOnce();
    expect(faults(alice)).toEqual([]);
  });

  test('leaves a node with an open pipe as it is, and says so', async () => {
    const { lab, alice, pipe } = await connected();
    await lab.run(alice.session.serve());
    expect(alice.state().pipes).toMatchObject([{ id: pipe, state: 'open' }]);
    expect(alice.state().ui.notice).toContain('keep the servers that they have');
  });

  test('ends when it is told to, can begin again, and ends with the session', async () => {
    const { lab, alice } = await twoSides();
    await lab.run(alice.session.serve());
    await lab.run(alice.session.stopServing());
    expect(alice.state().serving?.running).toBe(false);
    await lab.run(alice.session.serve());
    expect(alice.state().serving?.running).toBe(true);
    await lab.run(alice.session.stop());
    expect(alice.state().serving?.running).toBe(false);
    expect(alice.state().nodes.some(({ running }) => running)).toBe(false);
  });

  test('a port that is taken is a fault with a hint, and nothing is started anew', async () => {
    const { lab, alice } = await twoSides();
    vi.mocked(serve).mockRejectedValueOnce(new P2pdError('PORT_TAKEN', 'port 1883 is taken'));
    await lab.run(alice.session.serve());
    expect(alice.state().error).toMatchObject({ message: 'port 1883 is taken' });
    expect(alice.state().serving).toBe(null);
    expect(alice.state().ui.notice).toBe(null);
    expect(alice.events.filter(({ event }) => event === 'stopped')).toEqual([]);
  });
});
