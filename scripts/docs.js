/**
 * Makes the documents that are read off the code: the README's parts between marks (commands,
 * options, keys) and the reference of the library (docs/api, by typedoc): `npm run docs`. With
 * `--check` nothing is written, and a document that differs is a fault.
 */
import { execFileSync } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { build } from 'esbuild';

const ROOT = dirname(dirname(fileURLToPath(import.meta.url)));
const README = join(ROOT, 'README.md');

const API = join(ROOT, 'docs/api/README.md');
const isCheck = process.argv.includes('--check');

const { updateReadme } = await loadTypeScript('scripts/docs/readme.ts');
await update(README, updateReadme(await readFile(README, 'utf8')));
await update(API, await apiReference());

/** @param {string} path @param {string} text */
async function update(path, text) {
  const before = await readFile(path, 'utf8').catch(() => '');
  if (before === text) return;
  const name = relative(ROOT, path);
  if (isCheck) {
    console.error(`docs: ${name} is not what the code says; npm run docs makes it anew`);
    process.exitCode = 1;
    return;
  }
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, text);
  console.log(`docs: ${name} made anew`);
}

/** One page, from the docstrings of what src/library.ts exports. */
async function apiReference() {
  const folder = await mkdtemp(join(ROOT, 'node_modules/.docs-'));
  try {
    const typedoc = join(ROOT, 'node_modules/typedoc/bin/typedoc');
    execFileSync(process.execPath, [typedoc, '--out', folder, '--logLevel', 'Warn'], {
      cwd: ROOT,
      stdio: 'inherit',
    });
    return await readFile(join(folder, 'README.md'), 'utf8');
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/**
 * @param {string} file
 * @returns {Promise<typeof import('./docs/readme.ts')>}
 */
async function loadTypeScript(file) {
  // Below node_modules, where its packages are found.
  const folder = await mkdtemp(join(ROOT, 'node_modules/.docs-'));
  try {
    const outfile = join(folder, 'module.mjs');
    await build({
      absWorkingDir: ROOT,
      entryPoints: [file],
      outfile,
      bundle: true,
      format: 'esm',
      platform: 'node',
      packages: 'external',
      define: { __VERSION__: '""' },
      logLevel: 'warning',
    });
    return await import(pathToFileURL(outfile).href);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
