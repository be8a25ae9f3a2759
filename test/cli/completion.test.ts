/** The scripts for shells, read by the real shells. */
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { completionScript, type Shell } from '../../src/cli/completion/index.ts';
import { createProgram } from '../../src/cli/main.ts';
import { describeNeeding } from '../helpers/needs.ts';

const KEY = `02${'ab'.repeat(32)}`;
const LIMIT = 15_000;

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'p2pd-completion-'));
  const program = createProgram();
  for (const shell of ['bash', 'zsh', 'fish'] as const) {
    writeFileSync(join(folder, shell), completionScript(program, shell));
  }
  writeFileSync(join(folder, 'our servers.json'), '{}');
  mkdirSync(join(folder, 'our folder'));
  writeFileSync(
    join(folder, 'known-names.json'),
    JSON.stringify([
      ['alice.peer', KEY],
      ['bob.p2p', KEY],
    ]),
  );
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function run(
  command: string,
  args: readonly string[],
  environment: Readonly<Record<string, string>> = {},
): string {
  const done = spawnSync(command, args, {
    cwd: folder,
    encoding: 'utf8',
    timeout: LIMIT,
    env: {
      PATH: process.env.PATH,
      HOME: folder,
      TERM: 'dumb',
      LANG: 'C.UTF-8',
      P2PD_HOME: folder,
      ...environment,
    },
  });
  if (done.status !== 0) throw new Error(`${command}: exit ${done.status}\n${done.stdout}${done.stderr}`);
  return done.stdout;
}

const linesOf = (text: string) => text.split('\n').filter((line) => line !== '');

/** What bash offers: its words are split as readline splits them, at spaces and =. */
function inBash(line: string): string[] {
  const words = line.split(/ +|(=)/).filter((word) => word !== undefined);
  if (words.at(-2) === '=' && words.at(-1) === '') words.pop();
  const array = words.map((word) => `'${word}'`).join(' ');
  const script = `source ./bash; COMP_WORDS=(${array}); COMP_CWORD=${words.length - 1}; _p2pd_demo; printf '%s\\n' "\${COMPREPLY[@]}"`;
  return linesOf(run('bash', ['--noprofile', '--norc', '-c', script]));
}

/** What fish offers, without the descriptions. */
function inFish(line: string): string[] {
  const out = run('fish', ['--no-config', '-c', `source ./fish; complete -C '${line}'`]);
  return linesOf(out).map((text) => text.split('\t')[0]?.replace(/^--[a-z-]+=/, '') ?? '');
}

/** What zsh offers: typed into one that sits on a terminal, its every candidate written down. */
function inZsh(line: string): string[] {
  writeFileSync(
    join(folder, 'inner.zsh'),
    `unsetopt beep list_beep; PS1=; autoload -Uz compinit; compinit -u -D; source ./zsh
compadd() {
  local -a hits
  if [[ \${@[1,(i)(-|--)]} == *-(O|A|D)\\ * ]]; then builtin compadd "$@"; return; fi
  builtin compadd -A hits "$@"
  print -rl -- $hits >>./hits
  builtin compadd "$@"
}
offer() { : >./hits; zle complete-word; print -r -- DONE >>./hits; zle kill-buffer; }
zle -N offer; bindkey '^X' offer
print READY
`,
  );
  const script = `zmodload zsh/zpty; zpty inner zsh -f -i; zpty -w inner 'source ./inner.zsh'
zpty -r inner seen $'*READY\\r*'
zpty -w -n inner ${`'${line}'`}$'\\x18'
until grep -qs DONE ./hits; do zpty -r -t inner seen; sleep 0.02; done
zpty -d inner`;
  rmSync(join(folder, 'hits'), { force: true });
  return linesOf(run('zsh', ['-f', '-c', `${script}; cat ./hits`])).filter((hit) => hit !== 'DONE');
}

const SHELLS: Readonly<Record<Shell, (line: string) => string[]>> = {
  bash: inBash,
  zsh: inZsh,
  fish: inFish,
};

describe.each(['bash', 'zsh', 'fish'] as const)('completion', (shell) => {
  describeNeeding({ commands: [shell, 'grep', 'tr'] }, `in ${shell}`, () => {
    const offered = (line: string) => [...new Set(SHELLS[shell](line))].sort();

    test('offers every command', () => {
      const names = createProgram().commands.map((command) => command.name());
      expect(offered('p2pd-demo ')).toEqual(expect.arrayContaining([...names].sort()));
    });

    test('offers the commands that begin as typed', () => {
      expect(offered('p2pd-demo co')).toEqual(['completion', 'connect']);
    });

    test('offers the options of a command, and none of others', () => {
      const options = offered('p2pd-demo connect --');
      expect(options).toEqual(expect.arrayContaining(['--send-file', '--log', '--no-upnp', '--help']));
      expect(options).not.toContain('--pnp-store');
      expect(options).not.toContain('--version');
    });

    test.each([
      ['p2pd-demo nat --format ', ['markdown', 'text']],
      ['p2pd-demo accept --log ', ['debug', 'error', 'info', 'warn']],
      ['p2pd-demo accept --log=d', ['debug']],
      ['p2pd-demo --log w', ['warn']],
      ['p2pd-demo completion ', ['bash', 'fish', 'zsh']],
      ['p2pd-demo --state connect serve --only s', ['stun']],
    ])('%s offers %j', (line, values) => {
      expect(offered(line)).toEqual(values);
    });

    test('goes on with a row of letters and a list with commas', () => {
      const last = (text: string) => text.replace(/^.*,/, '').slice(-4);
      expect(offered('p2pd-demo connect --methods dr').map((text) => text.slice(-1))).toEqual([
        'p',
        't',
        'u',
      ]);
      expect(offered('p2pd-demo serve --only mqtt,t').map(last)).toEqual(['turn']);
    });

    test('offers files where a file is wanted, and folders where a folder is', () => {
      const plain = (text: string) => text.replaceAll('\\', '').replace(/\/$/, '');
      expect(offered('p2pd-demo nat --servers our').map(plain)).toContain('our servers.json');
      expect(offered('p2pd-demo accept --save-to our').map(plain)).toEqual(['our folder']);
    });

    test('offers the nicknames met before', () => {
      expect(offered('p2pd-demo connect ')).toEqual(['alice.peer', 'bob.p2p']);
      expect(offered('p2pd-demo resolve b')).toEqual(['bob.p2p']);
    });
  });
});
