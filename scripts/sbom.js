/**
 * Prints what the package is made of as CycloneDX (JSON): `npm run sbom > sbom.cdx.json`. npm knows
 * what is installed with it; what the build puts into the bundle is a development dependency to npm
 * and is added here, from the list that the build leaves in dist/.
 */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = dirname(dirname(fileURLToPath(import.meta.url)));
const COMMAND = ['sbom', '--sbom-format', 'cyclonedx', '--sbom-type', 'application', '--package-lock-only'];
const MAX_OUTPUT = 64 * 1024 * 1024;

/**
 * @typedef {{ 'bom-ref': string, name: string, scope?: string }} Component
 * @typedef {{ ref: string, dependsOn: string[] }} Dependency
 * @typedef {{ metadata: { component: Component }, components: Component[], dependencies: Dependency[] }} Bom
 * @typedef {{ version?: string, name?: string, dev?: boolean, devOptional?: boolean, optional?: boolean }} Locked
 */

const npm = process.platform === 'win32' ? 'npm.cmd' : 'npm';
/** @type {Bom} */
const bom = JSON.parse(
  execFileSync(npm, COMMAND, { cwd: ROOT, encoding: 'utf8', maxBuffer: MAX_OUTPUT, shell: npm !== 'npm' }),
);
/** @type {{ name: string, packages: Record<string, Locked> }} */
const { name, packages } = JSON.parse(readText('package-lock.json'));
const bundled = new Set(readText('dist/.bundled').trim().split('\n'));

/** Name and version of what is installed with the package or lies in its bundle. */
const kept = new Set(
  Object.entries(packages)
    .filter(([path, { dev, devOptional }]) => bundled.has(path) || !(dev || devOptional))
    .map(([path, { version, name: real }]) => `${real ?? path.replace(/^.*node_modules\//, '')}@${version}`),
);
const root = { ...bom.metadata.component, name };
const components = bom.components.filter((one) => kept.has(one['bom-ref']));
const refs = new Set([root, ...components].map((one) => one['bom-ref']));
const dependencies = bom.dependencies
  .filter(({ ref }) => refs.has(ref))
  .map(({ ref, dependsOn }) => ({ ref, dependsOn: dependsOn.filter((one) => refs.has(one)) }));

const whole = { ...bom, metadata: { ...bom.metadata, component: root }, components, dependencies };
console.log(JSON.stringify(whole, null, 2));

/** @param {string} file */
function readText(file) {
  return readFileSync(join(ROOT, file), 'utf8');
}
