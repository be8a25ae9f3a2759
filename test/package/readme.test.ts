import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { createProgram } from '../../src/cli/main.ts';
import { ERROR_CODES } from '../../src/net/index.ts';
import { keymapMarkdown } from '../../src/ui/keymap.ts';

const readme = readFileSync(join(import.meta.dirname, '../../README.md'), 'utf8');

function part(name: string): string {
  const found = new RegExp(`<!-- ${name}:[^>]*-->\\n([\\s\\S]*?)\\n<!-- /${name} -->`).exec(readme)?.[1];
  if (found === undefined) throw new Error(`the README has no part "${name}"`);
  return found;
}

test('readme: the table of keys is the one that the keymap makes', () => {
  expect(part('keys')).toBe(keymapMarkdown());
});

test('readme: every option of every command is there, and no other', () => {
  const program = createProgram();
  const flags = [program, ...program.commands].flatMap((command) =>
    command.options.map(({ flags: text }) => text),
  );
  const offered = new Set(flags.filter((text) => !text.includes('--version')));
  const listed = [...part('options').matchAll(/^\| `([^`]+)` \|/gm)].map((match) => match[1]);
  expect(listed.sort()).toEqual([...offered].sort());
});

test('readme: every command is there', () => {
  for (const command of createProgram().commands) expect(readme).toContain(`\`p2pd-demo ${command.name()}`);
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
