/**
 * One file that breaks each style rule and each fence around a global, and files that may use
 * them. Data for rules.test.ts; the files exist only in its temporary copy.
 */
import type { RuleCase } from './import-cases.ts';

const GLOBALS = {
  process: 'export const x = process.pid;',
  timeout: 'setTimeout(() => undefined, 1);',
  interval: 'setInterval(() => undefined, 1);',
  immediate: 'setImmediate(() => undefined);',
  performance: 'export const x = performance.now();',
  crypto: 'export const x = crypto.randomUUID();',
  fetch: 'export const x = fetch;',
  socket: 'export const x = WebSocket;',
  'by-global-this': 'export const x = globalThis.setTimeout;',
  'by-global': 'export const x = global.process;',
};
const CLOCKS = {
  'date-now': 'export const x = Date.now();',
  'date-now-passed': 'export const x = Date.now;',
  'new-date': 'export const x = new Date();',
  random: 'export const x = Math.random();',
  'abort-timeout': 'export const x = AbortSignal.timeout(1);',
};

const fenced = (rule: string, folder: string, sources: Readonly<Record<string, string>>): RuleCase[] =>
  Object.entries(sources).map(([name, source]) => ({
    rule,
    file: `${folder}/${name}.ts`,
    source: `${source}\n`,
  }));

const style = (rule: string, source: string, name = rule.replace(/.*\//, '')): RuleCase => ({
  rule,
  file: `src/app/style/${name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}.ts`,
  source: `${source}\n`,
});

const LONG = Array.from({ length: 301 }, (_, line) => `export const x${line} = ${line};`).join('\n');
const TALL = Array.from({ length: 61 }, (_, line) => `  take(${line});`).join('\n');
const DEEP = `export function deep(n: number): number {
  for (let i = 0; i < n; i++) {
    if (i > 1) { for (let j = 0; j < n; j++) { if (j > 2) { while (n > j) { if (n === 4) { return n && j || i; } } } } }
  }
  return 0;
}`;

export const STYLE_CASES: readonly RuleCase[] = [
  ...fenced('style/noRestrictedGlobals', 'src/net/stun/globals', GLOBALS),
  ...fenced('style/noRestrictedGlobals', 'src/app/globals', GLOBALS),
  ...fenced('style/noRestrictedGlobals', 'src/ui/parts/globals', GLOBALS),
  ...fenced('style/noRestrictedGlobals', 'src/cli/globals', {
    timeout: GLOBALS.timeout,
    performance: GLOBALS.performance,
  }),
  { rule: 'style/noRestrictedGlobals', file: 'src/ui/terminal.ts', source: `${GLOBALS.timeout}\n` },
  { rule: 'style/noRestrictedGlobals', file: 'src/app/store.ts', source: `${GLOBALS.process}\n` },
  ...fenced('plugin', 'src/net/stun/clocks', CLOCKS),
  ...fenced('plugin', 'src/app/clocks', CLOCKS),
  ...fenced('plugin', 'src/cli/clocks', CLOCKS),
  { rule: 'plugin', file: 'src/ui/parts/clock.tsx', source: `${CLOCKS['date-now']}\n` },
  style('complexity/noExcessiveCognitiveComplexity', DEEP),
  style(
    'complexity/noExcessiveLinesPerFunction',
    `export function tall(take: (n: number) => void) {\n${TALL}\n}`,
  ),
  style('complexity/noForEach', 'export const f = (list: number[]) => list.forEach((n) => void n);'),
  style('complexity/useLiteralKeys', "export const f = (o: { a: number }) => o['a'];"),
  style('correctness/noUndeclaredDependencies', "import leftPad from 'left-pad';\nexport { leftPad };"),
  style('correctness/noUnusedFunctionParameters', 'export function f(a: number) {}'),
  style('correctness/noUnusedImports', "import { join } from 'node:path';"),
  style('correctness/noUnusedVariables', 'const a = 1;'),
  style('correctness/useImportExtensions', "export { INITIAL_STATE } from '../state';"),
  style('nursery/noFloatingPromises', 'async function f() {}\nexport function g() {\n  f();\n}'),
  style(
    'nursery/noMisusedPromises',
    'async function f() {\n  return true;\n}\nexport const g = () => (f() ? 1 : 2);',
  ),
  style('nursery/useAwaitThenable', 'export async function f() {\n  await 1;\n}'),
  style(
    'performance/noAccumulatingSpread',
    'export const f = (list: number[]) => list.reduce((all: number[], n) => [...all, n], []);',
  ),
  style('style/noDefaultExport', 'export default 1;'),
  style('style/noEnum', 'export enum E {\n  A,\n}'),
  style('style/noExcessiveLinesPerFile', LONG),
  style('style/noInferrableTypes', 'export const f = (a: number = 1) => a;'),
  style('style/noNamespace', 'export namespace N {}'),
  style('style/noNonNullAssertion', 'export const f = (a: { b: number } | null) => a!.b;'),
  style('style/noParameterAssign', 'export function f(a: number) {\n  a = 2;\n  return a;\n}'),
  style(
    'style/noRestrictedImports',
    "import { randomBytes } from 'node:crypto';\nexport const x = randomBytes(8);",
  ),
  style('style/noUselessElse', 'export function f(a: boolean) {\n  if (a) return 1;\n  else return 2;\n}'),
  style('style/noYodaExpression', 'export const f = (a: number) => 1 === a;'),
  style('style/useConsistentArrayType', 'export type A = Array<number>;'),
  style('style/useExportType', "import type { State } from '../state.ts';\nexport { State };"),
  { rule: 'style/useFilenamingConvention', file: 'src/app/style/camelCase.ts', source: 'export {};\n' },
  style('style/useImportType', "import { State } from '../state.ts';\nexport type S = State;"),
  style('style/useNodejsImportProtocol', "import { join } from 'path';\nexport { join };"),
  style(
    'style/useReadonlyClassProperties',
    'export class A {\n  private a = 1;\n  b() {\n    return this.a;\n  }\n}',
  ),
  style('style/useThrowNewError', "export function f() {\n  throw Error('a');\n}"),
  style('style/useThrowOnlyError', "export function f() {\n  throw 'a';\n}"),
  style('suspicious/noConsole', "console.log('a');"),
  style('suspicious/noEmptyBlockStatements', 'export function f() {\n  try {\n    f();\n  } catch {}\n}'),
  style('suspicious/noEvolvingTypes', 'export function f() {\n  let a;\n  a = 1;\n  return a;\n}'),
  style('suspicious/noExplicitAny', 'export const f = (a: any) => a;'),
  style('suspicious/noTsIgnore', "// @ts-ignore\nexport const a: number = 'a';"),
  style('suspicious/useErrorMessage', 'export function f() {\n  throw new Error();\n}'),
  {
    rule: 'suspicious/noFocusedTests',
    file: 'test/focused.test.ts',
    source: "import { test } from 'vitest';\ntest.only('a', () => {});\n",
  },
  {
    rule: 'suspicious/noSkippedTests',
    file: 'test/skipped.test.ts',
    source: "import { test } from 'vitest';\ntest.skip('a', () => {});\n",
  },
  {
    rule: 'plugin',
    file: 'test/caught.test.ts',
    source:
      "import { expect, test } from 'vitest';\ntest('a', () => {\n  try {\n    test.name;\n  } catch (e) {\n    expect(e).toBe(1);\n  }\n});\n",
  },
];

const EVERYTHING = Object.values({ ...GLOBALS, ...CLOCKS })
  .map((source, index) => source.replace('const x', `const x${index}`))
  .join('\n');

/** Where effects may be: none of these may be reported. */
export const STYLE_ALLOWED: readonly { readonly file: string; readonly source: string }[] = [
  { file: 'src/net/io/everything.ts', source: `${EVERYTHING}\n` },
  { file: 'test/everything.ts', source: `${EVERYTHING}\nconsole.log(1);\n` },
  { file: 'bench/everything.ts', source: `${EVERYTHING}\nconsole.log(1);\n` },
  { file: 'scripts/everything.js', source: `${EVERYTHING}\nconsole.log(1);\n` },
  { file: 'bin/p2pd-demo.js', source: `${GLOBALS.process}\n` },
  { file: 'src/cli/output.ts', source: `${GLOBALS.process}\n` },
  { file: 'src/ui/use-spinner.ts', source: `${GLOBALS.interval}\n` },
  { file: 'src/ui/parts/spinner.tsx', source: `${GLOBALS.interval}\n` },
  { file: 'vitest.config.ts', source: 'export default {};\n' },
];
