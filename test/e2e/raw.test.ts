/** Bytes from the input of one program to the output of another, both ways: all of them, and how it ends. */
import { type ChildProcess, spawn } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';

const PROGRAM = join(import.meta.dirname, '../../bin/p2pd-demo.js');
/** Has the program say its highest memory, in KiB, when it ends. */
const TELL_PEAK = "process.on('exit', () => console.error('peak', process.resourceUsage().maxRSS));";
let folder = '';
let children: ChildProcess[] = [];
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'p2pd-raw-'));
  writeFileSync(join(folder, 'none.json'), '{}');
  writeFileSync(join(folder, 'peak.mjs'), TELL_PEAK);
});
afterEach(() => {
  for (const child of children) child.kill('SIGKILL');
  children = [];
  rmSync(folder, { recursive: true, force: true });
});

/** A side whose input and output are joined to the pipe; `shell` says to what. */
class Side {
  readonly child: ChildProcess;
  readonly over: Promise<number | null>;
  #errors = '';
  #watch = (): void => undefined;

  constructor(home: string, args: readonly string[], shell: string) {
    const command = [process.execPath, PROGRAM, ...args, '--servers', join(folder, 'none.json')];
    const quoted = command.map((word) => `'${word}'`).join(' ');
    const script = shell.replace('PROGRAM', `(${quoted}; echo $? >'${join(folder, home)}.code')`);
    this.child = spawn('sh', ['-c', script], {
      cwd: folder,
      env: {
        ...process.env,
        P2PD_HOME: join(folder, home),
        NO_COLOR: '1',
        NODE_OPTIONS: `--import=${join(folder, 'peak.mjs')}`,
      },
      stdio: ['pipe', 'ignore', 'pipe'],
    });
    children.push(this.child);
    this.child.stderr?.on('data', (chunk) => {
      this.#errors += String(chunk);
      this.#watch();
    });
    this.over = new Promise((resolve) => {
      this.child.once('close', () => resolve(Number(readFileSync(`${join(folder, home)}.code`, 'utf8'))));
    });
  }

  get errors(): string {
    return this.#errors;
  }

  /** The address, which stands on stderr: stdout is the pipe's. */
  address(): Promise<string> {
    return new Promise((resolve, reject) => {
      this.#watch = () => {
        const [found] = /^p2pd1\S+$/m.exec(this.#errors) ?? [];
        if (found !== undefined) resolve(found);
      };
      this.child.once('close', () => reject(new Error(this.#errors)));
    });
  }
}

const accepting = (shell: string) => new Side('taker', ['accept', '--raw'], shell);
const connecting = (address: string, shell: string) =>
  new Side('giver', ['connect', address, '--raw'], shell);
const hashOf = (name: string) =>
  createHash('sha256')
    .update(readFileSync(join(folder, name)))
    .digest('hex');
const SHORT = { timeout: 60_000 };

test('raw: every byte, from a pipe into a pipe and into a file, both ways at once', SHORT, async () => {
  writeFileSync(join(folder, 'a'), randomBytes(20_000_001));
  writeFileSync(join(folder, 'b'), randomBytes(9_999_999));
  for (const [taker, giver] of [
    ['cat b | PROGRAM | cat >from-a', 'cat a | PROGRAM | cat >from-b'],
    ['PROGRAM <b >from-a', 'PROGRAM <a >from-b'],
  ] as const) {
    const accept = accepting(taker);
    const connect = connecting(await accept.address(), giver);
    expect([await connect.over, await accept.over]).toEqual([0, 0]);
    expect([hashOf('from-a'), hashOf('from-b')]).toEqual([hashOf('a'), hashOf('b')]);
  }
});

test('raw: one side has nothing to say, or has said it all: the other goes on', SHORT, async () => {
  writeFileSync(join(folder, 'a'), randomBytes(5_000_000));
  const slowly = '(head -c 1000000 a; sleep 3; tail -c +1000001 a)';
  // The one that connects is silent for longer than it waits after its last word.
  const serving = accepting('PROGRAM <a >/dev/null');
  const silent = connecting(await serving.address(), 'PROGRAM </dev/null | (sleep 3; cat >from-b)');
  expect([await silent.over, await serving.over]).toEqual([0, 0]);
  expect(hashOf('from-b')).toBe(hashOf('a'));
  const taking = accepting('PROGRAM </dev/null >from-a');
  const pausing = connecting(await taking.address(), `${slowly} | PROGRAM`);
  expect([await pausing.over, await taking.over]).toEqual([0, 0]);
  expect(hashOf('from-a')).toBe(hashOf('a'));
});

test('raw: whose output nobody reads any longer ends well; the other side is told', SHORT, async () => {
  const accept = accepting('PROGRAM </dev/null | head -c 10 >ten');
  const connect = connecting(await accept.address(), 'PROGRAM </dev/zero');
  expect(await accept.over).toBe(0);
  expect(await connect.over).toBe(11);
  expect(readFileSync(join(folder, 'ten'))).toEqual(Buffer.alloc(10));
  const endless = accepting('PROGRAM </dev/zero');
  const short = connecting(await endless.address(), 'PROGRAM </dev/null | head -c 10 >ten');
  expect([await short.over, await endless.over]).toEqual([0, 11]);
  expect(endless.errors).toContain('nobody reads there any longer');
});

test('raw: a disk that is full is told, and the peer that one will not have it all', SHORT, async () => {
  const accept = accepting('PROGRAM </dev/null >/dev/full');
  const connect = connecting(await accept.address(), 'PROGRAM </dev/zero');
  expect([await accept.over, await connect.over]).toEqual([15, 11]);
  expect(accept.errors).toContain('standard output cannot be written to: ENOSPC');
});

test('raw: a slow reader slows the writer down, and no memory is filled', { timeout: 120_000 }, async () => {
  const accept = accepting('PROGRAM </dev/null | (sleep 4; cat | wc -c >count)');
  const connect = connecting(await accept.address(), 'head -c 400000000 /dev/zero | PROGRAM');
  expect([await connect.over, await accept.over]).toEqual([0, 0]);
  expect(readFileSync(join(folder, 'count'), 'utf8').trim()).toBe('400000000');
  for (const { errors } of [accept, connect]) {
    const [, peak = ''] = /^peak (\d+)$/m.exec(errors) ?? [];
    expect(Number(peak)).toBeGreaterThan(0);
    expect(Number(peak)).toBeLessThan(200_000);
  }
});
