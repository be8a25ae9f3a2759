import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { updateReadme } from '../../scripts/docs/readme.ts';
import { createProgram } from '../../src/cli/main.ts';
import { ERROR_CODES } from '../../src/net/index.ts';

const readme = readFileSync(join(import.meta.dirname, '../../README.md'), 'utf8');

test('readme: its tables are what the program and its keymap make (else: npm run docs)', () => {
  expect(updateReadme(readme)).toBe(readme);
});

test('readme: a table that has lost its marks is told, and one that is there twice', () => {
  expect(() => updateReadme(readme.replace('<!-- /keys -->', ''))).toThrow('0 parts "keys"');
  expect(() => updateReadme(readme + readme)).toThrow('2 parts "commands"');
});

test('readme: an option stands with the commands that take it, its meaning and its default', () => {
  expect(readme).toContain('\n| `--echo` | accept, nickname | send each message back unchanged | |\n');
  expect(readme).toContain('| `--once` | accept | leave after the first pipe closes | |');
  expect(readme).toContain('| `--once` | nickname | register and leave: nobody listens then | |');
  expect(readme).toMatch(/^\| `--methods <list>` \| all \| letters in order: `d` direct.* \| `drput` \|$/m);
});

test('readme: every command and option of the program is there', () => {
  const program = createProgram();
  for (const command of program.commands) {
    expect(readme).toContain(`| \`p2pd-demo ${command.name()}`);
    for (const { flags } of command.options) expect(readme).toContain(`| \`${flags}\` |`);
  }
});

test('readme: every exit code that an error can have is explained', () => {
  const explained = [...readme.matchAll(/^\| (\d+) \|/gm)].map((match) => Number(match[1]));
  const possible = Object.values(ERROR_CODES).map(({ exit }) => exit);
  for (const exit of possible) expect(explained).toContain(exit);
});

test('readme: it has exactly two set-up commands', () => {
  expect([...readme.matchAll(/npm ci && npm \w+/g)].map(([text]) => text)).toEqual([
    'npm ci && npm start',
    'npm ci && npm test',
  ]);
});
