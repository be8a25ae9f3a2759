/**
 * From the start of the process to the first frame of the TUI, against a minimal Ink program that
 * is bundled and started the same way; in turn, in one run. Needs `script` (util-linux).
 *
 *   npm run build && node bench/startup.js [rounds]
 */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { firstFrame, median } from './lib/first-frame.js';

const ROOT = dirname(dirname(fileURLToPath(import.meta.url)));
const ROUNDS = Number(process.argv[2] ?? 15);
const LIMIT = 10_000;
const HELLO = `
import { render, Text } from 'ink';
import { createElement } from 'react';
render(createElement(Text, null, 'hello world'));
setInterval(() => undefined, 1000);
`;

/** Ink and React as scripts/build.js bundles them. @param {string} folder */
async function buildHello(folder) {
  const outfile = join(folder, 'hello.mjs');
  await build({
    stdin: { contents: HELLO, resolveDir: ROOT, loader: 'js' },
    outfile,
    bundle: true,
    minify: true,
    platform: 'node',
    format: 'esm',
    target: 'node20',
    define: { 'process.env.NODE_ENV': '"production"' },
    banner: {
      js: "import{createRequire as __createRequire}from'node:module';const require=__createRequire(import.meta.url);",
    },
    plugins: [
      {
        name: 'no-devtools',
        setup(bundler) {
          bundler.onLoad({ filter: /[\\/]ink[\\/]build[\\/]utils\.js$/ }, () => ({
            contents: 'export const isDev = () => false;',
          }));
          bundler.onLoad({ filter: /[\\/]ink[\\/]build[\\/]devtools\.js$/ }, () => ({ contents: '' }));
        },
      },
    ],
  });
  return outfile;
}

/** @param {string} file */
const started = (file) => `exec '${process.execPath}' '${file}'`;

const folder = mkdtempSync(join(tmpdir(), 'p2pd-hello-'));
mkdirSync(folder, { recursive: true });
writeFileSync(join(folder, 'package.json'), '{"type":"module"}');
const hello = await buildHello(folder);
/** @type {{ours: number[], hello: number[]}} */
const times = { ours: [], hello: [] };
for (let round = -1; round < ROUNDS; round++) {
  const [a, b] = [
    await firstFrame(started(join(ROOT, 'bin/p2pd-demo.js')), 'Connect to a node', { limit: LIMIT }),
    await firstFrame(started(hello), 'hello world', { limit: LIMIT }),
  ];
  if (round < 0) continue; // the first round warms the disk
  times.ours.push(a);
  times.hello.push(b);
}
rmSync(folder, { recursive: true, force: true });
const ratios = times.ours.map((time, i) => time / (times.hello[i] ?? Number.NaN));
console.log(`first frame, ${ROUNDS} rounds in turn, medians`);
console.log(`  p2pd-demo       ${median(times.ours).toFixed(0)} ms`);
console.log(`  Ink hello world ${median(times.hello).toFixed(0)} ms`);
console.log(
  `  ratio           ${median(ratios).toFixed(2)} (median of ${ratios.length} pairs; target at most 1.5)`,
);
