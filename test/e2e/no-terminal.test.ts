import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { expect, test } from 'vitest';

const PROGRAM = join(import.meta.dirname, '../../bin/p2pd-demo.js');

test('without a terminal: the program prints its help and ends with exit code 2', () => {
  const { stdout, stderr, status } = spawnSync(process.execPath, [PROGRAM], { encoding: 'utf8', input: '' });
  expect(stdout).toContain('Usage: p2pd-demo [options] [command]');
  expect(stderr).toBe('');
  expect(status).toBe(2);
});
