/**
 * The lint rules themselves: each is shown a file that breaks it, in a temporary project, and must
 * report it there. A rule that never fires guards nothing.
 */
import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import importRules from '../../.dependency-cruiser.mjs';
import { ALLOWED, IMPORT_CASES, ORDER_TARGETS, STUBS } from './import-cases.ts';
import { STYLE_ALLOWED, STYLE_CASES } from './style-cases.ts';

interface Report {
  readonly rule: string;
  readonly file: string;
}

const ROOT = join(import.meta.dirname, '../..');
const CONFIG = ['package.json', 'tsconfig.json', 'biome.json', '.dependency-cruiser.mjs', 'scripts/lint'];

let project = '';
beforeAll(() => {
  project = mkdtempSync(join(tmpdir(), 'p2pd-rules-'));
  for (const file of CONFIG) cpSync(join(ROOT, file), join(project, file), { recursive: true });
  symlinkSync(join(ROOT, 'node_modules'), join(project, 'node_modules'));
});
afterAll(() => rmSync(project, { recursive: true, force: true }));

function write(file: string, source: string): void {
  mkdirSync(dirname(join(project, file)), { recursive: true });
  writeFileSync(join(project, file), source);
}

/** Runs a tool of the project in the temporary copy; its findings make it exit with non-zero. */
function run(tool: string, ...args: readonly string[]): string {
  const program = join(project, 'node_modules', tool);
  const done = spawnSync(process.execPath, [program, ...args], {
    cwd: project,
    encoding: 'utf8',
    maxBuffer: 64 * 1024 * 1024,
  });
  if (done.stdout === '') throw new Error(`${tool} said nothing on stdout; stderr: ${done.stderr}`);
  return done.stdout;
}

function rulesIn(reports: readonly Report[], file: string): readonly string[] {
  return reports.filter((report) => report.file === file).map(({ rule }) => rule);
}

describe('import rules', () => {
  let reports: readonly Report[] = [];
  beforeAll(() => {
    for (const file of [...STUBS, ...ORDER_TARGETS]) write(file, 'export {};\n');
    for (const { file, source } of [...ALLOWED, ...IMPORT_CASES]) write(file, source);
    const output = run('dependency-cruiser/bin/dependency-cruise.mjs', '--output-type', 'json', 'src', 'bin');
    const { summary } = JSON.parse(output) as {
      summary: { violations: { from: string; rule: { name: string } }[] };
    };
    reports = summary.violations.map(({ from, rule }) => ({ rule: rule.name, file: from }));
  }, 60_000);

  test.each(IMPORT_CASES)('$rule: reports $file', ({ rule, file }) => {
    expect(rulesIn(reports, file)).toContain(rule);
  });

  test('what a folder may import is not reported', () => {
    const allowed = new Set(ALLOWED.map(({ file }) => file));
    expect(reports.filter(({ file }) => allowed.has(file))).toEqual([]);
  });

  test('every rule has a file that breaks it', () => {
    const shown = new Set(IMPORT_CASES.map(({ rule }) => rule));
    expect(importRules.forbidden.map(({ name }) => name).filter((name) => !shown.has(name))).toEqual([]);
  });
});

describe('style rules and fences for globals', () => {
  let reports: readonly Report[] = [];
  beforeAll(() => {
    for (const { file, source } of [...STYLE_ALLOWED, ...STYLE_CASES]) write(file, source);
    const files = [...STYLE_ALLOWED, ...STYLE_CASES].map(({ file }) => file);
    const output = run(
      '@biomejs/biome/bin/biome',
      'lint',
      '--reporter=json',
      '--max-diagnostics=none',
      ...files,
    );
    const { diagnostics } = JSON.parse(output) as {
      diagnostics: { category: string; severity: string; location: { path: string } }[];
    };
    reports = diagnostics
      .filter(({ severity }) => severity === 'error')
      .map(({ category, location }) => ({ rule: category.replace(/^lint\//, ''), file: location.path }));
  }, 60_000);

  test.each(STYLE_CASES)('$rule: reports $file', ({ rule, file }) => {
    expect(rulesIn(reports, file)).toContain(rule);
  });

  test('what a folder may use is not reported', () => {
    const allowed = new Set(STYLE_ALLOWED.map(({ file }) => file));
    expect(reports.filter(({ file }) => allowed.has(file))).toEqual([]);
  });

  test('every rule named in biome.json has a file that breaks it', () => {
    const { linter } = JSON.parse(readFileSync(join(ROOT, 'biome.json'), 'utf8')) as {
      linter: { rules: Record<string, string | Record<string, unknown>> };
    };
    const groups = Object.entries(linter.rules).filter(([group]) => group !== 'preset');
    const named = groups.flatMap(([group, rules]) => Object.keys(rules).map((rule) => `${group}/${rule}`));
    const shown = new Set(STYLE_CASES.map(({ rule }) => rule));
    expect(named.filter((rule) => !shown.has(rule))).toEqual([]);
  });
});
