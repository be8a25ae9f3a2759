/** The matrix command as a program: its document, and the NAT that the state directory remembers. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';

const PROGRAM = join(import.meta.dirname, '../../bin/p2pd-demo.js');
const METHODS = ['direct', 'reverse', 'tcp-punch', 'udp-punch', 'relay'];

let state = '';
beforeEach(() => {
  state = mkdtempSync(join(tmpdir(), 'p2pd-matrix-'));
});
afterEach(() => rmSync(state, { recursive: true }));

function matrix(...options: readonly string[]): string {
  const { stdout, stderr, status } = spawnSync(
    process.execPath,
    [PROGRAM, 'matrix', '--state', state, ...options],
    { encoding: 'utf8', input: '', maxBuffer: 1e8 },
  );
  expect(stderr).toBe('');
  expect(status).toBe(0);
  return stdout;
}

function remember(udp: unknown): void {
  const tcp = { type: null, delta: { type: null, value: 0 } };
  const report = { interface: 'eth0', family: 4, udp, tcp };
  writeFileSync(join(state, 'nat.json'), JSON.stringify({ at: 1, reports: [report] }));
}

interface Document {
  readonly schemaVersion: number;
  readonly cells: readonly {
    readonly a: { readonly type: number; readonly delta: number };
    readonly b: { readonly type: number; readonly delta: number };
    readonly outcomes: Readonly<
      Record<string, { readonly expected: string; readonly why: string; readonly seconds: number | null }>
    >;
  }[];
}

describe('matrix --json', () => {
  test('matrix --json: one document with a cell for each ordered pair, all methods in it', () => {
    const { schemaVersion, cells } = JSON.parse(matrix('--json')) as Document;
    expect(schemaVersion).toBe(1);
    expect(cells).toHaveLength(23 * 23);
    for (const { a, b, outcomes } of cells) {
      for (const { type, delta } of [a, b]) {
        expect([1, 2, 3, 4, 5, 6, 7]).toContain(type);
        expect([3, 4, 5, 6].includes(type) ? [2, 3, 4, 5, 6] : [1]).toContain(delta);
      }
      expect(Object.keys(outcomes)).toEqual(METHODS);
      for (const outcome of Object.values(outcomes)) {
        expect(Object.keys(outcome)).toEqual(['expected', 'why', 'probes', 'seconds']);
        expect(['yes', 'no', 'maybe']).toContain(outcome.expected);
      }
    }
  });

  test('matrix --json: the same whatever is remembered', () => {
    const without = matrix('--json');
    remember({ type: 6, delta: { type: 4, value: 2 } });
    expect(matrix('--json')).toBe(without);
  });
});

describe('matrix', () => {
  test('matrix: without a remembered NAT it says so, marks none, and writes nothing', () => {
    const text = matrix();
    expect(text).toMatch(/^Your own NAT is not known yet/);
    expect(text).not.toMatch(/^ ?\d+\*/m);
    expect(text.match(/^ ?\d+ (open|fire|full|rest|port|symm|blkd)/gm)).toHaveLength(23);
    expect(readdirSync(state)).toEqual([]);
  });

  test('matrix: a remembered NAT is told first against all 23, and its row is marked', () => {
    remember({ type: 6, delta: { type: 4, value: 2 } });
    const text = matrix();
    const [own = '', rest = ''] = text.split('Every NAT (rows ask)');
    expect(own).toMatch(/^Your NAT \(symmetric, independent\)/);
    expect(own.match(/(yes|maybe|no)( [0-9.]+s?)?$/gm)).toHaveLength(23);
    expect(rest.match(/^ ?\d+\*.*/gm)).toEqual([expect.stringMatching(/^20\*symm i /)]);
    for (const line of text.split('\n')) expect(line.length, line).toBeLessThanOrEqual(80);
  });

  test('matrix: a symmetric NAT whose delta is not known is told as such, and no row is marked', () => {
    remember({ type: 6, delta: { type: null, value: 0 } });
    const text = matrix();
    expect(text).toMatch(/^restrict port, equal +no +no +maybe 8 +maybe 1024 +yes 0\.4s$/m);
    expect(text).not.toMatch(/^ ?\d+\*/m);
  });

  test.each([
    '',
    '{',
    'null',
    '{"at":1,"reports":[{}]}',
    '{"at":1,"reports":[{"interface":"e","family":4,"udp":{"type":9}}]}',
  ])('matrix: a damaged nat.json (%s) is as none', (text) => {
    writeFileSync(join(state, 'nat.json'), text);
    expect(matrix()).toMatch(/^Your own NAT is not known yet/);
  });
});
