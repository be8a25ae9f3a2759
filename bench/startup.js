/**
 * From the start of the process to the first frame of the TUI, against a minimal Ink program that
 * is bundled and started the same way; in turn, in one run. Needs `script` (util-linux).
 *
 *   npm run build && node bench/startup.js [rounds]
 */
import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

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

/** ms until the program, on a terminal of its own, has drawn `mark`. @param {string} file @param {string} mark */
function firstFrame(file, mark) {
  const home = mkdtempSync(join(tmpdir(), 'p2pd-bench-'));
  // Ink draws nothing where CI is set.
  const environment = {
    ...process.env,
    CI: 'false',
    P2PD_HOME: home,
    LANG: 'C.UTF-8',
    TERM: 'xterm-256color',
  };
  return new Promise((resolve, reject) => {
    const command = `stty rows 24 cols 80; exec '${process.execPath}' '${file}'`;
    const startedAt = performance.now();
    const child = spawn('script', ['-qfec', command, '/dev/null'], {
      env: environment,
      detached: true,
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    let seen = '';
    const end = (/** @type {() => void} */ finish) => {
      clearTimeout(timer);
      try {
        process.kill(-(child.pid ?? 0), 'SIGKILL');
      } catch {
        // It has ended by itself.
      }
      rmSync(home, { recursive: true, force: true });
      finish();
    };
    const timer = setTimeout(
      () => end(() => reject(new Error(`no "${mark}" within ${LIMIT} ms: ${seen.slice(-700)}`))),
      LIMIT,
    );
    child.stdout.on('data', (chunk) => {
      seen += chunk;
      if (!seen.includes(mark)) return;
      child.stdout.removeAllListeners('data');
      const elapsed = performance.now() - startedAt;
      end(() => resolve(elapsed));
    });
  });
}

/** @param {readonly number[]} values */
function median(values) {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
}

const folder = mkdtempSync(join(tmpdir(), 'p2pd-hello-'));
mkdirSync(folder, { recursive: true });
writeFileSync(join(folder, 'package.json'), '{"type":"module"}');
const hello = await buildHello(folder);
/** @type {{ours: number[], hello: number[]}} */
const times = { ours: [], hello: [] };
for (let round = -1; round < ROUNDS; round++) {
  const [a, b] = [
    await firstFrame(join(ROOT, 'bin/p2pd-demo.js'), 'Connect to a node'),
    await firstFrame(hello, 'hello world'),
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
