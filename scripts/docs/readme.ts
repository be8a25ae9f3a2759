/**
 * The README's marked parts, made of what the program itself offers: commands, options and keys. A
 * command or option that is added needs nothing here. Pure.
 */
import type { Command, Option } from 'commander';
import { createProgram } from '../../src/cli/main.ts';
import { keymapMarkdown } from '../../src/ui/keymap.ts';

/** The README with its marked parts made anew; the rest as it is. */
export function updateReadme(readme: string): string {
  const program = createProgram();
  const parts = {
    commands: commandsMarkdown(program),
    options: optionsMarkdown(program),
    keys: keymapMarkdown(),
  };
  return Object.entries(parts).reduce((text, [name, table]) => replacePart(text, name, table), readme);
}

/** @throws Error when the README has no such part, or two */
function replacePart(readme: string, name: string, table: string): string {
  const pattern = new RegExp(`(<!-- ${name}\\b[^>]*-->\\n)[\\s\\S]*?(\\n<!-- /${name} -->)`, 'g');
  const found = [...readme.matchAll(pattern)].length;
  if (found !== 1) throw new Error(`the README has ${found} parts "${name}", not one`);
  return readme.replace(pattern, (_, begin: string, end: string) => `${begin}${table}${end}`);
}

/** Each command with its arguments, and all that `--help` says of it. */
function commandsMarkdown(program: Command): string {
  const rows = program.commands.map((command) => {
    const words = command.registeredArguments.map((argument) => {
      const name = argument.argChoices?.join('|') ?? argument.name();
      return argument.required ? `<${name}>` : `[${name}]`;
    });
    return [`\`${[program.name(), command.name(), ...words].join(' ')}\``, command.description()];
  });
  return table(['command', 'does'], [[`\`${program.name()}\``, program.summary()], ...rows]);
}

interface OptionRow {
  readonly flags: string;
  readonly meaning: string;
  readonly fallback: string;
  readonly commands: string[];
}

/** Options of every command first, then each with the commands that take it in this sense. */
function optionsMarkdown(program: Command): string {
  const common = new Set(rowsOf(program).map(keyOf));
  const own = new Map<string, OptionRow>();
  for (const command of program.commands) {
    for (const row of rowsOf(command).filter((one) => !common.has(keyOf(one)))) {
      const known = own.get(keyOf(row));
      if (known) known.commands.push(command.name());
      else own.set(keyOf(row), row);
    }
  }
  const rows = [...rowsOf(program).map((row) => ({ ...row, commands: ['all'] })), ...own.values()];
  return table(
    ['option', 'commands', 'meaning', 'default'],
    rows.map(({ flags, commands, meaning, fallback }) => [
      `\`${flags}\``,
      commands.join(', '),
      meaning,
      fallback,
    ]),
  );
}

const keyOf = ({ flags, meaning, fallback }: OptionRow) => [flags, meaning, fallback].join('\n');

function rowsOf(command: Command): OptionRow[] {
  return command.options
    .filter(({ long, hidden }) => long !== '--version' && !hidden)
    .map((option) => ({ flags: option.flags, ...meaningOf(option), commands: [command.name()] }));
}

/** Defaults of one word that nobody types. */
const WORDS = new Set(['all', 'everybody']);

/** A default stands in brackets at the end of a description, or was given to commander. */
function meaningOf(option: Option): Pick<OptionRow, 'meaning' | 'fallback'> {
  const [, meaning = '', bracketed] = /^(.*?)(?: \(default: (.*)\))?$/s.exec(option.description) ?? [];
  const given: unknown = option.defaultValueDescription ?? option.defaultValue;
  const fallback = bracketed ?? (given === undefined ? '' : String(given));
  const choices = option.argChoices?.filter((choice) => !meaning.includes(choice)) ?? [];
  return {
    meaning: choices.length === 0 ? meaning : `${meaning}: ${choices.join(', ')}`,
    fallback: /^\S+$/.test(fallback) && !WORDS.has(fallback) ? `\`${fallback}\`` : fallback,
  };
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const lines = [head, ...rows.map((cells) => cells.map(cellText))].map((cells) =>
    `| ${cells.join(' | ')} |`.replaceAll('|  |', '| |'),
  );
  return [lines[0], `|${'---|'.repeat(head.length)}`, ...lines.slice(1)].join('\n');
}

/** What a person would type is set as code; a bar would end the cell. */
function cellText(text: string): string {
  if (text.startsWith('`')) return text.replaceAll('|', '\\|');
  return text
    .replaceAll('|', '\\|')
    .replaceAll('<', '&lt;')
    .replace(TYPED, (word) => `\`${word}\``);
}

/** Options, names of variables, `kind=port` and the like, URLs, names of files, single letters that are choices. */
const TYPED =
  /(?<![\w`-])(?:--[a-z][\w-]*|[A-Z\d]+_[A-Z\d_]+|[a-z]+=\w+(?:,[a-z]+=\w+)*|[a-z]+:(?:\/\/…|[A-Z]+)|\w+\.(?:db|json|html)|(?<=[:,] )[b-z](?= ))(?![\w`])/g;
