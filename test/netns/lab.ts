/**
 * The built program on machines of a Topology: started, waited for, asked what it said, and always
 * ended. One Lab a test, so that tests may run at the same time.
 */
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Plan, Topology } from './topology.ts';

const PROGRAM = join(import.meta.dirname, '../../bin/p2pd-demo.js');
/** Longer than anything the program is allowed to take, so that a hang is a failure with all that was said. */
const LIMIT = 15_000;

/** One line of --json. */
export type Line = Readonly<Record<string, unknown>>;

export interface StartOptions {
  /** State directory; default: one of its own. */
  readonly home?: string;
  /** Written to stdin, which is closed then; null leaves it open. Default: nothing. */
  readonly input?: string | Uint8Array | null;
  /** A directory that the program sees read-only: root ignores permissions, a bind mount it does not. */
  readonly readOnly?: string;
  readonly env?: Readonly<Record<string, string>>;
}

/** `test('…', inLab(plan, async (lab) => …))`: the machines live as long as the test. */
export function inLab(plan: Plan, body: (lab: Lab) => Promise<void>): () => Promise<void> {
  return async () => {
    const lab = new Lab(await Topology.create(plan));
    try {
      await body(lab);
    } finally {
      lab.remove();
    }
  };
}

export class Lab {
  readonly net: Topology;
  readonly #folder = mkdtempSync(join(tmpdir(), 'p2pd-netns-'));
  #homes = 0;

  constructor(net: Topology) {
    this.net = net;
  }

  /** A fresh state directory, not made yet. */
  home(): string {
    return join(this.#folder, `home${this.#homes++}`);
  }

  /** Writes a file that goes with the lab. @returns its path */
  file(name: string, text = ''): string {
    const path = join(this.#folder, name);
    writeFileSync(path, text);
    return path;
  }

  /** Starts the program on a machine. */
  start(machine: string, args: readonly string[], options: StartOptions = {}): Program {
    return this.run(machine, [process.execPath, PROGRAM, ...args], options);
  }

  /** Starts any command on a machine as `start` does. */
  run(machine: string, command: readonly string[], options: StartOptions = {}): Program {
    const { home = this.home(), input = '', readOnly } = options;
    const script = 'mount --bind "$0" "$0" && mount -o remount,ro,bind "$0" && exec "$@"';
    const [first = '', ...rest] =
      readOnly === undefined ? command : ['sh', '-c', script, readOnly, ...command];
    const { NODE_OPTIONS: _, ...env } = process.env;
    const child = this.net.spawn(machine, first, rest, {
      stdio: ['pipe', 'pipe', 'pipe'],
      env: { ...env, P2PD_HOME: home, NO_COLOR: '1', ...options.env },
    });
    const program = new Program(child, `${machine}: ${command.slice(1).join(' ')}`);
    if (input !== null) program.type(input, true);
    return program;
  }

  /** `accept --json`, once it is ready. */
  async accept(
    machine: string,
    args: readonly string[] = ['--echo'],
    options: StartOptions = {},
  ): Promise<{ program: Program; address: string; ready: Line }> {
    const program = this.start(machine, ['accept', '--json', ...args], options);
    const ready = await program.event('ready');
    return { program, address: String(ready.address), ready };
  }

  remove(): void {
    this.net.remove();
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

export class Program {
  readonly #child: ChildProcess;
  readonly #title: string;
  readonly #output: Buffer[] = [];
  readonly #watchers = new Set<() => void>();
  readonly #closed: Promise<unknown>;
  #outputText = '';
  #errors = '';
  #code: number | NodeJS.Signals | null = null;

  constructor(child: ChildProcess, title: string) {
    this.#child = child;
    this.#title = title;
    // The reader may leave first: that is no fault of the one who writes.
    child.stdin?.on('error', () => undefined);
    child.stdout?.on('data', (chunk: Buffer) => {
      this.#output.push(chunk);
      this.#outputText += chunk.toString('latin1');
      this.#tell();
    });
    child.stderr?.on('data', (chunk: Buffer) => {
      this.#errors += chunk.toString('utf8');
      this.#tell();
    });
    this.#closed = once(child, 'close').then(([code, signal]) => {
      this.#code = (code as number | null) ?? (signal as NodeJS.Signals);
      this.#tell();
    });
  }

  get bytes(): Buffer {
    return Buffer.concat(this.#output);
  }

  get stdout(): string {
    return this.bytes.toString('utf8');
  }

  get stderr(): string {
    return this.#errors;
  }

  /** The whole lines of --json so far. */
  get events(): Line[] {
    const whole = this.stdout.split('\n').slice(0, -1);
    return whole.map((line) => JSON.parse(line) as Line);
  }

  /** The events of one name so far. */
  all(name: string): Line[] {
    return this.events.filter((line) => line.event === name);
  }

  /** Waits for the n-th event of a name, from 0. */
  event(name: string, n = 0): Promise<Line> {
    return this.until(`event ${name} ${n}`, () =>
      // Parsing a megabyte at each chunk would take longer than the program.
      this.#outputText.includes(`"event":"${name}"`) ? this.all(name)[n] : undefined,
    );
  }

  /** Waits until something can be found in what the program says; its end or the limit fails. */
  until<T>(what: string, find: () => T | undefined, limit = LIMIT): Promise<T> {
    return new Promise((resolve, reject) => {
      const look = () => {
        const found = find();
        if (found !== undefined) done(() => resolve(found));
        else if (this.#code !== null) done(() => reject(new Error(`ended without ${what}\n${this.said()}`)));
      };
      const timer = setTimeout(
        () => done(() => reject(new Error(`no ${what} within ${limit} ms\n${this.said()}`))),
        limit,
      );
      const done = (finish: () => void) => {
        clearTimeout(timer);
        this.#watchers.delete(look);
        finish();
      };
      this.#watchers.add(look);
      look();
    });
  }

  /** Waits for its end and checks how it ended. */
  /** Whatever it ends with. */
  async ended(limit = LIMIT): Promise<this> {
    await this.until('end', () => this.#code ?? undefined, limit);
    await this.#closed;
    return this;
  }

  async exits(code: number | NodeJS.Signals, limit = LIMIT): Promise<this> {
    await this.ended(limit);
    if (this.#code !== code) throw new Error(`exit ${this.#code} instead of ${code}\n${this.said()}`);
    return this;
  }

  type(input: string | Uint8Array, end = false): void {
    if (end) this.#child.stdin?.end(input);
    else this.#child.stdin?.write(input);
  }

  signal(name: NodeJS.Signals): void {
    this.#child.kill(name);
  }

  /** Everything, for whoever must find out why. */
  said(): string {
    const short = (text: string) => (text.length > 4000 ? `${text.slice(0, 4000)}…` : text);
    return `${this.#title}\nexit ${this.#code}\nstdout: ${short(this.stdout)}\nstderr: ${short(this.#errors)}`;
  }

  #tell(): void {
    for (const watcher of [...this.#watchers]) watcher();
  }
}
