/**
 * Adds the builds for other platforms to package-lock.json where npm left them out: npm records an
 * optional package only if the registry at hand serves it, and `npm ci` then refuses the lock file
 * (npm/cli#9342). Run it after `npm install`; it changes nothing in a complete lock file.
 */
import { readFile, writeFile } from 'node:fs/promises';

/**
 * @typedef {{ version?: string, dev?: boolean, optionalDependencies?: Record<string, string> }} Entry
 */

const LOCK = new URL('../package-lock.json', import.meta.url);
const SYSTEMS = [
  'aix',
  'android',
  'darwin',
  'freebsd',
  'linux',
  'netbsd',
  'openbsd',
  'openharmony',
  'sunos',
  'win32',
];
const PROCESSORS = [
  'arm',
  'arm64',
  'ia32',
  'loong64',
  'mips64el',
  'ppc64',
  'riscv64',
  's390x',
  'wasm32',
  'x64',
];

/** @type {{ packages: Record<string, Entry> }} */
const lock = JSON.parse(await readFile(LOCK, 'utf8'));
const added = missingEntries(lock.packages);
if (added.length > 0) {
  const all = [...Object.entries(lock.packages), ...added].sort(([a], [b]) => a.localeCompare(b, 'en'));
  lock.packages = Object.fromEntries(all);
  await writeFile(LOCK, `${JSON.stringify(lock, null, 2)}\n`);
}
console.log(`package-lock.json: ${added.length} entries added`);

/** @param {Record<string, Entry>} packages @returns {[string, Entry][]} */
function missingEntries(packages) {
  return Object.entries(packages).flatMap(([path, entry]) =>
    Object.entries(entry.optionalDependencies ?? {})
      .filter(([name]) => !isThere(packages, path, name))
      .map(
        ([name, range]) =>
          /** @type {[string, Entry]} */ ([`node_modules/${name}`, entryOf(name, range, entry)]),
      ),
  );
}

/** As Node resolves: beside the package itself, or in any folder above it. */
function isThere(
  /** @type {Record<string, Entry>} */ packages,
  /** @type {string} */ from,
  /** @type {string} */ name,
) {
  const parts = from === '' ? [] : from.split(/\/?node_modules\//).slice(1);
  return [...parts.keys(), parts.length].some((depth) => {
    const folder = parts
      .slice(0, depth)
      .map((part) => `node_modules/${part}/`)
      .join('');
    return `${folder}node_modules/${name}` in packages;
  });
}

/** @param {string} name @param {string} range @param {Entry} parent */
function entryOf(name, range, parent) {
  const words = name.replace('windows', 'win32').split(/[^a-z0-9]+/);
  const one = (/** @type {readonly string[]} */ known) => known.filter((word) => words.includes(word));
  const system = name === 'fsevents' ? ['darwin'] : one(SYSTEMS);
  const processor = one(PROCESSORS);
  const libc = words.some((word) => word.startsWith('musl')) ? ['musl'] : [];
  if (system.length + processor.length === 0) throw new Error(`for which platform is ${name}?`);
  return {
    version: range.replace(/^[~^]/, ''),
    ...(processor.length > 0 ? { cpu: processor } : {}),
    ...(parent.dev ? { dev: true } : {}),
    ...(libc.length > 0 ? { libc } : {}),
    optional: true,
    ...(system.length > 0 ? { os: system } : {}),
  };
}
