/**
 * Time to a direct pipe at 40 ms round trip, over a delay line between two network namespaces:
 * the built program, beside a bare TCP connect and Node's TLS 1.3 with a pre-shared key, each with
 * one echo, in turn and in fresh processes. Linux, root, python3.
 *
 *   node bench/run.js connect [RUNS] [RTT_MS]
 */
import type { ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { layDelayLine, roundTrips } from '../test/netns/delay-line.ts';
import { Topology } from '../test/netns/topology.ts';
import { median, round, summary, table } from './lib/figures.ts';
import { connectPsk, createPskServer } from './lib/psk-tls.ts';
import { measureIn, startRole } from './lib/roles.ts';

const PROGRAM = join(import.meta.dirname, '../bin/p2pd-demo.js');
const HERE = '10.9.0.1';
const THERE = '10.9.0.2';
const PORTS = { tcp: 30001, tls: 30002 };
/** What is aimed at: 3.2 RTT + 30 ms. */
const TARGET = (rtt: number) => 3.2 * rtt + 30;

type Start = (command: string, args: readonly string[]) => ChildProcess;

/** Where one run of `connect --send` spent its time, ms. */
interface Run {
  /** The contract's figure: until an authenticated message answered one of its own. */
  readonly open: number;
  /** From outside, by when lines of --json came out: ready to open, ready to the echoed message. */
  readonly readyToOpen: number;
  readonly readyToEcho: number;
}

function echo(socket: Socket): void {
  socket.on('error', () => undefined);
  socket.pipe(socket);
}

/** Serves until it is stopped. */
function serve(server: Server, port: number): void {
  server.listen(port, THERE, () => console.log('ready'));
}

/** ms from the request until one byte has come back. */
function firstEcho(open: () => Socket, ready: string): Promise<number> {
  return new Promise((resolve, reject) => {
    const began = performance.now();
    const socket = open();
    socket.once('error', reject);
    socket.once(ready, () => socket.write('.'));
    socket.once('data', () => {
      resolve(performance.now() - began);
      socket.destroy();
    });
  });
}

/** One `connect --send` of the built program, watched from outside. */
function connectOnce(start: Start, address: string): Promise<Run> {
  return new Promise((resolve, reject) => {
    const child = start(process.execPath, [PROGRAM, 'connect', address, '--send', '.', '--json']);
    const seen = new Map<string, number>();
    let open = Number.NaN;
    child.once('error', reject);
    if (child.stdout === null) throw new Error('no stdout');
    createInterface({ input: child.stdout }).on('line', (line) => {
      const event = JSON.parse(line);
      seen.set(event.event === 'message' ? event.direction : event.event, performance.now());
      if (event.event === 'open') open = event.elapsed;
    });
    child.once('close', () => {
      const [ready = Number.NaN, opened = Number.NaN, echoed] = ['ready', 'open', 'in'].map((key) =>
        seen.get(key),
      );
      if (echoed === undefined) reject(new Error('connect ended without an echo'));
      else resolve({ open, readyToOpen: opened - ready, readyToEcho: echoed - ready });
    });
  });
}

async function compare(runs: number, rtt: number): Promise<void> {
  const net = await Topology.create({ links: [], machines: ['a', 'b'] });
  const folder = mkdtempSync(join(tmpdir(), 'p2pd-bench-'));
  const stops = [() => net.remove(), () => rmSync(folder, { recursive: true, force: true })];
  const on =
    (machine: string): Start =>
    (command, args) =>
      net.spawn(machine, command, args, {
        // The program narrates there; a fault shows as a run without an echo.
        stdio: ['ignore', 'pipe', 'ignore'],
        env: { ...process.env, P2PD_HOME: join(folder, machine) },
      });
  try {
    const ends = [
      { machine: 'a', interface: 'line0', addresses: [`${HERE}/24`] },
      { machine: 'b', interface: 'line0', addresses: [`${THERE}/24`] },
    ] as const;
    stops.unshift(await layDelayLine(net, { ends, delay: rtt / 2 }));
    const trips = await roundTrips(net, { from: 'a', to: 'b', ip: THERE, count: 11 });
    for (const kind of Object.keys(PORTS)) await startRole(['serve', kind], on('b'));
    const program = await startRole([], (command) => on('b')(command, [PROGRAM, 'accept', '--echo']));
    const times = { tcp: [] as number[], tls: [] as number[], pipe: [] as Run[] };
    for (let i = 0; i < runs; i++) {
      times.tcp.push(Number(await measureIn(['echo', 'tcp'], on('a'))));
      times.tls.push(Number(await measureIn(['echo', 'tls'], on('a'))));
      times.pipe.push(await connectOnce(on('a'), program.line));
    }
    report(median(trips), runs, rtt, times);
  } finally {
    for (const stop of stops) stop();
  }
}

function report(
  measured: number,
  runs: number,
  rtt: number,
  times: { tcp: readonly number[]; tls: readonly number[]; pipe: readonly Run[] },
): void {
  const target = TARGET(rtt);
  const row = (name: string, values: readonly number[]) => [
    name,
    ...summary(values),
    round(median(values) / rtt),
    `${round((100 * median(values)) / target)} %`,
  ];
  console.log(
    `round trip ${rtt} ms (measured ${measured.toFixed(2)}), ${runs} runs, ms; target ${round(target)} ms`,
  );
  console.log(
    table([
      ['', 'median', 'min', 'max', 'RTT', 'of the target'],
      row(
        'pipe: open.elapsed',
        times.pipe.map((run) => run.open),
      ),
      row(
        'pipe: ready to open, from outside',
        times.pipe.map((run) => run.readyToOpen),
      ),
      row(
        'pipe: ready to first echo, from outside',
        times.pipe.map((run) => run.readyToEcho),
      ),
      row('TCP connect and one echo', times.tcp),
      row('TLS 1.3 PSK connect and one echo', times.tls),
    ]),
  );
}

const [role = '', kind = ''] = process.argv.slice(2);
if (role === 'serve' && kind === 'tcp') serve(createServer({ noDelay: true }, echo), PORTS.tcp);
else if (role === 'serve') serve(createPskServer(echo), PORTS.tls);
else if (role === 'echo' && kind === 'tcp') {
  console.log(await firstEcho(() => connect({ host: THERE, port: PORTS.tcp, noDelay: true }), 'connect'));
} else if (role === 'echo') {
  console.log(await firstEcho(() => connectPsk({ host: THERE, port: PORTS.tls }), 'secureConnect'));
} else await compare(Number(role || 15), Number(kind || 40));
