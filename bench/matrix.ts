/**
 * `p2pd-demo matrix` for all combinations, as text and as JSON, from process to process; beside it
 * bare Node.
 *
 *   node bench/run.js matrix [RUNS]
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { summary, table } from './lib/figures.ts';

const PROGRAM = join(import.meta.dirname, '../bin/p2pd-demo.js');
const TARGET = 300;

function timed(args: readonly string[]): number {
  const startedAt = performance.now();
  const { status } = spawnSync(process.execPath, args, { stdio: 'pipe', maxBuffer: 1e8 });
  if (status !== 0) throw new Error(`${args.join(' ')}: exit ${status}`);
  return performance.now() - startedAt;
}

const runs = Number(process.argv[2] ?? 15);
const state = mkdtempSync(join(tmpdir(), 'p2pd-matrix-'));
const commands: readonly (readonly [string, readonly string[]])[] = [
  ['matrix', [PROGRAM, 'matrix', '--state', state]],
  ['matrix --json', [PROGRAM, 'matrix', '--json', '--state', state]],
  ['bare Node', ['-e', '0']],
];
const figures = commands.map(([name, args]) => ({ name, args, ms: [] as number[] }));
for (let i = 0; i < runs; i++) for (const { args, ms } of figures) ms.push(timed(args));
rmSync(state, { recursive: true });
console.log(
  table([
    ['what', 'median ms', 'least', 'most', 'target'],
    ...figures.map(({ name, ms }) => [name, ...summary(ms), name === 'bare Node' ? '' : `< ${TARGET}`]),
  ]),
);
