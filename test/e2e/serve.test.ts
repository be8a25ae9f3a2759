/** The built program's serve, as people and scripts run it. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connectAsync } from 'mqtt';
import { afterEach, describe, expect, test } from 'vitest';

const PROGRAM = join(import.meta.dirname, '../../bin/p2pd-demo.js');
const running: ChildProcess[] = [];

afterEach(() => {
  for (const child of running.splice(0)) child.kill('SIGKILL');
});

function run(args: readonly string[], state = mkdtempSync(join(tmpdir(), 'p2pd-serve-'))) {
  const child = spawn(process.execPath, [PROGRAM, 'serve', '--host', '127.0.0.1', '--state', state, ...args]);
  running.push(child);
  const said = { stdout: '', stderr: '' };
  child.stdout.on('data', (text) => {
    said.stdout += text;
  });
  child.stderr.on('data', (text) => {
    said.stderr += text;
  });
  return { child, said, exit: once(child, 'exit').then(([code]) => code) };
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  return typeof address === 'object' && address !== null ? address.port : 0;
}

async function somePorts(): Promise<{ readonly mqtt: number; readonly list: string }> {
  const [mqtt, ntp, info] = [await freePort(), await freePort(), await freePort()];
  return { mqtt, list: `mqtt=${mqtt},ntp=${ntp},info=${info}` };
}

describe('serve, the program', () => {
  test('serve: one command on stdout, narration on stderr, exit 0 when interrupted', async () => {
    const { mqtt, list } = await somePorts();
    const { child, said, exit } = run(['--ports', list, '--only', 'mqtt,ntp']);
    await expect.poll(() => said.stdout, { timeout: 10_000 }).toMatch(/\n/);
    expect(said.stdout).toMatch(/^npx p2pd-demo --via 127[.]0[.]0[.]1:\d+#0[23][0-9a-f]{14}\n$/);
    expect(said.stderr).toBe('serving mqtt, ntp; other machines run:\n');
    const client = await connectAsync(
      `mqtt://127.0.0.1:${mqtt}`,
      { reconnectPeriod: 0, username: 'u', password: 'secret' },
      false,
    );
    await client.publishAsync(`p2pd-demo/1/${'0'.repeat(32)}`, 'payload', { qos: 1 });
    await expect.poll(() => said.stderr, { timeout: 5_000 }).toMatch(/\n1 client, [01] messages?\n/);
    child.kill('SIGTERM');
    expect(await exit).toBe(0);
    expect(said.stdout + said.stderr).not.toMatch(/secret|payload|p2pd-demo\/1/);
  });

  test('serve: --json prints ready with the servers; a second one on the same ports is exit 15', async () => {
    const { list } = await somePorts();
    const state = mkdtempSync(join(tmpdir(), 'p2pd-serve-'));
    const args = ['--json', '--only', 'mqtt,ntp', '--ports', list];
    const first = run(args, state);
    await expect.poll(() => first.said.stdout, { timeout: 10_000 }).toMatch(/\n/);
    const ready = JSON.parse(first.said.stdout);
    expect(ready).toMatchObject({
      schemaVersion: 1,
      event: 'ready',
      nickname: null,
      servers: { stun: [], turn: [], pnp: [] },
    });
    expect(ready.servers.mqtt).toHaveLength(1);

    const second = run(args, state);
    expect(await second.exit).toBe(15);
    expect(JSON.parse(second.said.stdout)).toMatchObject({ event: 'error', code: 'PORT_TAKEN' });
    expect(second.said.stderr).toMatch(
      /^p2pd-demo: port \d+ \(info\) at 127[.]0[.]0[.]1 is taken.*--ports info=N/,
    );

    const other = run([...args.slice(0, -1), (await somePorts()).list], state);
    await expect.poll(() => other.said.stdout, { timeout: 10_000 }).toMatch(/\n/);
    expect(JSON.parse(other.said.stdout).nodeId).toBe(ready.nodeId);
    first.child.kill('SIGINT');
    other.child.kill('SIGINT');
    expect([await first.exit, await other.exit]).toEqual([0, 0]);
  });

  test('serve: wrong usage is exit 2 before anything is opened', async () => {
    for (const args of [
      ['--ports', 'http=80'],
      ['--only', 'relay'],
      ['--pnp-store', 'names.db'],
      ['--ports', 'mqtt=5380'],
    ]) {
      const { said, exit } = run(args);
      expect(await exit).toBe(2);
      expect(said.stdout).toBe('');
      expect(said.stderr).toMatch(/^p2pd-demo: --[\w-]+: /);
    }
  });
});
