/** Pipes by UDP allocations between two nodes in virtual time: who holds the relay, what is preferred, what is told. */
import { describe, expect, test } from 'vitest';
import { type LabHost, natPreset } from '../../src/lab/index.ts';
import { createWorld, type LabWorld, type SideOptions } from '../../src/lab/world.ts';
import type { TurnServer } from '../../src/net/servers.ts';
import { type LabNode, startWorldNodes } from '../helpers/lab-node.ts';
import { LabTurnServer, TURN_USER, type TurnServerOptions } from '../lab/turn-server.ts';

const HARD: SideOptions = { nat: natPreset('symmetric', 'random') };
const OPTIONS = { methods: ['relay'], timeout: 20_000 } as const;

interface Scene extends LabWorld {
  readonly turn: LabTurnServer;
  readonly host: LabHost;
  readonly urls: (query: string) => readonly TurnServer[];
}

async function scene(seed: number, options: Partial<TurnServerOptions> = {}): Promise<Scene> {
  const world = createWorld({ seed, a: HARD, b: HARD });
  const host = world.lab.host({ name: 'turn', on: world.net });
  const turn = new LabTurnServer({ io: host.io, at: { ip: host.ip(), port: 3478 }, ...options });
  await world.lab.run(turn.start());
  const urls = (query: string) => [{ url: `turn:${host.ip()}:3478${query}`, ...TURN_USER }];
  return { ...world, turn, host, urls };
}

/** Both nodes, each with its own relays. */
function start(at: Scene, a: readonly TurnServer[], b: readonly TurnServer[]) {
  const servers = at.servers;
  return startWorldNodes(at, { servers: { ...servers, turn: a } }, { servers: { ...servers, turn: b } });
}

/** Says something, and hears it. */
async function says(at: Scene, from: LabNode, to: LabNode, count = 1): Promise<string[]> {
  const got: string[] = [];
  to.node.addMessageHandler((message) => void got.push(String(message)));
  const [pipe] = from.node.pipes;
  for (let i = 0; i < count; i++) void pipe?.send(`${i} ${'x'.repeat(3_000)}`);
  await at.lab.advance(3_000);
  return got;
}

describe('relayed pipe over UDP', () => {
  for (const query of ['?transport=udp', '?transport=tcp'])
    test(`the asker's relay, ${query}: open on both sides as relay over UDP, bytes in order, given back at the end`, async () => {
      const at = await scene(1);
      const { a, b } = await start(at, at.urls(query), []);
      await at.lab.run(a.node.connect(b.node.address, OPTIONS));
      await at.lab.advance(200);
      for (const { of } of [a, b])
        expect(of('open')).toMatchObject([{ method: 'relay', transport: 'udp', path: 'external' }]);
      const got = await says(at, a, b, 100);
      expect(got).toHaveLength(100);
      expect(got.map((line) => Number.parseInt(line, 10))).toEqual(got.map((_, i) => i));
      expect(at.turn.seen).toContain('channel-data');
      await at.lab.run(a.node.stop());
      await at.lab.advance(2_000);
      expect(at.turn.allocations).toBe(0);
      expect(b.of('closed')).toHaveLength(1);
    });

  test("the asked side's relay, where the asker has none", async () => {
    const at = await scene(2);
    const { a, b } = await start(at, [], at.urls('?transport=udp'));
    await at.lab.run(a.node.connect(b.node.address, OPTIONS));
    await at.lab.advance(200);
    for (const { of } of [a, b]) expect(of('open')).toMatchObject([{ method: 'relay', transport: 'udp' }]);
    expect(await says(at, a, b, 10)).toHaveLength(10);
  });

  test('it lives for hours, quiet', async () => {
    const at = await scene(3, { nonceLife: 900_000 });
    const { a, b } = await start(at, at.urls('?transport=udp'), []);
    await at.lab.run(a.node.connect(b.node.address, OPTIONS));
    await at.lab.advance(2 * 3_600_000);
    expect([a.of('closed'), b.of('closed'), a.of('stranded')]).toEqual([[], [], []]);
    // Where nothing but a relay is wanted, nothing else is looked for.
    expect(a.of('signal').filter(({ state }) => state === 'asked')).toHaveLength(1);
    expect(await says(at, a, b)).toHaveLength(1);
  });

  test('the relay forgets it: the pipe goes on by a new allocation', async () => {
    const at = await scene(4);
    const { a, b } = await start(at, at.urls('?transport=udp'), []);
    await at.lab.run(a.node.connect(b.node.address, OPTIONS));
    await at.lab.advance(200);
    at.turn.forget();
    const got = await says(at, a, b, 3);
    await at.lab.advance(10_000);
    expect(got).toHaveLength(3);
    expect(a.of('closed')).toEqual([]);
  });

  test('a wrong password, a quota and silence are told as such', async () => {
    const at = await scene(5, { refuses: ({ method }) => (method === 'allocate' ? 486 : null) });
    const [server] = at.urls('?transport=udp');
    if (server === undefined) throw new Error('no server');
    const why = async (turn: TurnServer) => {
      const own = await scene(6);
      const { a, b } = await start(
        own,
        [{ ...turn, url: turn.url.replace(at.host.ip(), own.host.ip()) }],
        [],
      );
      await own.lab.run(a.node.connect(b.node.address, OPTIONS).catch(() => undefined));
      return JSON.stringify(a.of('attempt'));
    };
    expect(await why({ ...server, credential: 'guess' })).toContain(
      'does not accept our username or password',
    );
    expect(await why({ ...server, url: server.url.replace(':3478', ':3479') })).toContain('does not answer');
    const { a, b } = await start(at, [server], []);
    await at.lab.run(a.node.connect(b.node.address, OPTIONS).catch(() => undefined));
    expect(JSON.stringify(a.of('attempt'))).toContain('the quota of this user is used up');
  });
});
