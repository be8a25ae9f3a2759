/** The completion script for zsh. Pure. */
import {
  type CommandLine,
  NICKNAMES_COMMAND,
  type OfferedCommand,
  type OfferedOption,
  type Values,
} from './command-line.ts';

export function zshScript({ program, commands }: CommandLine): string {
  const own = commands.map(
    (command) =>
      `        ${command.name})\n          ${argumentsOf(command, ' \\\n            ')}\n          ;;`,
  );
  return `#compdef ${program.name}
# Completion of ${program.name} for zsh. Made by: ${program.name} completion zsh

_p2pd_demo_nicknames() {
  local -a names
  names=(\${(f)"$(sh -c '${NICKNAMES_COMMAND}')"})
  compadd -a names
}

_${program.name}() {
  local curcontext=$curcontext state line
  local -A opt_args
  local -a commands
  commands=(
${commands.map(({ name, about }) => `    ${quote(`${name}:${about}`)}`).join('\n')}
  )
  ${argumentsOf(program, ' \\\n    ', ["'(-): :->command'", "'(-)*:: :->rest'"])}
  case $state in
    command) _describe command commands ;;
    rest)
      case $words[1] in
${own.join('\n')}
      esac
      ;;
  esac
}

if [[ $funcstack[1] == _${program.name} ]]; then
  _${program.name} "$@"
else
  compdef _${program.name} ${program.name}
fi
`;
}

function argumentsOf(command: OfferedCommand, separator: string, more: readonly string[] = []): string {
  const options = command.options.flatMap(optionSpecs);
  const places = command.arguments.map(({ name, values }) =>
    quote(`:${plain(name)}:${actionOf(values, name)}`),
  );
  return ['_arguments -C', ...options, ...places, ...more].join(separator);
}

/** One for each of its names; an option is offered once. */
function optionSpecs({ names, about, valueName, values }: OfferedOption): string[] {
  const value = valueName === null ? '' : `:${plain(valueName)}:${actionOf(values, valueName)}`;
  return names.map((name) => {
    const others = names.length > 1 ? `(${names.join(' ')})` : '';
    const sign = valueName !== null && name.startsWith('--') ? '=' : '';
    return quote(`${others}${name}${sign}[${plain(about)}]${value}`);
  });
}

function actionOf(values: Values, name: string): string {
  switch (values.kind) {
    case 'word':
      return ' ';
    case 'file':
      return '_files';
    case 'folder':
      return '_files -/';
    case 'nickname':
      return '_p2pd_demo_nicknames';
    case 'choice':
      return `(${values.choices.map(({ value }) => value).join(' ')})`;
    default: {
      const words = values.choices.map(({ value, about }) => `"${value}${about && `[${about}]`}"`);
      return `_values -s "${values.kind === 'list' ? ',' : ''}" "${name}" ${words.join(' ')}`;
    }
  }
}

/** Brackets and colons end a part of a description. */
const plain = (text: string) => text.replace(/[[\]:\\]/g, '\\$&');

const quote = (text: string) => `'${text.replaceAll("'", "'\\''")}'`;
