/**
 * What may stand at each place of a command line, read off the program: commands, options and the
 * values that they take. A command or option that is added needs nothing here. Pure.
 */
import type { Argument, Command, Option } from 'commander';
import { FAMILY_LETTERS, METHOD_LETTERS, METHOD_NAMES, PATH_LETTERS } from '../../app/config.ts';

interface Choice {
  readonly value: string;
  /** Empty: the value says it all. */
  readonly about: string;
}

/** What a value may be: words of its own, files, folders, nicknames met before, or one, some or a row of choices. */
export type Values =
  | { readonly kind: 'word' | 'file' | 'folder' | 'nickname' }
  /** One of them; some of them with commas between; letters one after the other. */
  | { readonly kind: 'choice' | 'list' | 'letters'; readonly choices: readonly Choice[] };

export interface OfferedOption {
  /** `--log`, or a letter and a word: `-h`, `--help`. */
  readonly names: readonly string[];
  readonly about: string;
  /** What its value is called; null: it takes none. */
  readonly valueName: string | null;
  readonly values: Values;
}

export interface OfferedCommand {
  readonly name: string;
  readonly about: string;
  readonly options: readonly OfferedOption[];
  readonly arguments: readonly { readonly name: string; readonly values: Values }[];
}

export interface CommandLine {
  readonly program: OfferedCommand;
  readonly commands: readonly OfferedCommand[];
}

const letters = (names: Readonly<Record<string, string>>): Values => ({
  kind: 'letters',
  choices: Object.entries(names).map(([value, about]) => ({ value, about })),
});

const inWords = <T>(table: Readonly<Record<string, T>>, wordOf: (value: T) => string) =>
  Object.fromEntries(Object.entries(table).map(([letter, value]) => [letter, wordOf(value)]));

/** Options whose values commander does not know one by one. */
function listsOf(serveKinds: readonly string[]): Readonly<Record<string, Values>> {
  return {
    '--methods': letters(inWords(METHOD_LETTERS, (method) => METHOD_NAMES[method])),
    '--paths': letters(inWords(PATH_LETTERS, String)),
    '--families': letters(inWords(FAMILY_LETTERS, (family) => `IPv${family}`)),
    '--only': { kind: 'list', choices: serveKinds.map((value) => ({ value, about: '' })) },
  };
}

/** @param serveKinds what `serve --only` takes */
export function commandLineOf(program: Command, serveKinds: readonly string[]): CommandLine {
  const lists = listsOf(serveKinds);
  const help = program.createHelp();
  const offer = (command: Command): OfferedCommand => ({
    name: command.name(),
    about: oneLine(help.subcommandDescription(command)),
    options: help.visibleOptions(command).map((option) => offerOption(option, lists)),
    arguments: command.registeredArguments.map((argument) => ({
      name: argument.name(),
      values: valuesOf(argument.name(), argument),
    })),
  });
  return { program: offer(program), commands: program.commands.map(offer) };
}

function offerOption(option: Option, lists: Readonly<Record<string, Values>>): OfferedOption {
  const [, placeholder = ''] = /[<[]([^>]*)[>\]]$/.exec(option.flags) ?? [];
  const takesValue = option.required || option.optional;
  return {
    names: [option.short, option.long].filter((name) => name !== undefined),
    about: oneLine(option.description.replace(/ \(default: .*\)$/s, '')),
    valueName: takesValue ? placeholder.replace(/\W+/g, ' ').trim() : null,
    values: lists[option.long ?? ''] ?? valuesOf(placeholder, option),
  };
}

function valuesOf(placeholder: string, { argChoices }: Option | Argument): Values {
  if (argChoices) return { kind: 'choice', choices: argChoices.map((value) => ({ value, about: '' })) };
  if (/file|path|\.(json|html|md)$/i.test(placeholder)) return { kind: 'file' };
  if (/dir|folder/i.test(placeholder)) return { kind: 'folder' };
  return { kind: /^(peer|nickname)$/.test(placeholder) ? 'nickname' : 'word' };
}

/** The first sentence or clause, as a shell shows one line a choice. */
function oneLine(text: string): string {
  return text.split(/\n|;|\. /)[0]?.trim() ?? '';
}

/**
 * A command of `sh` that prints the nicknames met before, one a line: those whose key is remembered
 * in the state directory (`known-names.json`). Holds no single quote.
 */
export const NICKNAMES_COMMAND = [
  'd=$P2PD_HOME',
  '[ -n "$d" ] || d=$XDG_DATA_HOME/p2pd-demo',
  '[ -d "$d" ] || d=$HOME/.local/share/p2pd-demo',
  '[ -d "$d" ] || d="$HOME/Library/Application Support/p2pd-demo"',
  'grep -o "\\[\\"[a-z0-9_.-]*\\"" "$d/known-names.json" 2>/dev/null | tr -d "[\\""',
].join('; ');
