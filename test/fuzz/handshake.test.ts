import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { build } from 'esbuild';
import { expect, test } from 'vitest';

/** A few in every run of the tests, thousands with `npm run fuzz`. */
const ROUNDS = process.env.FUZZ_RUNS === undefined ? 300 : 5_000;

test('fuzz: handshakes torn down at any moment never take the process with them', {
  timeout: 120_000,
}, async () => {
  const folder = mkdtempSync(join(tmpdir(), 'p2pd-demo-stress-'));
  const outfile = join(folder, 'stress.mjs');
  const entryPoints = [join(import.meta.dirname, '../helpers/handshake-stress.ts')];
  await build({ entryPoints, outfile, bundle: true, platform: 'node', format: 'esm' });
  const { status, signal, stdout, stderr } = spawnSync(process.execPath, [outfile, String(ROUNDS), '1'], {
    encoding: 'utf8',
    timeout: 110_000,
  });
  rmSync(folder, { recursive: true });
  expect({ status, signal, stdout, stderr }).toEqual({
    status: 0,
    signal: null,
    stdout: 'done\n',
    stderr: '',
  });
});
