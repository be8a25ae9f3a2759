import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { expect, test } from 'vitest';

/** A few in every run of the tests, thousands with `npm run fuzz`. */
const ROUNDS = process.env.FUZZ_RUNS === undefined ? 300 : 5_000;

test('fuzz: handshakes torn down at any moment never take the process with them', {
  timeout: 120_000,
}, async () => {
  const folder = mkdtempSync(join(tmpdir(), 'p2pd-demo-stress-'));
  const outfile = join(folder, 'stress.mjs');
  const entryPoints = [fileURLToPath(new URL('./handshake-stress.ts', import.meta.url))];
  await build({ entryPoints, outfile, bundle: true, platform: 'node', format: 'esm' });
  const { status, signal, stdout, stderr } = spawnSync(process.execPath, [outfile, String(ROUNDS), '1'], {
    encoding: 'utf8',
    timeout: 110_000,
  });
  rmSync(folder, { recursive: true });
  expect({ status, signal, stderr }).toEqual({ status: 0, signal: null, stderr: '' });
  const { finished, failed } = JSON.parse(stdout) as { finished: number; failed: number };
  // Both must be many, or nothing is torn down, or everything before it has begun.
  expect(finished).toBeGreaterThan(ROUNDS / 4);
  expect(failed).toBeGreaterThan(ROUNDS / 4);
});
