/** The completion command: a script on stdout that a shell reads. */
import type { Command } from 'commander';
import { DEFAULT_SERVE } from '../../app/journeys/serve.ts';
import { write } from '../output.ts';
import { bashScript } from './bash.ts';
import { commandLineOf } from './command-line.ts';
import { fishScript } from './fish.ts';
import { zshScript } from './zsh.ts';

export type Shell = 'bash' | 'zsh' | 'fish';

const SCRIPTS = { bash: bashScript, zsh: zshScript, fish: fishScript };

/** The script that completes what `program` takes. */
export function completionScript(program: Command, shell: Shell): string {
  return SCRIPTS[shell](commandLineOf(program, DEFAULT_SERVE.only));
}

export function runCompletion(program: Command, shell: Shell): void {
  write(process.stdout, completionScript(program, shell));
}
