/**
 * The broker of `serve` on loopback: how long the program takes to be ready, a thousand signalling
 * messages a second between twenty pairs of clients (mqtt.js, QoS 1), and what a thousand clients
 * cost in memory; beside mosquitto where it is installed. Linux; build first.
 *
 *   node bench/run.js broker [SECONDS] [CLIENTS]
 */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { connectAsync, type MqttClient } from 'mqtt';
import { connectBytes, publishBytes, subscribeBytes } from '../test/helpers/mqtt-bytes.ts';
import { round, summary, table } from './lib/figures.ts';
import { measureIn } from './lib/roles.ts';

const PROGRAM = join(import.meta.dirname, '../bin/p2pd-demo.js');
const HOST = '127.0.0.1';
const PAIRS = 20;
/** It takes the next one too, so that it must not be any that is free. */
const STUN_PORT = 13_478;
/** Messages a second, of all pairs together. */
const RATE = 1_000;
/** Bytes of a message: an address and its seal. */
const MESSAGE = 640;
const STARTS = 7;
const ROUNDS = 3;
/** How often the clients come: memory that is not given back shows. */
const CROWDS = 5;
/** The broker lets 64 connections of one address in; loopback has sixteen million addresses. */
const PER_ADDRESS = 60;
/** What issue 3 asks for. */
const TARGETS = { ready: 500, p99: 20 };

const topic = (number: number) => `p2pd-demo/1/${number.toString(16).padStart(32, '0')}`;

interface Broker {
  readonly child: ChildProcess;
  readonly port: number;
  /** ms from the start of the process until it was ready, seen from outside; null: not measured. */
  readonly took: number | null;
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, HOST);
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  return typeof address === 'object' && address !== null ? address.port : 0;
}

async function startServe(folder: string, flags: readonly string[] = []): Promise<Broker> {
  const [mqtt, stun, info] = [await freePort(), STUN_PORT, await freePort()];
  const ports = `mqtt=${mqtt},stun=${stun},info=${info}`;
  const args = [...flags, PROGRAM, 'serve', '--json', '--host', HOST, '--state', folder, '--ports', ports];
  const began = performance.now();
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  const [line] = await once(createInterface({ input: child.stdout }), 'line');
  if (!String(line).includes('"ready"')) throw new Error(`serve does not start: ${line}`);
  return { child, port: mqtt, took: performance.now() - began };
}

async function startMosquitto(folder: string): Promise<Broker> {
  const port = await freePort();
  const config = join(folder, 'mosquitto.conf');
  const lines = [`listener ${port} ${HOST}`, 'allow_anonymous true', 'persistence false', 'user root'];
  writeFileSync(config, lines.join('\n'));
  const child = spawn('mosquitto', ['-c', config], { stdio: 'ignore' });
  for (let i = 0; i < 500; i++) {
    const socket = connect(port, HOST);
    const isOpen = await once(socket, 'connect').then(
      () => true,
      () => false,
    );
    socket.destroy();
    if (isOpen) return { child, port, took: null };
    await pause(10);
  }
  throw new Error('mosquitto does not answer');
}

async function stop({ child }: Broker): Promise<void> {
  child.kill('SIGTERM');
  await once(child, 'exit');
}

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

/** A role: sends at the rate, and prints percentiles of the ms from publishing to the other's hands. */
async function load(port: number, seconds: number): Promise<void> {
  const join = () => connectAsync(`mqtt://${HOST}:${port}`, { reconnectPeriod: 0 }, false);
  const took: number[] = [];
  const senders: MqttClient[] = [];
  for (let pair = 0; pair < PAIRS; pair++) {
    const [sender, receiver] = await Promise.all([join(), join()]);
    receiver.on('message', (_, payload) => took.push(performance.now() - payload.readDoubleBE(0)));
    await receiver.subscribeAsync(topic(pair), { qos: 1 });
    senders.push(sender);
  }
  const total = RATE * seconds;
  const began = performance.now();
  for (let sent = 0; sent < total; ) {
    const due = Math.min(total, ((performance.now() - began) * RATE) / 1000);
    for (; sent < due; sent++) {
      const payload = Buffer.alloc(MESSAGE);
      payload.writeDoubleBE(performance.now(), 0);
      senders[sent % PAIRS]?.publish(topic(sent % PAIRS), payload, { qos: 1 });
    }
    await pause(1);
  }
  for (let i = 0; i < 100 && took.length < total; i++) await pause(20);
  const sorted = took.toSorted((a, b) => a - b);
  const at = (part: number) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))];
  console.log(JSON.stringify({ p50: at(0.5), p99: at(0.99), max: at(1), lost: total - took.length }));
  process.exit();
}

/** A role: connects that many, each listens and says one thing; says when all have, and leaves when told. */
async function crowd(port: number, clients: number): Promise<void> {
  const sockets = await Promise.all(
    Array.from({ length: clients }, async (_, i): Promise<Socket> => {
      const localAddress = `127.0.${1 + Math.floor(i / PER_ADDRESS / 250)}.${1 + (Math.floor(i / PER_ADDRESS) % 250)}`;
      const socket = connect({ port, host: HOST, localAddress });
      socket.write(connectBytes(`client-${i}`));
      await once(socket, 'data');
      socket.write(subscribeBytes([topic(i)]));
      await once(socket, 'data');
      socket.write(publishBytes(topic(i), Buffer.alloc(MESSAGE, 7)));
      await once(socket, 'data');
      return socket;
    }),
  );
  console.log(sockets.length);
  process.stdin.resume();
  await once(process.stdin, 'end');
  process.exit();
}

/** KiB. */
function memoryOf({ child }: Broker): number {
  const status = readFileSync(`/proc/${child.pid}/status`, 'utf8');
  return Number(/VmRSS:\s+(\d+)/.exec(status)?.[1]);
}

/** @returns KiB while they are there */
async function meetCrowd(broker: Broker, clients: number): Promise<number> {
  const args = [process.argv[1] ?? '', 'crowd', String(broker.port), String(clients)];
  const child = spawn(process.execPath, args, { stdio: ['pipe', 'pipe', 'inherit'] });
  await once(createInterface({ input: child.stdout }), 'line');
  const during = memoryOf(broker);
  child.stdin.end();
  await once(child, 'exit');
  await pause(1_000);
  return during;
}

interface Load {
  readonly p50: number;
  readonly p99: number;
  readonly max: number;
  readonly lost: number;
}

async function measureLoad(broker: Broker, seconds: number): Promise<Load> {
  return JSON.parse(await measureIn(['load', String(broker.port), String(seconds)])) as Load;
}

async function main(seconds: number, clients: number): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'p2pd-bench-'));
  const hasMosquitto = spawnSync('mosquitto', ['-h'], { stdio: 'ignore' }).error === undefined;
  const starters = { serve: startServe, ...(hasMosquitto ? { mosquitto: startMosquitto } : {}) };
  const starts: number[] = [];
  for (let i = 0; i < STARTS; i++) {
    const broker = await startServe(folder);
    starts.push(broker.took ?? Number.NaN);
    await stop(broker);
  }
  const loads: string[][] = [];
  for (let i = 0; i < ROUNDS; i++) {
    for (const [name, start] of Object.entries(starters)) {
      const broker = await start(folder);
      const { p50, p99, max, lost } = await measureLoad(broker, seconds);
      loads.push([name, round(p50), round(p99), round(max), String(lost)]);
      await stop(broker);
    }
  }
  const sizes: string[][] = [];
  // Node gives memory back only when it has to: the small heap shows what is needed.
  const small = (home: string) => startServe(home, ['--max-old-space-size=64']);
  for (const [name, start] of Object.entries({ ...starters, 'serve, heap 64 MiB': small })) {
    const broker = await start(folder);
    const kib = [memoryOf(broker)];
    for (let time = 0; time < CROWDS; time++) kib.push(await meetCrowd(broker, clients));
    kib.push(memoryOf(broker));
    sizes.push([name, ...kib.map((size) => round(size / 1024))]);
    await stop(broker);
  }
  rmSync(folder, { recursive: true, force: true });
  console.log(`ready, seen from outside, ms; target ${TARGETS.ready}\n`);
  console.log(
    table([
      ['', 'median', 'min', 'max'],
      ['serve', ...summary(starts)],
    ]),
  );
  console.log(`\n${RATE} messages/s of ${MESSAGE} bytes for ${seconds} s, ms; target p99 ${TARGETS.p99}\n`);
  console.log(table([['', 'p50', 'p99', 'max', 'lost'], ...loads]));
  console.log(`\n${clients} clients that come and go, MiB of the process\n`);
  const times = Array.from({ length: CROWDS }, (_, i) => `time ${i + 1}`);
  console.log(table([['', 'before', ...times, 'after'], ...sizes]));
}

const [role = '', first = '', second = ''] = process.argv.slice(2);
if (role === 'load') await load(Number(first), Number(second));
else if (role === 'crowd') await crowd(Number(first), Number(second));
else await main(Number(role || 10), Number(first || 1_000));
