/**
 * Runs a benchmark, which is TypeScript: `node bench/run.js pipe [ARGUMENTS]`. Bundled as the
 * program is, so that what is measured is the code and not a loader. `../scripts/record` is run so, too.
 */
import { spawn } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const FOLDER = dirname(fileURLToPath(import.meta.url));
const [name = '', ...args] = process.argv.slice(2);

/**
 * A bundle is one file elsewhere; a source file's folder stays what it is.
 *
 * @type {import('esbuild').Plugin}
 */
const sourceFolders = {
  name: 'source-folders',
  setup(bundler) {
    bundler.onLoad({ filter: /[\\/](bench|scripts|test)[\\/].*\.ts$/ }, async ({ path }) => {
      const text = await readFile(path, 'utf8');
      return {
        contents: text.replaceAll('import.meta.dirname', JSON.stringify(dirname(path))),
        loader: 'ts',
      };
    });
  },
};

const script = `${basename(name)}.js`;
const output = await mkdtemp(join(FOLDER, '../node_modules/.bench-'));
try {
  await build({
    entryPoints: [join(FOLDER, `${name}.ts`)],
    outfile: join(output, script),
    bundle: true,
    format: 'esm',
    platform: 'node',
    target: 'node20',
    packages: 'external',
    plugins: [sourceFolders],
    logLevel: 'warning',
  });
  const child = spawn(process.execPath, [join(output, script), ...args], { stdio: 'inherit' });
  process.exitCode = await new Promise((resolve) => {
    child.once('exit', (code) => resolve(code ?? 1));
  });
} finally {
  await rm(output, { recursive: true, force: true });
}
