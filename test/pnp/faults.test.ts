/** What happens to names when things break: processes that are killed, a database that goes away, clocks that jump, a full disk. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { identityOf } from '../../src/net/identity.ts';
import { encodePacket } from '../../src/pnp/packet.ts';
import { openPostgresStore } from '../../src/pnp/postgres.ts';
import { decodeRefusal } from '../../src/pnp/refusal.ts';
import { DEFAULT_LIMITS, NAME_LIFETIME } from '../../src/pnp/rules.ts';
import { describeNeeding } from '../helpers/needs.ts';
import { createPostgres } from '../helpers/postgres.ts';
import {
  answerOf,
  curve,
  freePort,
  HOST,
  opened,
  overTcp,
  owner,
  requestFor,
  sealed,
  startLoopback,
} from './loopback.ts';
import { bytesOf, NOW, write } from './stores.ts';

const PROGRAM = join(import.meta.dirname, '../../bin/p2pd-demo.js');
const WRITES = 1_000;
const PER_ADDRESS = 20;
const DAY = 86_400;
const seconds = () => Math.floor(Date.now() / 1000);
const folders: string[] = [];

afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
});

function folder(): string {
  const made = mkdtempSync(join(tmpdir(), 'p2pd-faults-'));
  folders.push(made);
  return made;
}

async function serve(state: string, ports: { readonly pnp: number; readonly info: number }) {
  const args = ['serve', '--json', '--only', 'pnp', '--host', HOST, '--state', state];
  const child = spawn(
    process.execPath,
    [PROGRAM, ...args, '--ports', `pnp=${ports.pnp},info=${ports.info}`],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  );
  let text = '';
  for await (const chunk of child.stdout) {
    text += String(chunk);
    if (text.includes('"event":"ready"')) break;
  }
  const ready = JSON.parse(text.split('\n').find((line) => line.includes('"ready"')) ?? '{}') as {
    servers: { pnp: { publicKey: string }[] };
  };
  return { child, key: new Uint8Array(Buffer.from(ready.servers.pnp[0]?.publicKey ?? '', 'hex')) };
}

/** @returns whether it was acknowledged */
function push(port: number, key: Uint8Array, i: number): Promise<boolean> {
  const packet = {
    id: i,
    replyKey: curve.publicKeyOf(new Uint8Array(32).fill(13)),
    behavior: 1,
    updated: seconds(),
    name: bytesOf(`k${i}`),
    value: bytesOf(`v${i}`),
    owner: owner.publicKey,
  };
  const bytes = sealed(encodePacket(packet, owner.signSha1(encodePacket(packet))), undefined, key);
  return new Promise((resolve) => {
    const socket = connect({
      port,
      host: HOST,
      localAddress: `127.1.0.${1 + Math.floor(i / PER_ADDRESS)}`,
      noDelay: true,
    });
    socket.on('error', () => resolve(false));
    socket.on('close', () => resolve(false));
    socket.once('data', (data) => {
      resolve(decodeRefusal(opened(new Uint8Array(data))) === null);
      socket.destroy();
    });
    socket.write(bytes);
  });
}

test('kill -9 in the middle of 1,000 writes: each that was acknowledged is there', {
  timeout: 60_000,
}, async () => {
  const state = folder();
  const ports = { pnp: await freePort(), info: await freePort() };
  const first = await serve(state, ports);
  const acknowledged: number[] = [];
  let next = 0;
  const writers = Array.from({ length: 16 }, async () => {
    while (next < WRITES) {
      const i = next++;
      if (!(await push(ports.pnp, first.key, i))) return;
      acknowledged.push(i);
      if (acknowledged.length === WRITES / 2) first.child.kill('SIGKILL');
    }
  });
  await Promise.all(writers);
  expect(acknowledged.length).toBeGreaterThanOrEqual(WRITES / 2);
  expect(acknowledged.length).toBeLessThan(WRITES);
  const { openSqliteStore } = await import('../../src/pnp/sqlite.ts');
  const store = await openSqliteStore(join(state, 'names.db'), DEFAULT_LIMITS, () => Promise.resolve());
  for (const i of acknowledged) {
    const row = await store.fetch(bytesOf(`k${i}`), seconds());
    expect(Buffer.from(row?.value ?? []).toString()).toBe(`v${i}`);
  }
  await store.close();
});

test('a clock that jumps a day and back: requests are refused meanwhile, names stay, and all goes on', async () => {
  const running = await startLoopback();
  const told = async (bytes: Uint8Array) => {
    const [plain = new Uint8Array()] = await overTcp(running.port, [bytes]);
    return decodeRefusal(plain)?.why ?? 'ok';
  };
  expect(await told(requestFor('steady', 'one', { updated: seconds() - 5 }))).toBe('ok');
  for (const offset of [DAY, -DAY]) {
    running.clockOffset = 1_000 * offset;
    expect(await told(requestFor('steady', 'two'))).toBe('clock');
    const [plain] = await overTcp(running.port, [requestFor('steady', null)]);
    expect(Buffer.from(answerOf(plain).value).toString()).toBe('one');
  }
  running.clockOffset = 0;
  expect(await told(requestFor('steady', 'three'))).toBe('ok');
  running.clockOffset = 1_000 * NAME_LIFETIME;
  const [gone] = await overTcp(running.port, [requestFor('steady', null)]);
  expect(answerOf(gone).updated).toBe(0);
  await running.close();
});

describeNeeding({ postgres: true }, 'names in PostgreSQL', () => {
  test('a database that dies under load and comes back: what was acknowledged is there, and writing goes on', {
    timeout: 60_000,
  }, async () => {
    const postgres = await createPostgres();
    const errors: string[] = [];
    const store = await openPostgresStore(await postgres.database('names'), DEFAULT_LIMITS, (error) =>
      errors.push(error.message),
    );
    const acknowledged: string[] = [];
    let failed = 0;
    const until = Date.now() + 6_000;
    const writers = Array.from({ length: 8 }, async (_, writer) => {
      for (let i = 0; Date.now() < until; i++) {
        const name = `${writer}-${i}`;
        const ip = `10.${writer}.${(i >> 8) & 255}.${i & 255}`;
        try {
          const { kind } = await store.write(write(name, name, { ip }), NOW);
          if (kind === 'done') acknowledged.push(name);
        } catch {
          failed++;
          await new Promise((resolve) => setTimeout(resolve, 20));
        }
      }
    });
    await new Promise((resolve) => setTimeout(resolve, 1_500));
    await postgres.kill();
    const before = acknowledged.length;
    await postgres.start();
    await Promise.all(writers);
    expect(failed).toBeGreaterThan(0);
    expect(acknowledged.length).toBeGreaterThan(before + 100);
    for (const name of acknowledged) expect(await store.fetch(bytesOf(name), NOW), name).not.toBeNull();
    await store.close();
    await postgres.remove();
  });
});

describeNeeding({ root: true, linux: true, commands: ['unshare', 'mount'] }, 'names on a full disk', () => {
  test('a write that finds no room is refused with its reason; what was there stays, and is read', {
    timeout: 40_000,
  }, async () => {
    const state = folder();
    const ports = { pnp: await freePort(), info: await freePort() };
    const script = `mount -t tmpfs -o size=600k none "${state}" && exec "$@"`;
    const args = [
      'serve',
      '--json',
      '--only',
      'pnp',
      '--host',
      HOST,
      '--state',
      state,
      '--ports',
      `pnp=${ports.pnp},info=${ports.info}`,
    ];
    const child = spawn(
      'unshare',
      ['--mount', 'sh', '-c', script, 'sh', process.execPath, PROGRAM, ...args],
      { stdio: ['ignore', 'pipe', 'inherit'] },
    );
    let text = '';
    child.stdout.on('data', (chunk) => {
      text += String(chunk);
    });
    await expect.poll(() => text, { timeout: 10_000 }).toContain('"event":"ready"');
    const key = new Uint8Array(Buffer.from(/"publicKey":"([0-9a-f]{66})"/.exec(text)?.[1] ?? '', 'hex'));
    const told: boolean[] = [];
    for (let i = 0; i < WRITES && !told.includes(false); i++) told.push(await push(ports.pnp, key, i));
    expect(told.indexOf(false)).toBeGreaterThan(0);
    const fetching = {
      id: 1,
      replyKey: curve.publicKeyOf(new Uint8Array(32).fill(13)),
      behavior: 1,
      updated: 0,
      name: bytesOf('k0'),
      value: new Uint8Array(),
      owner: identityOf(new Uint8Array(32).fill(50)).publicKey,
    };
    const [plain] = await overTcp(ports.pnp, [sealed(encodePacket(fetching), undefined, key)]);
    expect(Buffer.from(answerOf(plain).value).toString()).toBe('v0');
    const exited = once(child, 'exit');
    child.kill('SIGTERM');
    await exited;
  });
});
