/**
 * A link between two machines of a Topology that takes its time, and may lose packets: two TUN
 * devices and one process between them (delay-line.py, which says why). Needs python3.
 */
import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { join } from 'node:path';
import { system } from './system.ts';
import type { Port, Topology } from './topology.ts';

const SCRIPT = join(import.meta.dirname, 'delay-line.py');
const PING = join(import.meta.dirname, 'udp-ping.py');

export interface DelayLinePlan {
  /** The two machines with an interface and addresses of each. */
  readonly ends: readonly [Port, Port];
  /** ms from one end to the other; a round trip takes twice as long. */
  readonly delay: number;
  /** Fraction of packets lost, each way. */
  readonly loss?: number;
  /** What the losses are drawn from. */
  readonly seed?: number;
}

/**
 * Lays a delay line between machines that are there already; lines of a Plan are laid by its Topology.
 *
 * @returns how to take it away again; removing the topology alone leaves its process
 */
export async function layDelayLine(net: Topology, plan: DelayLinePlan): Promise<() => void> {
  const unique = randomBytes(4).toString('hex');
  const names = ['x', 'y'].map((end) => `p2pd${unique}${end}`);
  const { delay, loss = 0, seed = 1 } = plan;
  const args = [SCRIPT, ...names, String(delay), String(loss), String(seed)];
  const line = spawn('python3', args, { stdio: ['ignore', 'pipe', 'inherit'] });
  const remove = () => void line.kill('SIGKILL');
  process.once('exit', remove);
  try {
    await Promise.race([
      once(line.stdout, 'data'),
      once(line, 'exit').then(([code]) => Promise.reject(new Error(`delay-line.py: exit ${code}`))),
    ]);
    for (const [i, { machine, interface: name, addresses = [] }] of plan.ends.entries()) {
      system('ip', ['link', 'set', names[i] ?? '', 'netns', net.namespace(machine), 'name', name]);
      net.configure(
        machine,
        `link set ${name} up`,
        ...addresses.map((ip) => `address add ${ip} dev ${name}${ip.includes(':') ? ' nodad' : ''}`),
      );
    }
  } catch (error) {
    remove();
    throw error;
  }
  return remove;
}

export interface RoundTripPlan {
  readonly from: string;
  readonly to: string;
  /** Where `from` sends to. */
  readonly ip: string;
  /** Where `to` listens; default: there too. They differ behind a NAT. */
  readonly at?: string;
  readonly count: number;
  /** ms until one counts as lost. */
  readonly wait?: number;
}

/** Round trips in ms of datagrams that came back, each sent on its own; Node has no part in them. */
export async function roundTrips(
  net: Topology,
  { from, to, ip, at = ip, count, wait = 200 }: RoundTripPlan,
): Promise<number[]> {
  const answering = net.spawn(to, 'python3', [PING, 'answer', at], { stdio: ['ignore', 'pipe', 'inherit'] });
  try {
    if (answering.stdout === null) throw new Error('no stdout');
    await Promise.race([
      once(answering.stdout, 'data'),
      once(answering, 'exit').then(([code]) => Promise.reject(new Error(`udp-ping.py: exit ${code}`))),
    ]);
    return net
      .run(from, 'python3', PING, 'ask', ip, String(count), String(wait))
      .split('\n')
      .filter(Boolean)
      .map(Number);
  } finally {
    answering.kill('SIGKILL');
  }
}
