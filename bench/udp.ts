/**
 * Throughput over UDP from one process to another on loopback: our pipe (TLS and frames) and bare
 * udx-native with chunks of the same size; in turn, several rounds, fresh processes each time.
 *
 *   node bench/run.js udp [MEGABYTES] [ROUNDS]
 */
import Udx from 'udx-native';
import { type Identity, identityOf } from '../src/net/identity.ts';
import type { ByteStream } from '../src/net/io/io.ts';
import { createNodeIo } from '../src/net/io/node-io.ts';
import { Bench } from '../src/net/pipe/bench.ts';
import { Pipe, type PipeListener } from '../src/net/pipe/pipe.ts';
import {
  diallerPsk,
  readPreamble,
  type Secured,
  secureAsAnswerer,
  secureAsDialler,
} from '../src/net/pipe/secure.ts';
import { median, round, table } from './lib/figures.ts';
import { measureIn, startRole } from './lib/roles.ts';

/** What each write hands over: the chunk of the pipe's own bench. */
const CHUNK = 256 * 1024;
const HOST = '127.0.0.1';
const PIPE_ID = new Uint8Array(16).fill(7);
const IDS = { caller: { own: 1, peer: 2 }, called: { own: 2, peer: 1 } } as const;
const TARGET = 60;

interface Contender {
  /** Starts serving. @returns its port */
  serve(): Promise<number>;
  /** Sends, and waits until the other side has it all. @returns megabytes (10⁶) a second */
  send(port: number, bytes: number): Promise<number>;
}

const contenders: Readonly<Record<string, Contender>> = {
  'pipe over UDP': { serve: servePipe, send: sendPipe },
  'bare udx-native': { serve: serveBare, send: sendBare },
};

const io = createNodeIo();
// Keys that are worth nothing.
const [caller, called] = [1, 2].map((byte) => identityOf(new Uint8Array(32).fill(byte))) as [
  Identity,
  Identity,
];
const never = new AbortController().signal;

/** @param first called with the first datagram's port */
async function openSocket(first: (port: number) => void) {
  let told = false;
  return io.openStreamUdp(
    { ip: HOST, port: 0 },
    {
      datagram: (_, { port }) => {
        if (!told) first(port);
        told = true;
      },
    },
  );
}

async function servePipe(): Promise<number> {
  const socket = await openSocket((port) => void answer(socket.openStream({ ip: HOST, port }, IDS.called)));
  return socket.local.port;
}

async function answer(stream: ByteStream): Promise<void> {
  const first = await readPreamble(stream, never);
  if (first.kind === 'preamble')
    await openPipe(await secureAsAnswerer(io, stream, called, first.preamble, never), false);
}

async function sendPipe(port: number, bytes: number): Promise<number> {
  const socket = await openSocket(() => undefined);
  const remote = { ip: HOST, port };
  socket.send(new Uint8Array(1), remote);
  const stream = socket.openStream(remote, IDS.caller);
  const psk = diallerPsk(caller, called.publicKey);
  const secured = await secureAsDialler(io, stream, caller, called.publicKey, PIPE_ID, psk, never);
  const { pipe, bench } = await openPipe(secured, true);
  const { sendMbps } = await bench.run(pipe, bytes);
  return sendMbps / 8;
}

async function openPipe(secured: Secured, initiator: boolean) {
  const bench = new Bench(io);
  const none = () => undefined;
  const listener: PipeListener = {
    proven: none,
    joined: none,
    stranded: none,
    doubtful: none,
    moved: none,
    address: none,
    open: none,
    rtt: none,
    sent: none,
    closed: none,
    keepalive: () => 9_000,
    message: (pipe, kind, bytes) =>
      kind === 'control' || kind === 'bulk' ? bench.take(pipe, kind, bytes) : undefined,
  };
  const info = { id: 'bench', peer: '', initiator, method: 'udp-punch', path: 'local' } as const;
  const pipe = new Pipe(io, secured, info, listener);
  await pipe.start();
  return { pipe, bench };
}

/** The first eight bytes say how many follow; answers once they are there. */
async function serveBare(): Promise<number> {
  const udx = new Udx();
  const socket = udx.createSocket();
  socket.bind(0, HOST);
  socket.once('message', (_: Uint8Array, { port }: { port: number }) => {
    const stream = udx.createStream(IDS.called.own);
    stream.connect(socket, IDS.called.peer, port, HOST);
    let missing: number | null = null;
    stream.on('data', (data: Buffer) => {
      const length = data.length - (missing === null ? 8 : 0);
      missing = (missing ?? Number(data.readBigUInt64BE())) - length;
      if (missing <= 0) stream.write(Buffer.from('.'));
    });
  });
  return socket.address()?.port ?? 0;
}

function sendBare(port: number, bytes: number): Promise<number> {
  const udx = new Udx();
  const socket = udx.createSocket();
  socket.bind(0, HOST);
  socket.trySend(Buffer.alloc(1), port, HOST);
  const stream = udx.createStream(IDS.caller.own);
  stream.connect(socket, IDS.caller.peer, port, HOST);
  const chunk = Buffer.alloc(CHUNK);
  return new Promise((resolve) => {
    const began = performance.now();
    const head = Buffer.alloc(8);
    head.writeBigUInt64BE(BigInt(bytes));
    stream.write(head);
    let left = bytes;
    const push = () => {
      while (left > 0) {
        const part = left < CHUNK ? chunk.subarray(0, left) : chunk;
        left -= part.length;
        if (!stream.write(part)) {
          stream.once('drain', push);
          return;
        }
      }
    };
    stream.once('data', () => resolve(bytes / 1000 / (performance.now() - began)));
    push();
  });
}

async function compare(megabytes: number, rounds: number): Promise<void> {
  const speeds = new Map<string, number[]>(Object.keys(contenders).map((name) => [name, []]));
  for (let i = 0; i < rounds; i++) {
    for (const [name, list] of speeds) {
      const server = await startRole(['serve', name]);
      list.push(Number(await measureIn(['send', name, server.line, String(megabytes * 1e6)])));
      server.stop();
    }
  }
  // Neighbours in time share whatever else the machine is doing, so ratios are taken round by round.
  const [pipe = [], bare = []] = [...speeds.values()];
  const ratio = median(bare.map((speed, i) => (100 * (pipe[i] ?? 0)) / speed));
  const rows = [...speeds].map(([name, list]) => [
    name,
    round(median(list)),
    list.map((speed) => speed.toFixed(0)).join(' '),
  ]);
  console.log(`${megabytes} MB, ${rounds} rounds, MB/s`);
  console.log(table([['', 'median', 'rounds'], ...rows]));
  console.log(`our pipe reaches ${round(ratio)} % of udx-native (target: at least ${TARGET})`);
}

const [role = '', ...rest] = process.argv.slice(2);
if (role === 'serve') console.log(await contenders[rest[0] ?? '']?.serve());
else if (role === 'send') {
  console.log(await contenders[rest[0] ?? '']?.send(Number(rest[1]), Number(rest[2])));
  process.exit();
} else await compare(Number(role || 200), Number(rest[0] ?? 5));
