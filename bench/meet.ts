/**
 * Two people meet through mosquitto, coturn and chrony, 20 ms round trip from each and 40 ms from
 * each other, one of them behind a router that lets nothing in: how long a node takes to be ready,
 * a reverse connect, and a sealed message from program to program; beside the same start without
 * services, a bare TCP connect and plain MQTT. Fresh processes each time. Linux, root, python3 and
 * the three servers.
 *
 *   node bench/run.js meet [RUNS]
 */
import { randomBytes } from 'node:crypto';
import { connect, createServer } from 'node:net';
import { connectAsync } from 'mqtt';
import { identityOf } from '../src/net/identity.ts';
import { createNodeIo } from '../src/net/io/node-io.ts';
import { Signalling } from '../src/net/signal/signalling.ts';
import { SERVICES_TIMEOUT } from '../src/net/timing.ts';
import { inLab, type Lab, type Program } from '../test/netns/lab.ts';
import { meeting, meetingSide } from '../test/netns/plans.ts';
import { type Services, serversFile, startServices } from '../test/netns/services.ts';
import { median, round, summary, table } from './lib/figures.ts';

const HOMES = { a: 'nat', b: 'public' } as const;
/** ms one way on each person's line; the services are on neither. */
const DELAY = 10;
const SERVICE_RTT = 2 * DELAY;
const PEER_RTT = 4 * DELAY;
const ONE_WAY = 2 * DELAY;
/** What is aimed at. */
const TARGETS = {
  ready: 4 * SERVICE_RTT + 250,
  reverse: ONE_WAY + 3.2 * PEER_RTT + 40,
  message: ONE_WAY + 5,
};
const TCP_PORT = 30001;
/** Messages of one pair of processes; the first meets strangers. */
const MESSAGES = 12;
/** ms between them, so that none waits for another. */
const PAUSE = 100;

interface Start {
  /** `at` of the ready event, and when it came out of the process, ms. */
  readonly at: number;
  readonly outside: number;
  readonly program: Program;
  readonly address: string;
}

interface Note {
  readonly kind: 'sealed' | 'plain';
  readonly number: number;
  /** Nanoseconds of the machine's monotonic clock, which all namespaces share. */
  readonly at: number;
}

/** One line a note; the other process's notes are joined to them by kind and number. */
function note(kind: Note['kind'], number: number): void {
  console.log(JSON.stringify({ kind, number, at: Number(process.hrtime.bigint()) }));
}

async function startSignalling(
  brokers: readonly string[],
  receive: (number: number) => void,
): Promise<{ signalling: Signalling; publicKey: Uint8Array }> {
  const io = createNodeIo();
  const identity = identityOf(randomBytes(32));
  const signalling = new Signalling({
    io,
    identity,
    urls: brokers,
    files: null,
    file: '',
    wall: () => io.wallClock(),
    receive: (message) => {
      if (message.type === 'outcome') receive(message.pipeId[0] ?? 0);
    },
    isWished: () => true,
    isShared: () => false,
    changed: () => undefined,
    signal: new AbortController().signal,
  });
  await signalling.start(io.now() + SERVICES_TIMEOUT);
  return { signalling, publicKey: identity.publicKey };
}

/** Notes what it hears, until it is stopped. */
async function hear(topic: string, brokers: readonly string[]): Promise<void> {
  const { publicKey } = await startSignalling(brokers, (number) => note('sealed', number));
  const plain = await connectAsync(brokers[0] ?? '');
  plain.on('message', (_, payload) => note('plain', payload[0] ?? 0));
  await plain.subscribeAsync(topic, { qos: 1 });
  console.log(`ready ${Buffer.from(publicKey).toString('hex')}`);
}

/** Notes when it says something: sealed by our signalling and plainly, in turn. */
async function say(key: string, topic: string, brokers: readonly string[]): Promise<void> {
  const { signalling } = await startSignalling(brokers, () => undefined);
  const plain = await connectAsync(brokers[0] ?? '');
  const peer = { publicKey: Buffer.from(key, 'hex'), brokers };
  const pause = () => new Promise((resolve) => setTimeout(resolve, PAUSE));
  for (let number = 0; number < MESSAGES; number++) {
    const payload = Buffer.alloc(16, number);
    note('sealed', number);
    await signalling.send(peer, { type: 'outcome', pipeId: payload, reasons: [] });
    await pause();
    note('plain', number);
    await plain.publishAsync(topic, payload, { qos: 1 });
    await pause();
  }
  process.exit();
}

/** ms from the first SYN until one byte has come back. */
function firstEcho(host: string): Promise<number> {
  return new Promise((resolve, reject) => {
    const began = performance.now();
    const socket = connect({ host, port: TCP_PORT, noDelay: true });
    socket.once('error', reject);
    socket.once('connect', () => socket.write('.'));
    socket.once('data', () => {
      resolve(performance.now() - began);
      socket.destroy();
    });
  });
}

function role(lab: Lab, machine: string, args: readonly string[]): Program {
  return lab.run(machine, [process.execPath, process.argv[1] ?? '', ...args]);
}

/** `accept`, and how long it took. */
async function startNode(lab: Lab, home: string, servers: string): Promise<Start> {
  const began = performance.now();
  const { program, ready, address } = await lab.accept('a', ['--echo', '--servers', servers], { home });
  return { at: Number(ready.at), outside: performance.now() - began, program, address };
}

/** ms of each message of one pair of processes, by kind; the first of each kind first. */
async function messages(lab: Lab, brokers: readonly string[]): Promise<Record<Note['kind'], number[]>> {
  const topic = `plain/${randomBytes(8).toString('hex')}`;
  const hearing = role(lab, 'a', ['hear', topic, ...brokers]);
  const key = await hearing.until('key', () => /^ready ([0-9a-f]+)$/m.exec(hearing.stdout)?.[1]);
  const saying = await role(lab, 'b', ['say', key, topic, ...brokers]).exits(0);
  const heard = await hearing.until('all messages', () => {
    const notes = notesOf(hearing);
    return notes.length === 2 * MESSAGES ? notes : undefined;
  });
  hearing.signal('SIGKILL');
  const took = notesOf(saying).map(({ kind, number, at }) => {
    const arrival = heard.find((other) => other.kind === kind && other.number === number);
    return { kind, ms: ((arrival?.at ?? Number.NaN) - at) / 1e6 };
  });
  const of = (kind: Note['kind']) => took.filter((entry) => entry.kind === kind).map(({ ms }) => ms);
  return { sealed: of('sealed'), plain: of('plain') };
}

function notesOf(program: Program): Note[] {
  const lines = program.stdout.split('\n').filter((line) => line.startsWith('{'));
  return lines.map((line) => JSON.parse(line) as Note);
}

interface Figures {
  readonly ready: { at: number[]; outside: number[] };
  readonly alone: { at: number[]; outside: number[] };
  readonly reverse: number[];
  readonly tcp: number[];
  readonly first: Record<Note['kind'], number[]>;
  readonly later: Record<Note['kind'], number[]>;
}

async function measure(lab: Lab, { servers }: Services, runs: number): Promise<Figures> {
  const both = { ...servers(4), stun: [...servers(4).stun, ...servers(6).stun] };
  const all = serversFile(lab, both);
  const none = serversFile(lab, {}, 'none.json');
  const homes = [lab.home(), lab.home()] as const;
  const figures: Figures = {
    ready: { at: [], outside: [] },
    alone: { at: [], outside: [] },
    reverse: [],
    tcp: [],
    first: { sealed: [], plain: [] },
    later: { sealed: [], plain: [] },
  };
  const b = meetingSide('b', HOMES.b).inner.ipv4;
  const echo = role(lab, 'b', ['echo', b]);
  await echo.until('ready', () => (echo.stdout.includes('ready') ? true : undefined));
  for (let i = 0; i < runs; i++) {
    const alone = await startNode(lab, homes[0], none);
    alone.program.signal('SIGTERM');
    await alone.program.exits(0);
    const peer = await startNode(lab, homes[0], all);
    for (const [list, start] of [
      [figures.alone, alone],
      [figures.ready, peer],
    ] as const) {
      list.at.push(start.at);
      list.outside.push(start.outside);
    }
    const command = ['connect', peer.address, '--json', '--send', '.', '--servers', all];
    const dialler = await lab.start('b', command, { home: homes[1] }).exits(0);
    const [open] = dialler.all('open');
    if (open?.method !== 'reverse') throw new Error(`no reverse connect\n${dialler.said()}`);
    figures.reverse.push(Number(open.elapsed));
    peer.program.signal('SIGTERM');
    await peer.program.exits(0);
    figures.tcp.push(Number((await role(lab, 'a', ['dial', b]).exits(0)).stdout));
    const { sealed, plain } = await messages(lab, both.mqtt);
    figures.first.sealed.push(...sealed.slice(0, 1));
    figures.first.plain.push(...plain.slice(0, 1));
    figures.later.sealed.push(...sealed.slice(1));
    figures.later.plain.push(...plain.slice(1));
  }
  return figures;
}

function report(runs: number, { ready, alone, reverse, tcp, first, later }: Figures): void {
  const row = (name: string, values: readonly number[], target?: number) => [
    name,
    ...summary(values),
    target === undefined ? '' : round(target),
    target === undefined ? '' : `${round((100 * median(values)) / target)} %`,
  ];
  console.log(
    `${SERVICE_RTT} ms to the services and ${PEER_RTT} ms between peers, round trip; ${runs} runs, ms`,
  );
  console.log(
    table([
      ['', 'median', 'min', 'max', 'target', 'of the target'],
      row('node ready: at', ready.at, TARGETS.ready),
      row('node ready: from outside', ready.outside, TARGETS.ready),
      row('node ready without services: at', alone.at),
      row('node ready without services: from outside', alone.outside),
      row('reverse connect: open.elapsed', reverse, TARGETS.reverse),
      row('bare TCP connect and one echo', tcp),
      row('sealed message, program to program', later.sealed, TARGETS.message),
      row('sealed message, the first to a stranger', first.sealed),
      row('plain MQTT message', later.plain),
      row('plain MQTT message, the first', first.plain),
    ]),
  );
}

const [kind = '', ...rest] = process.argv.slice(2);
const [place = '', ...more] = rest;
if (kind === 'hear') await hear(place, more);
else if (kind === 'say') await say(place, more[0] ?? '', more.slice(1));
else if (kind === 'dial') console.log(await firstEcho(place));
else if (kind === 'echo') {
  createServer({ noDelay: true }, (socket) => {
    socket.on('error', () => undefined);
    socket.pipe(socket);
  }).listen(TCP_PORT, place, () => console.log('ready'));
} else {
  const runs = Number(kind || 11);
  await inLab(meeting(HOMES, DELAY), async (lab) => {
    report(runs, await measure(lab, await startServices(lab), runs));
  })();
}
