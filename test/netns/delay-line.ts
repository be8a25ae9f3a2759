/**
 * A link between two machines of a Topology that takes its time, and may lose packets: two TUN
 * devices and one process between them (delay-line.py, which says why). Needs python3.
 */
import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { join } from 'node:path';
import { system, type Topology } from './topology.ts';

const SCRIPT = join(import.meta.dirname, 'delay-line.py');
const PING = join(import.meta.dirname, 'udp-ping.py');

export interface DelayLinePlan {
  /** The two machines and the addresses that each gets on its interface `line0`, with prefix lengths. */
  readonly ends: readonly [DelayLineEnd, DelayLineEnd];
  /** ms from one end to the other; a round trip takes twice as long. */
  readonly delay: number;
  /** Fraction of packets lost, each way. */
  readonly loss?: number;
  /** What the losses are drawn from. */
  readonly seed?: number;
}

export interface DelayLineEnd {
  readonly machine: string;
  readonly addresses: readonly string[];
}

/** Lays a delay line. @returns how to take it away again; removing the topology alone leaves its process */
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
    for (const [i, { machine, addresses }] of plan.ends.entries()) {
      system('ip', ['link', 'set', names[i] ?? '', 'netns', net.namespace(machine), 'name', 'line0']);
      net.configure(
        machine,
        'link set line0 up',
        ...addresses.map((ip) => `address add ${ip} dev line0${ip.includes(':') ? ' nodad' : ''}`),
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
  /** Of `to`. */
  readonly ip: string;
  readonly count: number;
  /** ms until one counts as lost. */
  readonly wait?: number;
}

/** Round trips in ms of datagrams that came back, each sent on its own; Node has no part in them. */
export async function roundTrips(
  net: Topology,
  { from, to, ip, count, wait = 200 }: RoundTripPlan,
): Promise<number[]> {
  const answering = net.spawn(to, 'python3', [PING, 'answer', ip], { stdio: ['ignore', 'pipe', 'inherit'] });
  try {
    if (answering.stdout !== null) await once(answering.stdout, 'data');
    return net
      .run(from, 'python3', PING, 'ask', ip, String(count), String(wait))
      .split('\n')
      .filter(Boolean)
      .map(Number);
  } finally {
    answering.kill('SIGKILL');
  }
}
