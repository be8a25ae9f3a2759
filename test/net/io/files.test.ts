import { spawn } from 'node:child_process';
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { build } from 'esbuild';
import { beforeAll, expect, test } from 'vitest';
import { generateSecretKey, isValidSecretKey } from '../../../src/net/identity.ts';
import {
  claimSlot,
  defaultStateDirectory,
  loadNamedKey,
  machineIdOf,
  StateError,
} from '../../../src/net/io/files.ts';
import { createNodeIo } from '../../../src/net/io/node-io.ts';

const io = createNodeIo();
const rules = { generate: () => generateSecretKey(io.randomBytes), isValid: isValidSecretKey };
const folder = () => mkdtempSync(join(tmpdir(), 'p2pd-demo-state-'));
let script = '';

beforeAll(async () => {
  script = join(folder(), 'claim.mjs');
  await build({
    entryPoints: [join(import.meta.dirname, '../../helpers/claim-slot.ts')],
    outfile: script,
    bundle: true,
    platform: 'node',
    format: 'esm',
  });
});

/** Another process that claims a slot and holds it. @returns the slot it got, and a way to end it */
function otherProcess(
  directory: string,
): Promise<{ slot: number; kill(signal: NodeJS.Signals): Promise<void> }> {
  const child = spawn(process.execPath, [script, directory], { stdio: ['pipe', 'pipe', 'inherit'] });
  const kill = (signal: NodeJS.Signals) =>
    new Promise<void>((resolve) => {
      child.once('exit', () => resolve());
      child.kill(signal);
    });
  return new Promise((resolve, reject) => {
    child.stdout.once('data', (text: Buffer) => resolve({ slot: Number(text), kill }));
    child.once('error', reject);
  });
}

test('files: slots are taken in order, keep their keys, and come free again', async () => {
  const directory = folder();
  const first = await claimSlot(directory, rules);
  const second = await claimSlot(directory, rules);
  expect([first.number, second.number]).toEqual([0, 1]);
  expect(second.secretKey).not.toEqual(first.secretKey);
  await first.release();
  const again = await claimSlot(directory, rules);
  expect(again.number).toBe(0);
  expect(again.secretKey).toEqual(first.secretKey);
  await Promise.all([again.release(), second.release()]);
  expect(readdirSync(directory).sort()).toEqual(['slot-0.key', 'slot-1.key']);
});

test('files: key files are for the owner alone, also where somebody opened them up', async () => {
  const directory = folder();
  await (await claimSlot(directory, rules)).release();
  const path = join(directory, 'slot-0.key');
  expect(statSync(path).mode & 0o777).toBe(0o600);
  chmodSync(path, 0o644);
  await (await claimSlot(directory, rules)).release();
  expect(statSync(path).mode & 0o777).toBe(0o600);
});

test('files: several processes that start at once all get slots of their own', async () => {
  const directory = folder();
  const others = await Promise.all(Array.from({ length: 6 }, () => otherProcess(directory)));
  expect(others.map((other) => other.slot).sort()).toEqual([0, 1, 2, 3, 4, 5]);
  await Promise.all(others.map((other) => other.kill('SIGKILL')));
});

test('files: what killed processes held is taken over, by one each', async () => {
  const directory = folder();
  const killed = await Promise.all([otherProcess(directory), otherProcess(directory)]);
  await Promise.all(killed.map((other) => other.kill('SIGKILL')));
  const heirs = await Promise.all(Array.from({ length: 5 }, () => otherProcess(directory)));
  expect(heirs.map((heir) => heir.slot).sort()).toEqual([0, 1, 2, 3, 4]);
  await Promise.all(heirs.map((heir) => heir.kill('SIGKILL')));
});

test('files: a state directory with a very long name works', async () => {
  const directory = join(folder(), 'x'.repeat(150));
  const slots = [await claimSlot(directory, rules), await claimSlot(directory, rules)];
  expect(slots.map((slot) => slot.number)).toEqual([0, 1]);
  await Promise.all(slots.map((slot) => slot.release()));
});

test('files: a damaged key is told apart from an unusable directory, is not shown, and stays', async () => {
  const directory = folder();
  const path = join(directory, 'slot-0.key');
  const damaged = `${'ab'.repeat(30)}\n`;
  writeFileSync(path, damaged);
  const error = await claimSlot(directory, rules).catch((reason: unknown) => reason);
  expect(error).toBeInstanceOf(StateError);
  expect(error).toMatchObject({ kind: 'damaged' });
  expect(String(error)).toContain(path);
  expect(String(error)).not.toContain('abab');
  expect(readFileSync(path, 'utf8')).toBe(damaged);
  writeFileSync(join(directory, 'file'), '');
  await expect(claimSlot(join(directory, 'file'), rules)).rejects.toMatchObject({ kind: 'unusable' });
});

test('files: the machine id is the same for all states and shows nothing of the system id', async () => {
  const [one, two] = [folder(), folder()];
  mkdirSync(two, { recursive: true });
  const id = await machineIdOf(one);
  expect(id).toMatch(/^[0-9a-f]{16}$/);
  expect(await machineIdOf(one)).toBe(id);
});

test('files: P2PD_HOME and XDG_DATA_HOME say where the state is', () => {
  expect(defaultStateDirectory({ P2PD_HOME: '/x' })).toBe('/x');
  if (process.platform === 'linux') {
    expect(defaultStateDirectory({ XDG_DATA_HOME: '/data' })).toBe('/data/p2pd-demo');
  }
});

test('files: a named key is made once, 0600, the same for all who come at once, and no slot', async () => {
  const directory = join(folder(), 'new');
  const keys = await Promise.all(
    Array.from({ length: 8 }, () => loadNamedKey(directory, 'serve.key', rules)),
  );
  expect(new Set(keys.map((key) => Buffer.from(key).toString('hex'))).size).toBe(1);
  expect(readdirSync(directory)).toEqual(['serve.key']);
  if (process.platform !== 'win32') expect(statSync(join(directory, 'serve.key')).mode & 0o777).toBe(0o600);
  const slot = await claimSlot(directory, rules);
  expect(slot.secretKey).not.toEqual(keys[0]);
  await slot.release();
});

test('files: a named key that is damaged is an error that names its file and stays as it is', async () => {
  const directory = folder();
  writeFileSync(join(directory, 'serve.key'), 'x');
  await expect(loadNamedKey(directory, 'serve.key', rules)).rejects.toMatchObject({
    name: 'StateError',
    kind: 'damaged',
    message: expect.stringContaining(join(directory, 'serve.key')),
  });
  expect(readFileSync(join(directory, 'serve.key'), 'utf8')).toBe('x');
});
