import { readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { defineConfig } from 'vitest/config';

const { version } = JSON.parse(readFileSync(new URL('package.json', import.meta.url), 'utf8')) as {
  version: string;
};

/** Tests of whole programs: they wait for packets, servers and screens more than they compute. */
const WAITING = ['test/netns/**/*.test.ts', 'test/e2e/**/*.test.ts'];
/** Those among them that say how long something takes: nothing else runs meanwhile. */
const TIMED = ['services', 'delay-line', 'broken-services', 'network-change'].map(
  (name) => `test/netns/${name}.test.ts`,
);
const processors = availableParallelism();

/** One after another, each with its own number of files at the same time. */
const group = (
  name: string,
  order: number,
  maxWorkers: number,
  files: { include: string[]; exclude?: string[] },
) => ({
  extends: true as const,
  test: {
    name,
    ...files,
    // For what hangs: on a busy machine everything takes three times as long.
    testTimeout: 60_000,
    hookTimeout: 60_000,
    maxWorkers,
    maxConcurrency: 3,
    // Real packets among other people's programs: once more, and what fails twice is a fault.
    retry: order > 0 && process.env.CI === 'true' ? 1 : 0,
    sequence: { groupOrder: order },
  },
});

export default defineConfig({
  define: { __VERSION__: JSON.stringify(version) },
  test: {
    allowOnly: false,
    reporters: ['default', './scripts/skips-reporter.js'],
    projects: [
      // By itself Vitest leaves one processor alone, which on two is half of them.
      group('computing', 0, processors, {
        include: ['test/**/*.test.{ts,tsx}'],
        exclude: WAITING,
      }),
      group('waiting', 1, Math.ceil(processors * 1.5), { include: WAITING, exclude: TIMED }),
      group('timed', 2, 1, { include: TIMED }),
    ],
  },
});
