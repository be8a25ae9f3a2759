/**
 * `npx` from the tarball to the first frame of the TUI, as somebody meets the program who has never
 * had it: in an empty folder, with npm's cache warm and nothing installed; then once more, where npx
 * has kept what it installed. Most of the time is npm's, so what it installs is told too. Several
 * tarballs are measured in turn, to compare them. Needs `script` (util-linux) and, once, a registry.
 *
 *   npm run build && npm run bench -- npx [ROUNDS] [TARBALL…]
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join, resolve } from 'node:path';
import { firstFrame, median } from './lib/first-frame.js';

const ROOT = join(import.meta.dirname, '..');
const LIMIT = 60_000;
const MARK = 'Connect to a node';
const [rounds = '5', ...named] = process.argv.slice(2);

const workshop = mkdtempSync(join(tmpdir(), 'p2pd-npx-'));
const cache = join(workshop, 'cache');
const env = { npm_config_cache: cache, npm_config_update_notifier: 'false', npm_config_loglevel: 'error' };

interface Times {
  readonly first: number[];
  readonly again: number[];
}

/** An empty folder, and npm's cache without what npx has installed. */
function emptied(): string {
  rmSync(join(cache, '_npx'), { recursive: true, force: true });
  return mkdtempSync(join(workshop, 'empty-'));
}

async function measure(tarball: string, times: Times | null): Promise<void> {
  const command = `exec npx --yes --prefer-offline -p '${tarball}' p2pd-demo`;
  const cwd = emptied();
  const first = await firstFrame(command, MARK, { limit: LIMIT, cwd, env });
  const again = await firstFrame(command, MARK, { limit: LIMIT, cwd, env });
  times?.first.push(first);
  times?.again.push(again);
}

/** What npx has installed, in words. */
function installed(): string {
  const [kept = ''] = readdirSync(join(cache, '_npx'));
  const folder = join(cache, '_npx', kept, 'node_modules');
  const files = readdirSync(folder, { withFileTypes: true, recursive: true }).filter((entry) =>
    entry.isFile(),
  );
  const sizes = files.map((file) => statSync(join(file.parentPath, file.name)).size);
  const lock = execFileSync('npm', ['ls', '--all', '--parseable'], {
    cwd: join(folder, '..'),
    encoding: 'utf8',
    env: { ...process.env, ...env },
  });
  const packages = new Set(lock.trim().split('\n')).size - 1;
  const megabytes = sizes.reduce((sum, size) => sum + size, 0) / 1e6;
  return `${packages} packages, ${files.length} files, ${megabytes.toFixed(1)} MB`;
}

/** CPU seconds that installing takes, which other work on the machine changes less than the time. */
function cpuSeconds(tarball: string): number {
  const script = `times=$( { TIMEFORMAT='%U %S'; time npx --yes --prefer-offline -p '${tarball}' p2pd-demo --version >/dev/null; } 2>&1 ); echo "$times"`;
  const done = spawnSync('bash', ['-c', script], {
    cwd: emptied(),
    encoding: 'utf8',
    env: { ...process.env, ...env },
  });
  return done.stdout
    .trim()
    .split(' ')
    .reduce((sum, text) => sum + Number(text), 0);
}

try {
  mkdirSync(cache);
  const tarballs = named.map((path) => resolve(path));
  if (tarballs.length === 0) {
    execFileSync('npm', [
      'pack',
      '--ignore-scripts',
      '--loglevel=error',
      '--pack-destination',
      workshop,
      ROOT,
    ]);
    tarballs.push(
      ...readdirSync(workshop)
        .filter((name) => name.endsWith('.tgz'))
        .map((name) => join(workshop, name)),
    );
  }
  const times = new Map<string, Times>(tarballs.map((path) => [path, { first: [], again: [] }]));
  for (const path of tarballs) await measure(path, null); // fills npm's cache
  for (let round = 0; round < Number(rounds); round++) {
    for (const [path, list] of times) await measure(path, list);
  }
  for (const [path, { first, again }] of times) {
    const cpu = cpuSeconds(path);
    console.log(`${basename(path)}: ${installed()}; ${statSync(path).size} bytes packed`);
    console.log(
      `  nothing installed   ${median(first).toFixed(0)} ms to the first frame (${cpu.toFixed(1)} s of CPU)`,
    );
    console.log(`  kept by npx         ${median(again).toFixed(0)} ms`);
  }
} finally {
  rmSync(workshop, { recursive: true, force: true });
}
