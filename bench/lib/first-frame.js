/** Starting a program on a terminal of its own and waiting for what it draws. Needs `script` (util-linux). */
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/**
 * ms until a program, on a terminal of 80 × 24 of its own and with an empty state directory, has
 * drawn `mark`. It is ended then, with all that it started.
 *
 * @param {string} command of sh
 * @param {string} mark
 * @param {{ limit: number, cwd?: string, env?: Readonly<Record<string, string>> }} options
 * @returns {Promise<number>}
 */
export function firstFrame(command, mark, { limit, cwd, env = {} }) {
  const home = mkdtempSync(join(tmpdir(), 'p2pd-bench-'));
  // Ink draws nothing where CI is set.
  const environment = {
    ...process.env,
    CI: 'false',
    P2PD_HOME: home,
    LANG: 'C.UTF-8',
    TERM: 'xterm-256color',
    ...env,
  };
  return new Promise((resolve, reject) => {
    const startedAt = performance.now();
    const child = spawn('script', ['-qfec', `stty rows 24 cols 80; ${command}`, '/dev/null'], {
      cwd,
      env: environment,
      detached: true,
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    let seen = '';
    const end = (/** @type {() => void} */ finish) => {
      clearTimeout(timer);
      try {
        process.kill(-(child.pid ?? 0), 'SIGKILL');
      } catch {
        // It has ended by itself.
      }
      rmSync(home, { recursive: true, force: true });
      finish();
    };
    const timer = setTimeout(
      () => end(() => reject(new Error(`no "${mark}" within ${limit} ms: ${seen.slice(-700)}`))),
      limit,
    );
    child.stdout.on('data', (chunk) => {
      seen += chunk;
      if (!seen.includes(mark)) return;
      child.stdout.removeAllListeners('data');
      const elapsed = performance.now() - startedAt;
      end(() => resolve(elapsed));
    });
  });
}

/** @param {readonly number[]} values */
export function median(values) {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
}
