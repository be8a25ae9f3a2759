/**
 * The package as a stranger gets it: the tarball of `npm pack`, installed without install scripts
 * in an empty folder, run on every Node line it promises, and imported as a library.
 */
import { spawnSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join, relative, sep } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

const ROOT = join(import.meta.dirname, '../..');
/** The oldest Node that `engines` promises, and one of each later line. */
const NODE_VERSIONS = ['20.19.0', '22.23.3', '24.21.0'];
const MAX_INSTALLED = 60_000_000;
const MAX_PACKAGE = 4_000_000;
const INSTALL_TIMEOUT = 240_000;
const QUIET = ['--ignore-scripts', '--no-audit', '--no-fund', '--prefer-offline', '--loglevel=error'];

const { version } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as { version: string };

let workshop = '';
let app = '';
beforeAll(() => {
  workshop = mkdtempSync(join(tmpdir(), 'p2pd-pack-'));
  app = join(workshop, 'app');
  mkdirSync(app);
  run(process.execPath, [join(ROOT, 'scripts/build.js'), '--if-stale'], ROOT);
  run('npm', ['pack', '--ignore-scripts', '--loglevel=error', '--pack-destination', workshop], ROOT);
  const tarball = readdirSync(workshop).find((name) => name.endsWith('.tgz'));
  writeFileSync(join(app, 'package.json'), '{"private":true,"type":"module"}\n');
  run('npm', ['install', join(workshop, tarball ?? 'no tarball'), '--omit=dev', ...QUIET], app);
}, INSTALL_TIMEOUT);
afterAll(() => rmSync(workshop, { recursive: true, force: true }));

/** Runs to the end and returns stdout; any other exit code than 0 throws with all that was said. */
function run(command: string, args: readonly string[], cwd: string, path = process.env.PATH ?? ''): string {
  const done = spawnSync(command, args, { cwd, encoding: 'utf8', env: { ...process.env, PATH: path } });
  if (done.status !== 0) {
    throw new Error(`${command} ${args.join(' ')}: exit ${done.status}\n${done.stdout}\n${done.stderr}`);
  }
  return done.stdout;
}

function filesIn(folder: string): string[] {
  const entries = readdirSync(folder, { withFileTypes: true, recursive: true });
  return entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
}

const bytesIn = (files: readonly string[]) => files.reduce((sum, file) => sum + statSync(file).size, 0);

/** The PATH with a Node of this version first; npm ships the binaries as packages, kept for the next run. */
function pathWithNode(nodeVersion: string): string {
  const folder = join(tmpdir(), 'p2pd-demo-nodes', nodeVersion);
  const name = `node-${process.platform === 'win32' ? 'win' : process.platform}-${process.arch}`;
  const bin = join(folder, 'node_modules', name, 'bin');
  if (!existsSync(bin)) {
    mkdirSync(folder, { recursive: true });
    run('npm', ['install', '--prefix', folder, `${name}@${nodeVersion}`, ...QUIET], folder);
  }
  return `${bin}${delimiter}${process.env.PATH ?? ''}`;
}

describe('package: what the tarball holds', () => {
  test('the program, the library, the documents and nothing else', () => {
    const folder = join(app, 'node_modules/p2pd-demo');
    const own = filesIn(folder)
      .map((file) => relative(folder, file).split(sep).join('/'))
      .filter((file) => !file.startsWith('node_modules/'));
    const expected =
      /^(package\.json|README\.md|LICENSE|CHANGELOG\.md|bin\/p2pd-demo\.js|dist\/cli\.js|dist\/chunks\/[\w-]+\.js|dist\/lib\/[\w/-]+\.(js|d\.ts)|docs\/([\w-]+\.md|trial\.schema\.json))$/;
    expect(own.filter((file) => !expected.test(file))).toEqual([]);
    // For who works on it: they are where the source is.
    expect(own.filter((file) => /architecture|decisions/.test(file))).toEqual([]);
    for (const needed of [
      'bin/p2pd-demo.js',
      'dist/cli.js',
      'dist/lib/library.js',
      'dist/lib/library.d.ts',
      'LICENSE',
    ]) {
      expect(own).toContain(needed);
    }
    expect(bytesIn(own.map((file) => join(folder, file)))).toBeLessThan(MAX_PACKAGE);
  });

  test('installed with what it needs it stays under 60 MB', () => {
    expect(bytesIn(filesIn(join(app, 'node_modules')))).toBeLessThan(MAX_INSTALLED);
  });

  test('nothing it needs has an install script', () => {
    const lock = JSON.parse(readFileSync(join(app, 'package-lock.json'), 'utf8')) as {
      packages: Record<string, { hasInstallScript?: boolean }>;
    };
    const scripted = Object.entries(lock.packages).filter(([, entry]) => entry.hasInstallScript);
    // Its own `prepare` runs in a checkout only.
    expect(scripted.map(([name]) => name).filter((name) => name !== 'node_modules/p2pd-demo')).toEqual([]);
  });
});

describe.each(NODE_VERSIONS)('package: on Node %s', (nodeVersion) => {
  let path = '';
  beforeAll(() => {
    path = pathWithNode(nodeVersion);
  }, INSTALL_TIMEOUT);
  const npx = (...args: readonly string[]) => run('npx', ['--no-install', 'p2pd-demo', ...args], app, path);

  test('the command runs and says its version', () => {
    expect(run('node', ['--version'], app, path).trim()).toBe(`v${nodeVersion}`);
    expect(npx('--version').trim()).toBe(version);
  });

  test('the help names the commands', () => {
    expect(npx('--help')).toMatch(/accept[\s\S]*connect|connect[\s\S]*accept/);
  });

  test('the library is imported by name', () => {
    const script =
      "import { P2PNode, listInterfaces, P2pdError } from 'p2pd-demo'; console.log(typeof P2PNode.start, typeof listInterfaces, typeof P2pdError);";
    expect(run('node', ['--input-type=module', '--eval', script], app, path).trim()).toBe(
      'function function function',
    );
  });
});

test('package: the types serve a strict consumer', () => {
  const consumer = join(app, 'consumer.ts');
  writeFileSync(
    consumer,
    `import { type Endpoint, Interface, listInterfaces, P2PNode } from 'p2pd-demo';
const endpoint: Endpoint = { ip: '192.0.2.1', port: 1 };
const node: P2PNode = await P2PNode.start();
node.addMessageHandler((message, from, pipe) => { void message; void from; void pipe; });
for (const nic of await listInterfaces()) Interface.fromDict(nic.toDict());
// @ts-expect-error the types must not be any
const wrong: number = endpoint.ip;
// @ts-expect-error there is no such method
node.noSuchMethod();
void wrong;
`,
  );
  const tsc = join(ROOT, 'node_modules/typescript/bin/tsc');
  const types = join(ROOT, 'node_modules/@types');
  const options = [
    '--noEmit',
    '--strict',
    '--target',
    'es2022',
    '--module',
    'nodenext',
    '--skipLibCheck',
    'false',
  ];
  const output = run(
    process.execPath,
    [tsc, ...options, '--typeRoots', types, '--types', 'node', consumer],
    dirname(consumer),
  );
  expect(output).toBe('');
}, 60_000);
