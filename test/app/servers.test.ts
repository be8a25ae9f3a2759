/** Which services a run may use, and what is given back when they cannot be known. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { DEFAULT_CONFIG, type ServerChoice } from '../../src/app/config.ts';
import { chooseServers } from '../../src/app/journeys/servers.ts';
import { startNode } from '../../src/app/journeys/start-node.ts';
import { createLab } from '../../src/lab/index.ts';
import { NO_SERVERS, PUBLIC_SERVERS } from '../../src/net/index.ts';
import { type Side, sideOn } from './session-lab.ts';

const folder = mkdtempSync(join(tmpdir(), 'p2pd-servers-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function file(name: string, content: string | Uint8Array): string {
  const path = join(folder, name);
  writeFileSync(path, content);
  return path;
}

function alone(servers: ServerChoice, seed = 'servers') {
  const lab = createLab({ seed });
  const side = sideOn(lab.host({ name: 'alice', on: lab.lan() }));
  return { lab, side: { ...side, ctx: { ...side.ctx, config: { ...DEFAULT_CONFIG, servers } } } };
}

/** What a serve of some machine would tell, without a signature. */
const LOCAL = { stun: [{ host: '10.0.0.2', port: 3478, tcp: true }], mqtt: ['mqtt://10.0.0.2:1883'] };

describe('servers: a file', () => {
  test('replaces the public ones wholly; what is left out is empty', async () => {
    const path = file('ours.json', '\ufeff{"mqtt": ["mqtt://[2001:db8::1]:1883"], "ntp": ["time.example"]}');
    const { side } = alone({ kind: 'file', path });
    expect(await chooseServers(side.ctx)).toEqual({
      ...NO_SERVERS,
      mqtt: ['mqtt://[2001:db8::1]:1883'],
      ntp: [{ host: 'time.example', port: 123 }],
    });
    expect(side.state().steps).toMatchObject([
      { name: 'servers', state: 'ok', detail: `1 mqtt, 1 ntp from ${path}` },
    ]);
  });

  test('that is an empty list asks nobody', async () => {
    const { side } = alone({ kind: 'file', path: file('none.json', '{}') });
    expect(await chooseServers(side.ctx)).toEqual(NO_SERVERS);
  });

  test.each([
    ['missing.json', null, 'there is no such file'],
    ['.', null, 'it is a directory'],
    ['text.json', 'hello', 'JSON'],
    ['mqtt.json', '{"mqtt": ["http://x"]}', 'mqtt'],
    ['port.json', '{"stun": [{"host": "x", "port": 0}]}', 'port'],
    ['bytes.json', Buffer.from([0x7b, 0xff, 0x7d]), 'no UTF-8 text'],
    ['long.json', `{}${' '.repeat(300_000)}`, 'longer than'],
  ])('%s is refused in one line that names it and why', async (name, content, why) => {
    const path = content === null ? join(folder, name) : file(name, content);
    const { side } = alone({ kind: 'file', path });
    await expect(chooseServers(side.ctx)).rejects.toMatchObject({
      code: 'USAGE',
      message: expect.stringMatching(/^cannot use the servers of .+: .+$/),
    });
    await expect(chooseServers(side.ctx)).rejects.toMatchObject({ message: expect.stringContaining(why) });
    expect(side.state().steps).toMatchObject([{ name: 'servers', state: 'failed' }]);
  });
});

describe('servers: the public ones', () => {
  test('are the built-in list, in the order of what answered last time', async () => {
    const { lab, side } = alone({ kind: 'public' });
    expect(await lab.run(chooseServers(side.ctx))).toEqual(PUBLIC_SERVERS);
    const [first, second] = PUBLIC_SERVERS.mqtt;
    const seen = [
      { server: `mqtt ${first}`, answered: false, at: 0 },
      { server: `mqtt ${second}`, answered: true, at: 0 },
    ];
    const files = async () => ({
      read: async (name: string) =>
        name === 'servers-seen.json' ? JSON.stringify({ version: 1, seen }) : null,
      write: async () => undefined,
    });
    const { mqtt } = await lab.run(chooseServers({ ...side.ctx, files }));
    expect([mqtt[0], mqtt.at(-1)]).toEqual([second, first]);
    expect(side.state().steps).toEqual([]);
  });

  test('with a serve on this very machine its broker comes first, its other services last', async () => {
    const { lab, side } = alone({ kind: 'public' });
    const body = new TextEncoder().encode(JSON.stringify(LOCAL));
    await lab.run(
      side.ctx.io.serveHttp({ ip: '127.0.0.1', port: 5380 }, () => ({ status: 200, headers: {}, body })),
    );
    const { mqtt, stun } = await lab.run(chooseServers(side.ctx));
    expect(mqtt).toEqual([...LOCAL.mqtt, ...PUBLIC_SERVERS.mqtt]);
    expect(stun).toEqual([...PUBLIC_SERVERS.stun, ...LOCAL.stun]);
    expect(side.state().steps).toMatchObject([{ name: 'servers', state: 'ok' }]);
  });
});

describe('servers: a machine that was named', () => {
  test('gives its list, and that it did is told', async () => {
    const { lab, side } = alone({ kind: 'via', via: '127.0.0.1:99' });
    const body = new TextEncoder().encode(JSON.stringify(LOCAL));
    await lab.run(
      side.ctx.io.serveHttp({ ip: '127.0.0.1', port: 99 }, () => ({ status: 200, headers: {}, body })),
    );
    expect(await lab.run(chooseServers(side.ctx))).toEqual({ ...NO_SERVERS, ...LOCAL });
    expect(side.state().steps).toMatchObject([{ detail: '1 stun, 1 mqtt from 127.0.0.1:99' }]);
  });

  test.each([
    ['192.168.1.5#zz', 'USAGE'],
    ['127.0.0.1:98', 'NO_SERVICE'],
  ])('%s is %s', async (via, code) => {
    const { lab, side } = alone({ kind: 'via', via });
    await expect(lab.run(chooseServers(side.ctx))).rejects.toMatchObject({ code });
  });
});

describe('start-up', () => {
  const begun = (side: Side) =>
    side.events.flatMap((event) => (event.event === 'step' && event.state === 'start' ? [event.name] : []));

  test('looks for interfaces, takes its place and chooses servers side by side', async () => {
    const { lab, side } = alone({ kind: 'file', path: file('nobody.json', '{}') });
    const servers = async () => NO_SERVERS;
    const node = await lab.run(startNode(side.ctx, { servers }));
    expect(begun(side)).toEqual(['interfaces', 'identity', 'listen']);
    expect(side.events.slice(0, 2)).toMatchObject([{ state: 'start' }, { state: 'start' }]);
    await lab.run(node.stop());
  });

  test('gives its place back where the servers cannot be known', async () => {
    const { lab, side } = alone({ kind: 'via', via: '127.0.0.1:98' });
    await expect(lab.run(startNode(side.ctx))).rejects.toMatchObject({ code: 'NO_SERVICE' });
    expect(side.released).toEqual([0]);
  });

  test('gives its place back where an interface does not exist', async () => {
    const { side } = alone({ kind: 'file', path: file('nobody.json', '{}') });
    const ctx = { ...side.ctx, config: { ...side.ctx.config, interfaces: ['eth7'] } };
    await expect(startNode(ctx)).rejects.toMatchObject({ code: 'NO_INTERFACE' });
    expect(side.released).toEqual([0]);
  });
});
