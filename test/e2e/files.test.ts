/** Files between two programs on one machine: whole, gone on with, never overwriting, refused. */
import { type ChildProcess, spawn } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterEach, beforeEach, expect, test } from 'vitest';

const PROGRAM = join(import.meta.dirname, '../../bin/p2pd-demo.js');
let folder = '';
let children: ChildProcess[] = [];
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'p2pd-files-'));
  writeFileSync(join(folder, 'none.json'), '{}');
  mkdirSync(join(folder, 'in'));
});
afterEach(() => {
  for (const child of children) child.kill('SIGKILL');
  children = [];
  rmSync(folder, { recursive: true, force: true });
});

function start(home: string, ...args: readonly string[]): ChildProcess {
  const child = spawn(process.execPath, [PROGRAM, ...args, '--servers', join(folder, 'none.json')], {
    env: { ...process.env, P2PD_HOME: join(folder, home), NO_COLOR: '1' },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  children.push(child);
  return child;
}

async function accepting(...more: readonly string[]): Promise<{ address: string; child: ChildProcess }> {
  const child = start('taker', 'accept', '--json', ...more);
  if (child.stdout === null) throw new Error('no stdout');
  for await (const line of createInterface({ input: child.stdout })) {
    const event = JSON.parse(line) as { event: string; address: string };
    if (event.event !== 'ready') continue;
    child.stdout.resume();
    return { address: event.address, child };
  }
  throw new Error('never ready');
}

async function ended(child: ChildProcess): Promise<{ code: number | null; text: string }> {
  let text = '';
  for (const stream of [child.stdout, child.stderr]) stream?.on('data', (chunk) => (text += String(chunk)));
  const code = await new Promise<number | null>((resolve) => child.once('close', resolve));
  return { code, text };
}

const send = (address: string, path: string) =>
  ended(start('giver', 'connect', address, '--send-file', path));
const hashOf = (path: string) => createHash('sha256').update(readFileSync(path)).digest('hex');
const kept = () => readdirSync(join(folder, 'in')).sort();

test('a file arrives whole, and the second of its name beside it', { timeout: 30_000 }, async () => {
  const { address } = await accepting('--save-to', join(folder, 'in'));
  const path = join(folder, 'some data.bin');
  writeFileSync(path, randomBytes(30_000_001));
  expect(await send(address, path)).toMatchObject({
    code: 0,
    text: expect.stringContaining('its hash is right'),
  });
  writeFileSync(path, 'another');
  expect((await send(address, path)).code).toBe(0);
  writeFileSync(path, '');
  expect((await send(address, path)).code).toBe(0);
  expect(kept()).toEqual(['some data (1).bin', 'some data (2).bin', 'some data.bin']);
  expect(statSync(join(folder, 'in', 'some data.bin')).size).toBe(30_000_001);
  expect(readFileSync(join(folder, 'in', 'some data (1).bin'), 'utf8')).toBe('another');
});

test('what was cut off goes on where it was; what has changed begins anew', { timeout: 30_000 }, async () => {
  const bytes = randomBytes(5_000_000);
  const path = join(folder, 'data');
  const part = join(folder, 'in', '.data.5000000.part');
  writeFileSync(path, bytes);
  const { address } = await accepting('--save-to', join(folder, 'in'));
  writeFileSync(part, bytes.subarray(0, 3_000_000));
  const resumed = await send(address, path);
  expect(resumed.code).toBe(0);
  expect(hashOf(join(folder, 'in', 'data'))).toBe(hashOf(path));
  writeFileSync(part, randomBytes(4_000_000));
  expect((await send(address, path)).code).toBe(0);
  expect(hashOf(join(folder, 'in', 'data (1)'))).toBe(hashOf(path));
  expect(kept()).toEqual(['data', 'data (1)']);
});

test('a receiver that is killed leaves what it has', { timeout: 60_000 }, async () => {
  const path = join(folder, 'data');
  writeFileSync(path, randomBytes(200_000_000));
  const first = await accepting('--save-to', join(folder, 'in'));
  const sending = send(first.address, path);
  const part = join(folder, 'in', '.data.200000000.part');
  const size = () => statSync(part, { throwIfNoEntry: false })?.size ?? 0;
  while (size() < 10_000_000) await new Promise((resolve) => setTimeout(resolve, 5));
  first.child.kill('SIGKILL');
  expect((await sending).code).toBe(11);
  expect(size()).toBeGreaterThan(0);
  const second = await accepting('--save-to', join(folder, 'in'));
  expect((await send(second.address, path)).code).toBe(0);
  expect(hashOf(join(folder, 'in', 'data'))).toBe(hashOf(path));
});

test('refusals: nobody takes files, no such file, no such folder', { timeout: 30_000 }, async () => {
  const path = join(folder, 'data');
  writeFileSync(path, 'x');
  const { address } = await accepting();
  expect(await send(address, path)).toMatchObject({
    code: 14,
    text: expect.stringContaining('the other side takes no files'),
  });
  expect(await send(address, join(folder, 'nothing'))).toMatchObject({ code: 15 });
  expect(await send(address, folder)).toMatchObject({ code: 15 });
  const nowhere = await ended(start('third', 'accept', '--save-to', join(folder, 'nowhere')));
  expect(nowhere).toMatchObject({ code: 15, text: expect.stringContaining('files cannot be kept') });
});
