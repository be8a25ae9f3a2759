/** The completion script for bash, 3.2 (macOS) and later. Pure. */
import { type CommandLine, NICKNAMES_COMMAND, type OfferedCommand, type Values } from './command-line.ts';

/** What does not depend on the commands: offers words for `$cur` by filling COMPREPLY. */
const HELPERS = `_p2pd_demo_lines() {
  local line
  while IFS= read -r line; do COMPREPLY+=("$line"); done
}

_p2pd_demo_offer() {
  local kept letter
  case $1 in
    file | folder)
      compopt -o filenames 2>/dev/null
      if [[ $1 == file ]]; then _p2pd_demo_lines < <(compgen -f -- "$cur"); else _p2pd_demo_lines < <(compgen -d -- "$cur"); fi
      ;;
    nickname) _p2pd_demo_lines < <(compgen -W "$(sh -c '${NICKNAMES_COMMAND}')" -- "$cur") ;;
    choice) _p2pd_demo_lines < <(compgen -W "$2" -- "$cur") ;;
    list)
      compopt -o nospace 2>/dev/null
      kept=\${cur%"\${cur##*,}"}
      _p2pd_demo_lines < <(compgen -P "$kept" -W "$2" -- "\${cur##*,}")
      ;;
    letters)
      compopt -o nospace 2>/dev/null
      for letter in $2; do
        [[ $cur == *"$letter"* ]] || COMPREPLY+=("$cur$letter")
      done
      ;;
  esac
}`;

export function bashScript(line: CommandLine): string {
  const { program, commands } = line;
  const all = [program, ...commands];
  const taking = new Set(all.flatMap(({ options }) => options).flatMap(valueNames));
  return `# Completion of ${program.name} for bash. Made by: ${program.name} completion bash

${HELPERS}

_p2pd_demo() {
  local cur=\${COMP_WORDS[COMP_CWORD]} prev=\${COMP_WORDS[COMP_CWORD - 1]} command='' place=0 i
  COMPREPLY=()
  # bash makes three words of "--log=debug".
  if [[ $cur == '=' ]]; then cur=''; elif [[ $prev == '=' ]]; then prev=\${COMP_WORDS[COMP_CWORD - 2]}; fi
  for ((i = 1; i < COMP_CWORD; i++)); do
    case \${COMP_WORDS[i]} in
      ${[...taking].join(' | ')})
        ((i++))
        if [[ \${COMP_WORDS[i]} == '=' ]]; then ((i++)); fi
        ;;
      -*) ;;
      *) if [[ -z $command ]]; then command=\${COMP_WORDS[i]}; else ((place++)); fi ;;
    esac
  done
  case "$command $prev" in
${valueCases(all, program)}
  esac
  if [[ $cur == -* ]]; then
    case $command in
${all.map((command) => `      ${keyOf(command, program)}) _p2pd_demo_offer choice '${optionNames(command)}' ;;`).join('\n')}
    esac
    return
  fi
  case "$command $place" in
    ' 0') _p2pd_demo_offer choice '${commands.map(({ name }) => name).join(' ')}' ;;
${argumentCases(commands)}
  esac
}

complete -F _p2pd_demo ${program.name}
`;
}

const valueNames = ({ names, valueName }: OfferedCommand['options'][number]) =>
  valueName === null ? [] : names;

const optionNames = ({ options }: OfferedCommand) => options.flatMap(({ names }) => names).join(' ');

/** The program itself goes by no name. */
const keyOf = (command: OfferedCommand, program: OfferedCommand) =>
  command === program ? "''" : command.name;

/** One case for each thing to offer, with the places where it is; most options mean the same in every command. */
function valueCases(all: readonly OfferedCommand[], program: OfferedCommand): string {
  const places = new Map<string, Set<string>>();
  const offers = all.flatMap((command) =>
    command.options.flatMap((option) =>
      valueNames(option).map((name) => ({ command, name, offer: offerOf(option.values) })),
    ),
  );
  for (const { command, name, offer } of offers) {
    const isSame = offers.every((other) => other.name !== name || other.offer === offer);
    const place = isSame ? `*' ${name}'` : `'${command === program ? '' : command.name} ${name}'`;
    places.set(offer, (places.get(offer) ?? new Set()).add(place));
  }
  return [...places]
    .map(([offer, names]) => `    ${[...names].join(' | ')})\n      ${offer}\n      return\n      ;;`)
    .join('\n');
}

function argumentCases(commands: readonly OfferedCommand[]): string {
  return commands
    .flatMap(({ name, arguments: places }) =>
      places.map(({ values }, index) => `    '${name} ${index}') ${offerOf(values)} ;;`),
    )
    .join('\n');
}

function offerOf(values: Values): string {
  if (!('choices' in values)) return values.kind === 'word' ? ':' : `_p2pd_demo_offer ${values.kind}`;
  return `_p2pd_demo_offer ${values.kind} '${values.choices.map(({ value }) => value).join(' ')}'`;
}
