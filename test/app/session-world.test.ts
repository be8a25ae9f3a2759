/** Sessions among public services, in virtual time: what a person is told of the world outside. */
import { describe, expect, test, vi } from 'vitest';
import { interfaces } from '../../src/app/journeys/interfaces.ts';
import { chooseServers } from '../../src/app/journeys/servers.ts';
import { runningNodes, selectWorld } from '../../src/app/select.ts';
import { natPreset } from '../../src/lab/index.ts';
import { createWorld, type LabWorld, type WorldOptions } from '../../src/lab/world.ts';
import { NO_SERVERS } from '../../src/net/index.ts';
import { choose, faults, type Side, sideOn, until } from './session-lab.ts';

// Which servers there are is another subject.
vi.mock(import('../../src/app/journeys/servers.ts'), () => ({
  chooseServers: vi.fn(async () => NO_SERVERS),
}));

const NAT = natPreset('restrict port', 'equal');

function worldOf(options: Omit<WorldOptions, 'seed'> = {}): LabWorld & { alice: Side; bob: Side } {
  const world = createWorld({ seed: 'session', b: { nat: NAT }, ...options });
  vi.mocked(chooseServers).mockResolvedValue(world.servers);
  return { ...world, alice: sideOn(world.a), bob: sideOn(world.b) };
}

async function started(options: Omit<WorldOptions, 'seed'> = {}) {
  const world = worldOf(options);
  const { lab, alice, bob } = world;
  await lab.run(Promise.all([alice.session.startNode(), bob.session.startNode()]));
  return world;
}

const anyMethod = (peer: string) => ({ ...choose(peer), methods: ['direct', 'reverse'] as const });

describe('session among public services', () => {
  test('start-up tells what answered; the state knows outer address, brokers and clock', async () => {
    const { bob, servers } = await started({ b: { nat: NAT, clockOffset: 250 } });
    const steps = bob.state().steps.map(({ name, state }) => `${name} ${state}`);
    expect(steps.toSorted()).toEqual([
      'identity ok',
      'interfaces ok',
      'listen ok',
      'mqtt ok',
      'ntp ok',
      'stun ok',
    ]);
    const world = selectWorld(bob.state());
    expect(world?.offline).toBe(false);
    expect(world?.outer).toMatchObject([
      { inner: '192.168.2.2', outer: expect.stringMatching(/^203\.0\.113\./) },
    ]);
    expect(world?.brokers.map(({ url }) => url)).toEqual(servers.mqtt);
    expect(Math.abs((world?.clock?.offset ?? 0) + 250)).toBeLessThanOrEqual(world?.clock?.error ?? 0);
  });

  test('listening is told before the services have answered', async () => {
    const { bob } = await started();
    const ends = bob.events.flatMap((event) =>
      event.event === 'step' && event.state === 'ok' ? [event] : [],
    );
    const at = (name: string) => ends.find((event) => event.name === name)?.at ?? Number.NaN;
    expect(at('listen')).toBeLessThan(at('stun'));
  });

  test('where nothing answers: it is known within 1.5 s, and the node is ready all the same', async () => {
    const { lab, a } = worldOf();
    const dead = {
      ...NO_SERVERS,
      stun: [{ host: '203.0.113.250', port: 3478, tcp: true }],
      mqtt: ['mqtt://gone.example:1883'],
      ntp: [{ host: 'gone.example', port: 123 }],
    };
    vi.mocked(chooseServers).mockResolvedValue(dead);
    const alone = sideOn(a);
    const startedAt = lab.now();
    await lab.run(alone.session.startNode());
    expect(lab.now() - startedAt).toBeLessThanOrEqual(1_600);
    expect(selectWorld(alone.state())?.offline).toBe(true);
    expect(alone.address()).toMatch(/^p2pd1/);
    const failed = alone.state().steps.filter(({ state }) => state === 'failed');
    expect(failed.map(({ name }) => name).toSorted()).toEqual(['mqtt', 'ntp', 'stun']);
  });

  test('a peer behind a NAT is asked to dial back: told as asked, answered, then the open pipe', async () => {
    const { lab, alice, bob } = await started();
    const pipe = alice.session.connect(anyMethod(bob.address()));
    await until(lab, () => alice.state().pipes[0]?.state === 'open');
    expect(alice.state().pipes).toMatchObject([
      { id: pipe, path: { method: 'reverse', path: 'external' }, signal: { state: 'answered' } },
    ]);
    expect(alice.state().pipes[0]?.signal?.rtt).toBeGreaterThan(0);
    expect(alice.state().log.map(({ text }) => text)).toContainEqual(
      expect.stringMatching(/^signalling: asked 3 brokers: answered after \d+ ms/),
    );
  });

  test('a peer that has gone is silent on every broker; the fault says so', async () => {
    const { lab, alice, bob } = await started();
    const address = bob.address();
    await lab.run(bob.session.stop());
    alice.session.connect(anyMethod(address));
    await until(lab, () => alice.state().pipes[0]?.state === 'failed');
    expect(alice.state().pipes[0]?.signal).toMatchObject({ state: 'silent', rtt: null });
    expect(faults(alice)).toMatchObject([{ code: 'PEER_SILENT' }]);
  });

  test('every node of a process uses the same servers, chosen once', async () => {
    const { lab, alice } = await started();
    vi.mocked(chooseServers).mockClear();
    await lab.run(alice.session.startNode());
    expect(chooseServers).not.toHaveBeenCalled();
    expect(Object.keys(alice.state().worlds)).toHaveLength(2);
    await lab.run(alice.session.stop());
    expect(runningNodes(alice.state().nodes)).toEqual([]);
    expect(alice.state().worlds).toEqual({});
  });
});

describe('interfaces among public services', () => {
  test('have the outer address of each family in their routes', async () => {
    const { lab, bob } = worldOf({ ipv6: true });
    const [nic] = await lab.run(interfaces(bob.ctx));
    const { rp } = nic?.toDict() ?? {};
    expect(rp?.['2'][0]?.nic_ips[0]?.ip).toBe('192.168.2.2');
    expect(rp?.['2'][0]?.ext_ips[0]?.ip).toMatch(/^203\.0\.113\./);
    expect(rp?.['23'][0]?.ext_ips[0]?.ip).toBe(rp?.['23'][0]?.nic_ips[0]?.ip);
    expect(bob.state().steps).toMatchObject([{ name: 'stun', state: 'ok' }]);
  });

  test('are listed without any server that answers, and it is told why', async () => {
    const { lab, bob } = worldOf({ stun: 0 });
    vi.mocked(chooseServers).mockResolvedValue({
      ...NO_SERVERS,
      stun: [{ host: 'gone.example', port: 3478, tcp: true }],
    });
    const found = await lab.run(interfaces(bob.ctx));
    expect(found.map(({ id }) => id)).toEqual(['eth0']);
    expect(lab.now()).toBeLessThanOrEqual(1_600);
    expect(bob.state().steps).toMatchObject([
      { name: 'stun', state: 'failed', detail: expect.stringMatching(/^none answers: .*not known$/) },
    ]);
  });

  test('are listed at once where nobody is to be asked', async () => {
    const { lab, bob } = worldOf();
    vi.mocked(chooseServers).mockResolvedValue(NO_SERVERS);
    expect(await lab.run(interfaces(bob.ctx))).toHaveLength(1);
    expect(bob.state().steps).toEqual([]);
  });
});
