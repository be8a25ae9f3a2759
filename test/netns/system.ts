/** Commands of the system, run to their end. */
import { spawnSync } from 'node:child_process';

/** With the folders where Debian keeps `ip` and `nft`, which a plain user's PATH leaves out. */
export const PATH = `${process.env.PATH ?? ''}:/usr/sbin:/sbin`;

/** @returns its stdout. @throws Error with all that it said, where it ends with another code than 0 */
export function system(command: string, args: readonly string[], input = ''): string {
  const env = { ...process.env, PATH };
  const done = spawnSync(command, args, { input, encoding: 'utf8', env });
  if (done.status === 0) return done.stdout;
  const said = `${done.stdout ?? ''}${done.stderr ?? ''}${done.error?.message ?? ''}`.trim();
  throw new Error(`${command} ${args.join(' ')}: exit ${done.status}: ${said}\n${input}`);
}
