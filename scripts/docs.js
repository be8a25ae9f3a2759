/**
 * Makes the parts of the README that stand between marks anew, from the commands, options and keys
 * of the program: `npm run docs`.
 */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { build } from 'esbuild';

const ROOT = dirname(dirname(fileURLToPath(import.meta.url)));
const README = join(ROOT, 'README.md');

/** @type {(readme: string) => string} */
const updateReadme = (await loadTypeScript('scripts/docs/readme.ts')).updateReadme;
const before = await readFile(README, 'utf8');
const after = updateReadme(before);
if (after !== before) {
  await writeFile(README, after);
  console.log('docs: README.md made anew');
}

/** @param {string} file */
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
