/**
 * Builds dist/: the program and the library as bundles (esbuild) and the library's types (tsc), at
 * the same time. `--if-stale` builds only when something in src/ is newer than dist/, and leaves
 * the chunks of the build before, so that a program that runs can still load them.
 */
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, readdir, readFile, rename, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = dirname(dirname(fileURLToPath(import.meta.url)));
const DIST = join(ROOT, 'dist');
const ENTRY = join(ROOT, 'src/cli/main.ts');
/** Written last, so that its time says when a build was whole. */
const STAMP = '.built';
/** Packages that are part of the bundle, for scripts/sbom.js. */
const BUNDLED = '.bundled';
/** A build in the making; several may run at once. */
const STAGING = '.staging-';
/** What a build depends on besides src/. */
const INPUTS = [
  'package.json',
  'package-lock.json',
  'tsconfig.json',
  'tsconfig.build.json',
  'scripts/build.js',
];
/** Packages with binaries, which cannot go into a bundle. */
const NATIVE = ['libsql', 'pg-native', 'secp256k1', 'tiny-secp256k1', 'udx-native'];
/** Bundled CommonJS packages call `require` for Node's own modules; an ES module has none. */
const REQUIRE_BANNER =
  "import{createRequire as __createRequire}from'node:module';const require=__createRequire(import.meta.url);";
/**
 * Ink's bridge to React's devtools (DEV=true) wants a package that is not installed and brings a
 * WebSocket library; nobody who runs this program debugs its frames that way.
 *
 * @type {import('esbuild').Plugin}
 */
const noDevtools = {
  name: 'no-devtools',
  setup(bundler) {
    bundler.onLoad({ filter: /[\\/]ink[\\/]build[\\/]utils\.js$/ }, () => ({
      contents: 'export const isDev = () => false;',
    }));
    bundler.onLoad({ filter: /[\\/]ink[\\/]build[\\/]devtools\.js$/ }, () => ({ contents: '' }));
  },
};

const ifStale = process.argv.includes('--if-stale');
try {
  if (!(ifStale && (await isFresh()))) await build();
} catch (error) {
  console.error(`build: ${error instanceof Error ? error.message : error}`);
  process.exitCode = 1;
}

async function build() {
  if (!existsSync(ENTRY)) throw new Error(`nothing to build: ${relative(ROOT, ENTRY)} is missing`);
  const startedAt = new Date();
  const staging = join(DIST, `${STAGING}${process.pid}`);
  await rm(staging, { recursive: true, force: true });
  await mkdir(staging, { recursive: true });
  try {
    // Both are waited for, so that none writes after the folder is removed.
    const library = join(staging, 'lib');
    const parts = await Promise.allSettled([bundle(staging, library), emitTypes(library)]);
    for (const part of parts) if (part.status === 'rejected') throw part.reason;
    await writeFile(join(staging, STAMP), '');
    const files = await install(staging, startedAt);
    if (!ifStale) await removeOthers(files);
  } finally {
    await rm(staging, { recursive: true, force: true });
  }
}

/** The program, and the library. @param {string} folder @param {string} libraryFolder */
async function bundle(folder, libraryFolder) {
  const { build: run } = await import('esbuild');
  const { version, dependencies } = JSON.parse(await readFile(join(ROOT, 'package.json'), 'utf8'));
  /** @type {import('esbuild').BuildOptions} */
  const common = {
    absWorkingDir: ROOT,
    chunkNames: 'chunks/[name]-[hash]',
    bundle: true,
    // Screens and rarely used parts stay in files of their own, loaded when first needed.
    splitting: true,
    format: 'esm',
    platform: 'node',
    target: 'node20',
    legalComments: 'none',
    banner: { js: REQUIRE_BANNER },
    metafile: true,
    logLevel: 'warning',
  };
  const built = await Promise.all([
    run({
      ...common,
      entryPoints: [{ in: ENTRY, out: 'cli' }],
      outdir: folder,
      minify: true,
      external: NATIVE,
      define: { __VERSION__: JSON.stringify(version), 'process.env.NODE_ENV': '"production"' },
      plugins: [noDevtools],
    }),
    // Readable, for its user's debugger; what is installed with it anyway is not copied into it.
    run({
      ...common,
      entryPoints: ['src/library.ts'],
      outdir: libraryFolder,
      external: [...NATIVE, ...Object.keys(dependencies)],
    }),
  ]);
  const inputs = await Promise.all(built.map(({ metafile }) => keepUsed(metafile)));
  await writeFile(join(folder, BUNDLED), `${packagesIn(inputs.flat()).join('\n')}\n`);
}

/**
 * Removes files that nothing loads: esbuild writes what is imported by code that it has left out.
 *
 * @param {import('esbuild').Metafile | undefined} metafile
 * @returns the sources of the others
 */
async function keepUsed(metafile) {
  const outputs = metafile?.outputs ?? {};
  const used = new Set(Object.keys(outputs).filter((path) => outputs[path]?.entryPoint && isEntry(path)));
  // A set that grows while it is walked is walked to its end.
  for (const path of used) {
    for (const { path: next } of outputs[path]?.imports ?? []) if (next in outputs) used.add(next);
  }
  for (const path of Object.keys(outputs)) if (!used.has(path)) await rm(join(ROOT, path));
  return [...used].flatMap((path) => Object.keys(outputs[path]?.inputs ?? {}));
}

/** Parts that are loaded later are entry points to esbuild, too. @param {string} path */
function isEntry(path) {
  return !path.includes('/chunks/');
}

/** Folders of the packages that these files belong to. @param {readonly string[]} files */
function packagesIn(files) {
  const folders = files.map((file) => /^(.*node_modules\/(?:@[^/]+\/)?[^/]+)\//.exec(file)?.[1] ?? '');
  return [...new Set(folders)].filter((folder) => folder !== '').sort();
}

/** The library's types: those that its entry leads to. @param {string} folder */
async function emitTypes(folder) {
  const tsc = join(ROOT, 'node_modules/typescript/bin/tsc');
  const code = await new Promise((resolve, reject) => {
    const args = [tsc, '-p', 'tsconfig.build.json', '--emitDeclarationOnly', '--outDir', folder];
    const child = spawn(process.execPath, args, { cwd: ROOT, stdio: 'inherit' });
    child.once('error', reject);
    child.once('exit', resolve);
  });
  if (code !== 0) throw new Error('tsc failed: see above');
  const used = await typesFrom(join(folder, 'library.d.ts'));
  const unused = (await filesIn(folder)).filter((file) => file.endsWith('.d.ts') && !used.has(file));
  for (const file of unused) await rm(file);
}

/** Every file of types that this one leads to. @param {string} entry */
async function typesFrom(entry) {
  const found = new Set([entry]);
  // A set that grows while it is walked is walked to its end.
  for (const file of found) {
    const text = await readFile(file, 'utf8');
    for (const [, path = ''] of text.matchAll(/(?:from |import\()['"](\.[^'"]+)['"]/g)) {
      found.add(join(dirname(file), path.replace(/(\.d)?\.[jt]sx?$/, '.d.ts')));
    }
  }
  return found;
}

/**
 * Moves the staged files into place, each by one rename, the entry after all it loads and the stamp last.
 *
 * @param {string} staging
 * @param {Date} startedAt
 * @returns their paths in dist/
 */
async function install(staging, startedAt) {
  const last = ['cli.js', STAMP];
  const files = (await filesIn(staging)).map((file) => relative(staging, file));
  files.sort((a, b) => last.indexOf(a) - last.indexOf(b));
  for (const file of files) {
    await mkdir(dirname(join(DIST, file)), { recursive: true });
    await rename(join(staging, file), join(DIST, file));
  }
  // A source saved while the build ran counts as newer than it.
  await utimes(join(DIST, STAMP), startedAt, startedAt);
  return new Set(files);
}

/** Removes what earlier builds left in dist/. @param {Set<string>} files */
async function removeOthers(files) {
  for (const file of await filesIn(DIST)) {
    const name = relative(DIST, file);
    if (!files.has(name) && !name.startsWith(STAGING)) await rm(file, { force: true });
  }
}

async function isFresh() {
  const built = await timeOf(join(DIST, STAMP));
  const inputs = [...(await filesIn(join(ROOT, 'src'))), ...INPUTS.map((file) => join(ROOT, file))];
  const times = await Promise.all(inputs.map(timeOf));
  return times.every((time) => time < built);
}

/** ms since 1970, 0 where there is no such file. @param {string} path */
async function timeOf(path) {
  const found = await stat(path).catch(() => null);
  return found?.mtimeMs ?? 0;
}

/** @param {string} folder @returns {Promise<string[]>} every file below it */
async function filesIn(folder) {
  const entries = await readdir(folder, { withFileTypes: true, recursive: true });
  return entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
}
