/**
 * Benchmarks are several processes of one file: it starts itself again with a role. A role that
 * serves says one line when it is ready; one that measures prints its result as one line.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';

/** Longer than any single measurement. */
const LIMIT = 900_000;

export interface Role {
  /** Its first line. */
  readonly line: string;
  stop(): void;
}

/** Starts this benchmark in a role. @param start how; default: as a child on this machine */
export async function startRole(
  args: readonly string[],
  start: (command: string, args: readonly string[]) => ChildProcess = (command, all) =>
    spawn(command, all, { stdio: ['pipe', 'pipe', 'inherit'] }),
): Promise<Role> {
  const nodeFlags = (process.env.BENCH_NODE_FLAGS ?? '').split(' ').filter(Boolean);
  const child = start(process.execPath, [...nodeFlags, process.argv[1] ?? '', ...args]);
  const timer = setTimeout(() => child.kill('SIGKILL'), LIMIT);
  try {
    return { line: await firstLine(child, args), stop: () => void child.kill('SIGTERM') };
  } finally {
    clearTimeout(timer);
  }
}

/** Runs a role that measures to its end. @returns the line it prints */
export async function measureIn(
  args: readonly string[],
  start?: (command: string, args: readonly string[]) => ChildProcess,
): Promise<string> {
  const role = await startRole(args, start);
  role.stop();
  return role.line;
}

function firstLine(child: ChildProcess, args: readonly string[]): Promise<string> {
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (code, signal) =>
      reject(new Error(`${args.join(' ')} ended (${code ?? signal}) without a line`)),
    );
    if (child.stdout !== null) createInterface({ input: child.stdout }).once('line', resolve);
  });
}
