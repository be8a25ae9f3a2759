/**
 * Tests that need more than Node: root, Linux, commands, network namespaces. Where something is
 * missing the suite is skipped and its name says why; with CI=true a skipped test fails the run
 * (`scripts/skips-reporter.js`).
 */
import { spawnSync } from 'node:child_process';
import { accessSync, constants, statSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { describe } from 'vitest';
import { postgresFolder } from './postgres.ts';

export interface Needs {
  readonly root?: boolean;
  readonly linux?: boolean;
  /** Programs that must be on the PATH (the sbin folders count too). */
  readonly commands?: readonly string[];
  /** Debian's PostgreSQL, which is not on the PATH. */
  readonly postgres?: boolean;
  /** May make network namespaces; implies Linux and root, and tries it. */
  readonly namespaces?: boolean;
}

/** Where Debian keeps `ip` and `nft`, which a plain user's PATH leaves out. */
const SYSTEM_FOLDERS = ['/usr/sbin', '/sbin'];

/** A `describe` that runs only where everything needed is there. */
export function describeNeeding(needs: Needs, name: string, body: () => void): void {
  const missing = missingNeeds(needs);
  if (missing.length === 0) describe(name, body);
  else describe.skip(`${name} [skipped: needs ${missing.join(', ')}]`, body);
}

/** What is missing here, in words; empty where everything is there. */
export function missingNeeds(needs: Needs): string[] {
  const missing = (needs.commands ?? []).filter((command) => !isOnPath(command));
  if (needs.postgres && postgresFolder() === null) missing.push('postgresql');
  if ((needs.linux || needs.namespaces) && process.platform !== 'linux') missing.push('Linux');
  if ((needs.root || needs.namespaces) && process.getuid?.() !== 0) missing.push('root');
  if (needs.namespaces && missing.length === 0 && !canUnshare()) {
    missing.push('permission to make network namespaces');
  }
  return missing;
}

function isOnPath(command: string): boolean {
  const folders = [...(process.env.PATH ?? '').split(delimiter), ...SYSTEM_FOLDERS];
  return folders.some((folder) => isProgram(join(folder, command)));
}

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}

function canUnshare(): boolean {
  return spawnSync('unshare', ['--net', 'true'], { stdio: 'ignore' }).status === 0;
}
