/**
 * Throughput from one process to another on loopback: our pipe, Node's own TLS 1.3, a bare
 * node:net connection; in turn, several rounds, fresh processes each time.
 *
 *   node bench/run.js pipe [MEGABYTES] [ROUNDS]
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { P2PNode } from '../src/net/index.ts';
import { median, round, table } from './lib/figures.ts';
import { connectPsk, createPskServer } from './lib/psk-tls.ts';
import { measureIn, startRole } from './lib/roles.ts';

/** What each write hands over, for all three: the chunk of the pipe's own bench. */
const CHUNK = 256 * 1024;
const HOST = '127.0.0.1';

interface Contender {
  /** Starts serving. @returns where */
  serve(): Promise<string>;
  /** Sends, and waits until the other side has it all. @returns megabytes (10⁶) a second */
  send(target: string, bytes: number): Promise<number>;
}

const contenders: Readonly<Record<string, Contender>> = {
  pipe: { serve: servePipe, send: sendPipe },
  'TLS 1.3': {
    serve: () => listening(createPskServer(countBytes)),
    send: (target, bytes) => sendTo(connectPsk({ port: Number(target), host: HOST }), 'secureConnect', bytes),
  },
  'node:net': {
    serve: () => listening(createServer({ noDelay: true }, countBytes)),
    send: (target, bytes) =>
      sendTo(connect({ port: Number(target), host: HOST, noDelay: true }), 'connect', bytes),
  },
};

async function servePipe(): Promise<string> {
  return (await startNode()).address;
}

async function sendPipe(target: string, bytes: number): Promise<number> {
  const node = await startNode();
  const pipe = await node.connect(target);
  const { sendMbps } = await node.bench(pipe, bytes);
  await node.stop();
  return sendMbps / 8;
}

function startNode(): Promise<P2PNode> {
  const state = mkdtempSync(join(tmpdir(), 'p2pd-bench-'));
  process.once('exit', () => rmSync(state, { recursive: true, force: true }));
  process.once('SIGTERM', () => process.exit());
  return P2PNode.start({ state, port: 0, interfaces: ['lo'] });
}

function listening(server: Server): Promise<string> {
  return new Promise((resolve) => {
    server.listen(0, HOST, () => {
      const address = server.address();
      resolve(String(address !== null && typeof address === 'object' ? address.port : 0));
    });
  });
}

/** The first eight bytes say how many follow; answers once they are there. */
function countBytes(socket: Socket): void {
  let missing: number | null = null;
  socket.on('error', () => undefined);
  socket.on('data', (data) => {
    const length = data.length - (missing === null ? 8 : 0);
    missing = (missing ?? Number(data.readBigUInt64BE())) - length;
    if (missing <= 0) socket.end('.');
  });
}

function sendTo(socket: Socket, ready: string, bytes: number): Promise<number> {
  const chunk = Buffer.alloc(CHUNK);
  return new Promise((resolve, reject) => {
    socket.once('error', reject);
    socket.once(ready, () => {
      const began = performance.now();
      const head = Buffer.alloc(8);
      head.writeBigUInt64BE(BigInt(bytes));
      socket.write(head);
      let left = bytes;
      const push = () => {
        while (left > 0) {
          const part = left < CHUNK ? chunk.subarray(0, left) : chunk;
          left -= part.length;
          if (!socket.write(part)) {
            socket.once('drain', push);
            return;
          }
        }
      };
      socket.once('data', () => resolve(bytes / 1000 / (performance.now() - began)));
      push();
    });
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
  const pipe = speeds.get('pipe') ?? [];
  const ratio = (list: readonly number[]) => median(list.map((speed, i) => (100 * (pipe[i] ?? 0)) / speed));
  const rows = [...speeds].map(([name, list]) => [
    name,
    round(median(list)),
    list.map((speed) => speed.toFixed(0)).join(' '),
    `${round(ratio(list))} %`,
  ]);
  console.log(`${megabytes} MB, ${rounds} rounds, MB/s`);
  console.log(table([['', 'median', 'rounds', 'our pipe reaches'], ...rows]));
  console.log('targets: at least 85 % of TLS 1.3, at least 30 % of node:net');
}

const [role = '', ...rest] = process.argv.slice(2);
if (role === 'serve') console.log(await contenders[rest[0] ?? '']?.serve());
else if (role === 'send') {
  console.log(await contenders[rest[0] ?? '']?.send(rest[1] ?? '', Number(rest[2])));
} else await compare(Number(role || 1000), Number(rest[0] ?? 5));
