/** The README's example of the library, as a stranger would run it: against the built package. */
import { spawnSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';

const ROOT = join(import.meta.dirname, '../..');
const LIMIT = 60_000;

/** The first ts block under the heading. */
function exampleOf(readme: string): string {
  const [, example] = /^## As a library$[\s\S]*?^```ts$\n([\s\S]*?)^```$/m.exec(readme) ?? [];
  if (example === undefined) throw new Error('README.md has no ts block under "As a library"');
  return example;
}

let folder = '';
const example = exampleOf(readFileSync(join(ROOT, 'README.md'), 'utf8'));
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'p2pd-library-'));
  mkdirSync(join(folder, 'node_modules'));
  mkdirSync(join(folder, 'state'));
  symlinkSync(ROOT, join(folder, 'node_modules/p2pd-demo'), 'junction');
  writeFileSync(join(folder, 'package.json'), '{"private":true,"type":"module"}\n');
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function run(...args: readonly string[]) {
  const env = { ...process.env, P2PD_HOME: join(folder, 'state') };
  return spawnSync(process.execPath, args, { cwd: folder, encoding: 'utf8', env, timeout: LIMIT });
}

test(
  'library: the example of the README prints interfaces and PONG, and ends by itself',
  () => {
    writeFileSync(join(folder, 'example.mjs'), example);
    const { stdout, stderr, status } = run('example.mjs');
    expect({ stderr, status }).toEqual({ stderr: '', status: 0 });
    const lines = stdout.trimEnd().split('\n');
    expect(lines.slice(-2)).toEqual(['true', 'PONG']);
    expect(lines.length).toBeGreaterThan(2);
    for (const slot of [0, 1]) expect(existsSync(join(folder, `state/slot-${slot}.key`))).toBe(true);
  },
  LIMIT,
);

test(
  'library: the example of the README is right in strict TypeScript',
  () => {
    writeFileSync(join(folder, 'example.ts'), example);
    const compilerOptions = {
      strict: true,
      noEmit: true,
      skipLibCheck: true,
      target: 'es2022',
      module: 'nodenext',
      types: ['node'],
      typeRoots: [join(ROOT, 'node_modules/@types')],
    };
    writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify({ compilerOptions, files: ['example.ts'] }));
    const { stdout, status } = run(join(ROOT, 'node_modules/typescript/bin/tsc'), '-p', folder);
    expect({ stdout, status }).toEqual({ stdout: '', status: 0 });
  },
  LIMIT,
);
