/** The completion script for fish, 3.1 and later. Pure. */
import { type CommandLine, NICKNAMES_COMMAND, type OfferedOption, type Values } from './command-line.ts';

const HELPERS = `function __p2pd_demo_typed
    string replace -r -- '^--[^=]*=' '' (commandline -ct)
end

function __p2pd_demo_list
    set -l kept (__p2pd_demo_typed | string replace -r -- '[^,]*$' '')
    for value in $argv
        echo "$kept$value"
    end
end

function __p2pd_demo_letters
    set -l kept (__p2pd_demo_typed)
    for letter in $argv
        string match -q -- "*$letter*" "$kept"; or echo "$kept$letter"
    end
end`;

export function fishScript({ program, commands }: CommandLine): string {
  const isThere = (names: readonly string[]) => `__fish_seen_subcommand_from ${names.join(' ')}`;
  const none = '__p2pd_demo_no_command';
  const add = (when: string, rest: string) => `complete -c ${program.name} -n ${quote(when)} ${rest}`;
  return `# Completion of ${program.name} for fish. Made by: ${program.name} completion fish

${HELPERS}

function __p2pd_demo_no_command
    not ${isThere(commands.map(({ name }) => name))}
end

complete -c ${program.name} -f
${commands.map(({ name, about }) => add(none, `-a ${name} -d ${quote(about)}`)).join('\n')}
${program.options.map((option) => add(none, optionOf(option))).join('\n')}
${[...grouped(commands)].map(([option, names]) => add(isThere(names), option)).join('\n')}
${commands
  .flatMap(({ name, arguments: [first] }) => (first ? [add(isThere([name]), argumentOf(first.values))] : []))
  .join('\n')}
`;
}

/** Each option with the commands that take it in the same sense. */
function grouped(commands: CommandLine['commands']): Map<string, string[]> {
  const groups = new Map<string, string[]>();
  for (const { name, options } of commands) {
    for (const option of options.map(optionOf)) groups.set(option, [...(groups.get(option) ?? []), name]);
  }
  return groups;
}

function optionOf({ names, about, valueName, values }: OfferedOption): string {
  const words = names.map((name) => (name.startsWith('--') ? `-l ${name.slice(2)}` : `-s ${name.slice(1)}`));
  const value = valueName === null ? [] : [valuesOf(values)];
  return [...words, `-d ${quote(about)}`, ...value].join(' ');
}

/** An argument is a word by itself: it is not required by an option. */
const argumentOf = (values: Values) =>
  valuesOf(values)
    .replace(/^-[rx] ?/, '-f ')
    .replace('-f -F', '-F');

/** What may be offered; -x is without files. */
function valuesOf(values: Values): string {
  switch (values.kind) {
    case 'word':
      return '-x';
    case 'file':
      return '-r -F';
    case 'folder':
      return `-x -a ${quote('(__fish_complete_directories)')}`;
    case 'nickname':
      return `-x -a ${quote(`(sh -c ${quote(NICKNAMES_COMMAND)})`)}`;
    case 'choice':
      return `-x -a ${quote(values.choices.map(({ value }) => value).join(' '))}`;
    default: {
      const words = values.choices.map(({ value }) => value).join(' ');
      return `-x -a ${quote(`(__p2pd_demo_${values.kind} ${words})`)}`;
    }
  }
}

const quote = (text: string) => `'${text.replace(/[\\']/g, '\\$&')}'`;
