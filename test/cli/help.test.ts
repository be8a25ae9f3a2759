import type { Command } from 'commander';
import { describe, expect, test } from 'vitest';
import { createProgram } from '../../src/cli/main.ts';

/** What `--help` prints, with its examples. */
function helpOf(command: Command): string {
  let text = '';
  command.configureOutput({
    writeOut: (part) => {
      text += part;
    },
    getOutHelpWidth: () => 80,
  });
  command.outputHelp();
  return text;
}

const program = createProgram();

describe.each([program, ...program.commands].map((command) => [command.name(), command] as const))(
  'help: %s',
  (_name, command) => {
    test('it fits a terminal of 80 columns', () => {
      const help = helpOf(command);
      expect(help).toContain('Usage: p2pd-demo');
      expect(help.split('\n').filter((line) => line.length > 80)).toEqual([]);
    });
  },
);

test('help: the examples of trial and demo are commands that are taken', () => {
  const lines = ['trial', 'demo'].flatMap((name) => {
    const command = program.commands.find((one) => one.name() === name);
    return command === undefined ? [] : [...helpOf(command).matchAll(/^ {2}p2pd-demo (\S.*?) {2,}/gm)];
  });
  expect(lines.length).toBeGreaterThan(7);
  for (const [, words = ''] of lines) {
    const [name = '', ...rest] = words.split(' ');
    const command = createProgram().commands.find((one) => one.name() === name);
    expect(command?.parseOptions(rest).unknown, words).toEqual([]);
  }
});
