/**
 * Machines with real packets: network namespaces joined by virtual Ethernet, described as plain
 * data. Linux and root only. Whoever makes a Topology removes it; whatever a killed run left
 * behind is removed by the next one.
 */
import { type ChildProcess, type SpawnOptions, spawn, spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { layDelayLine } from './delay-line.ts';
import { PATH, system } from './system.ts';

/** One end of a link: an interface of a machine. Addresses with prefix lengths. */
export interface Port {
  readonly machine: string;
  readonly interface: string;
  readonly addresses?: readonly string[];
}

export interface Plan {
  /** Machines that no link names. */
  readonly machines?: readonly string[];
  /** Two ports are joined by one cable, more by a switch (a bridge in a namespace of its own). */
  readonly links: readonly (readonly Port[])[];
  /** Cables that hold every packet for `delay` ms, one way. Need python3. */
  readonly lines?: readonly { readonly ends: readonly [Port, Port]; readonly delay: number }[];
  /** `ip route` arguments per machine: `default via 10.1.0.1`; the family follows from the address. */
  readonly routes?: Readonly<Record<string, readonly string[]>>;
  /** Machines that forward packets. */
  readonly routers?: readonly string[];
  /** nftables rules per machine, in nft's own language. */
  readonly rules?: Readonly<Record<string, string>>;
  /** Families that exist; IPv6 brings a link-local address to every interface. Default both. */
  readonly families?: readonly (4 | 6)[];
}

/** Namespaces are called PREFIX-pid-random-machine, so that stale ones can be told. */
const PREFIX = 'p2pdtest';
const SETTLE_LIMIT = 5_000;
const live = new Set<Topology>();

export class Topology {
  readonly #name = `${PREFIX}-${process.pid}-${randomBytes(3).toString('hex')}`;
  readonly #machines = new Set<string>();
  readonly #children = new Set<ChildProcess>();
  readonly #lines: (() => void)[] = [];

  /** @returns when every address may be used */
  static async create(plan: Plan): Promise<Topology> {
    removeStale();
    const topology = new Topology();
    live.add(topology);
    try {
      topology.#build(plan);
      for (const line of plan.lines ?? []) topology.#lines.push(await layDelayLine(topology, line));
      topology.#route(plan);
      await topology.#settled(plan);
    } catch (error) {
      topology.remove();
      throw error;
    }
    return topology;
  }

  /** The name that `ip` knows a machine by. */
  namespace(machine: string): string {
    if (!this.#machines.has(machine)) throw new Error(`there is no machine ${machine}`);
    return `${this.#name}-${machine}`;
  }

  /** Runs a command on a machine to its end; any other exit code than 0 throws. @returns its stdout */
  run(machine: string, command: string, ...args: readonly string[]): string {
    return system('ip', ['netns', 'exec', this.namespace(machine), command, ...args]);
  }

  /** Starts a command on a machine; the child's pid is the command's own. */
  spawn(machine: string, command: string, args: readonly string[], options: SpawnOptions = {}): ChildProcess {
    const env = { ...(options.env ?? process.env), PATH };
    const child = spawn('ip', ['netns', 'exec', this.namespace(machine), command, ...args], {
      ...options,
      env,
    });
    this.#children.add(child);
    child.once('exit', () => this.#children.delete(child));
    return child;
  }

  /** `ip` on a machine, one command a line: `link set eth0 down`. */
  configure(machine: string, ...lines: readonly string[]): void {
    system('ip', ['-n', this.namespace(machine), '-batch', '-'], lines.join('\n'));
  }

  /** nftables rules on a machine, in nft's own language. */
  filter(machine: string, rules: string): void {
    system('ip', ['netns', 'exec', this.namespace(machine), 'nft', '-f', '-'], rules);
  }

  /** Ends every process that was started here and removes the machines with their links. */
  remove(): void {
    if (!live.delete(this)) return;
    for (const child of this.#children) child.kill('SIGKILL');
    for (const removeLine of this.#lines) removeLine();
    const lines = [...this.#machines].map((machine) => `netns del ${this.#name}-${machine}`);
    system('ip', ['-force', '-batch', '-'], lines.join('\n'));
  }

  #build(plan: Plan): void {
    const ports = plan.links.flat();
    const ends = (plan.lines ?? []).flatMap((line) => line.ends);
    for (const name of plan.machines ?? []) this.#machines.add(name);
    for (const { machine } of [...ports, ...ends]) this.#machines.add(machine);
    const switches = plan.links.map((link, i) => (link.length > 2 ? `switch${i}` : null));
    for (const name of switches) if (name !== null) this.#machines.add(name);
    const lines = [...this.#machines].map((machine) => `netns add ${this.#name}-${machine}`);
    system('ip', ['-batch', '-'], lines.join('\n'));
    for (const machine of this.#machines) this.#prepare(machine, plan);
    for (const [i, link] of plan.links.entries()) this.#join(link, switches[i] ?? null);
    for (const port of ports) {
      this.configure(port.machine, ...(port.addresses ?? []).map((ip) => addressLine(ip, port.interface)));
    }
  }

  /** Routes and rules, once every interface is there. */
  #route(plan: Plan): void {
    for (const [machine, routes] of Object.entries(plan.routes ?? {})) {
      this.configure(machine, ...routes.map((route) => `route add ${route}`));
    }
    for (const [machine, rules] of Object.entries(plan.rules ?? {})) this.filter(machine, rules);
  }

  /** Loopback up; duplicate address detection, which costs a second or two, off. */
  #prepare(machine: string, plan: Plan): void {
    const ipv6 = (plan.families ?? [4, 6]).includes(6);
    const router = plan.routers?.includes(machine) ?? false;
    const settings = [
      ...['default', 'all'].flatMap((scope) => [
        [`ipv6/conf/${scope}/disable_ipv6`, ipv6 && !machine.startsWith('switch') ? '0' : '1'],
        [`ipv6/conf/${scope}/dad_transmits`, '0'],
        [`ipv6/conf/${scope}/accept_dad`, '0'],
      ]),
      ...(router
        ? [
            ['ipv4/ip_forward', '1'],
            ['ipv6/conf/all/forwarding', '1'],
          ]
        : []),
    ];
    const script = settings.map(([path, value]) => `echo ${value} > /proc/sys/net/${path}`).join('\n');
    this.run(machine, 'sh', '-ec', script);
    this.configure(machine, 'link set lo up');
  }

  #join(link: readonly Port[], hub: string | null): void {
    const [a, b] = link;
    if (hub === null) {
      if (a === undefined || b === undefined) throw new Error('a link has two ends');
      this.#cable(a.machine, a.interface, b.machine, b.interface);
      return;
    }
    this.configure(hub, 'link add hub type bridge', 'link set hub up');
    for (const [i, port] of link.entries()) {
      this.#cable(port.machine, port.interface, hub, `port${i}`);
      this.configure(hub, `link set port${i} master hub`);
    }
  }

  #cable(a: string, aInterface: string, b: string, bInterface: string): void {
    const [left, right] = [this.namespace(a), this.namespace(b)];
    system('ip', [
      ...['link', 'add', aInterface, 'netns', left, 'type', 'veth'],
      ...['peer', 'name', bInterface, 'netns', right],
    ]);
    this.configure(a, `link set ${aInterface} up`);
    this.configure(b, `link set ${bInterface} up`);
  }

  /** A link-local address comes by itself, a moment after its link. */
  async #settled(plan: Plan): Promise<void> {
    if (!(plan.families ?? [4, 6]).includes(6)) return;
    const limit = Date.now() + SETTLE_LIMIT;
    for (const { machine, interface: name } of plan.links.flat()) {
      const show = ['-6', '-oneline', 'address', 'show', 'dev', name, 'scope', 'link', '-tentative'];
      while (system('ip', ['-n', this.namespace(machine), ...show]).trim() === '') {
        if (Date.now() > limit) throw new Error(`${name} of ${machine} gets no link-local address`);
        await new Promise((resolve) => setTimeout(resolve, 5));
      }
    }
  }
}

function addressLine(ip: string, name: string): string {
  return `address add ${ip} dev ${name}${ip.includes(':') ? ' nodad' : ''}`;
}

/** Namespaces of runs that are over, and so cannot be in use by another test file. */
function removeStale(): void {
  const names = system('ip', ['netns', 'list'])
    .split('\n')
    .map((line) => line.split(' ')[0] ?? '');
  for (const name of names) {
    const [prefix, pid] = name.split('-');
    if (prefix !== PREFIX || isAlive(Number(pid))) continue;
    // Another file of this run may be removing it too, so neither has to succeed.
    const left = spawnSync('ip', ['netns', 'pids', name], {
      encoding: 'utf8',
      env: { ...process.env, PATH },
    });
    for (const child of left.stdout.split('\n').map(Number)) if (child > 1) end(child);
    spawnSync('ip', ['netns', 'del', name], { env: { ...process.env, PATH } });
  }
}

/** Ends a process that a killed run left in its namespace. */
function end(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It was gone already.
  }
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

process.once('exit', () => {
  for (const topology of live) topology.remove();
});
