/**
 * A file from disk to disk between two processes of the built program on loopback, beside the same bytes over Node's own
 * TLS 1.3 and over bare node:net, both from memory to nowhere; in turn, several rounds, fresh processes each time.
 *
 *   node bench/run.js transfer [MEGABYTES] [ROUNDS]
 */
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { median, round, table } from './lib/figures.ts';
import { connectPsk, createPskServer } from './lib/psk-tls.ts';
import { measureIn, startRole } from './lib/roles.ts';

const HOST = '127.0.0.1';
const CHUNK = 256 * 1024;
const PROGRAM = join(import.meta.dirname, '../bin/p2pd-demo.js');

const [first = '1000', second = '3', third = ''] = process.argv.slice(2);
if (first === 'serve') serve(second);
else if (first === 'send') console.log(await send(second, third));
else await compare(Number(first), Number(second));

async function compare(megabytes: number, rounds: number): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'p2pd-transfer-'));
  process.once('exit', () => rmSync(folder, { recursive: true, force: true }));
  const path = join(folder, 'data.bin');
  writeFileSync(path, Buffer.alloc(megabytes * 1e6, 'p2pd'));
  writeFileSync(join(folder, 'none.json'), '{}');
  const results: { file: number; tls: number; tcp: number; memory: number }[] = [];
  for (let turn = 0; turn < rounds; turn++) {
    const { speed, memory } = await sendFile(folder, path, megabytes);
    const [tls, tcp] = [await beside('tls', megabytes), await beside('tcp', megabytes)];
    results.push({ file: speed, tls, tcp, memory });
  }
  const of = (pick: (one: (typeof results)[number]) => number) => round(median(results.map(pick)));
  console.log(
    table([
      [`${megabytes} MB`, 'MB/s', 'beside TLS', 'beside TCP'],
      [
        'file, disk to disk',
        of(({ file }) => file),
        of(({ file, tls }) => file / tls),
        of(({ file, tcp }) => file / tcp),
      ],
      ['TLS 1.3', of(({ tls }) => tls), '1', of(({ tls, tcp }) => tls / tcp)],
      ['node:net', of(({ tcp }) => tcp), '', '1'],
    ]),
  );
  console.log(`receiver's memory at most ${of(({ memory }) => memory)} MiB`);
}

async function sendFile(folder: string, path: string, megabytes: number) {
  const home = (name: string) => ({ ...process.env, P2PD_HOME: join(folder, name) });
  const servers = ['--servers', join(folder, 'none.json')];
  const kept = mkdtempSync(join(folder, 'in-'));
  const taker = spawn(
    process.execPath,
    [PROGRAM, 'accept', '--json', '--save-to', kept, '--interface', 'lo', ...servers],
    {
      env: home('taker'),
      stdio: ['ignore', 'pipe', 'inherit'],
    },
  );
  let address = '';
  for await (const line of createInterface({ input: taker.stdout })) {
    const event = JSON.parse(line) as { event: string; address: string };
    if (event.event !== 'ready') continue;
    address = event.address;
    break;
  }
  taker.stdout.resume();
  const giver = spawn(
    process.execPath,
    [PROGRAM, 'connect', address, '--json', '--send-file', path, '--interface', 'lo', ...servers],
    {
      env: home('giver'),
      stdio: ['ignore', 'pipe', 'inherit'],
    },
  );
  const marks = new Map<string, number>();
  for await (const line of createInterface({ input: giver.stdout })) {
    const event = JSON.parse(line) as { event: string; state: string; at: number };
    if (event.event === 'file') marks.set(event.state, event.at);
  }
  const peak = /VmHWM:\s+(\d+) kB/.exec(readFileSync(`/proc/${taker.pid}/status`, 'utf8'))?.[1];
  taker.kill('SIGTERM');
  rmSync(kept, { recursive: true, force: true });
  const ms = (marks.get('done') ?? Number.NaN) - (marks.get('start') ?? Number.NaN);
  return { speed: (megabytes * 1000) / ms, memory: Number(peak) / 1024 };
}

async function beside(kind: string, megabytes: number): Promise<number> {
  const server = await startRole(['serve', kind]);
  const result = await measureIn(['send', kind, `${server.line} ${megabytes * 1e6}`]);
  server.stop();
  return Number(result);
}

function serve(kind: string): void {
  const count = (socket: Socket) => {
    let missing = -1;
    socket.on('data', (data) => {
      if (missing < 0) missing = Number(data.readBigUInt64BE()) + 8;
      missing -= data.length;
      if (missing <= 0) socket.end('.');
    });
    socket.on('error', () => undefined);
  };
  const server: Server = kind === 'tls' ? createPskServer(count) : createServer({ noDelay: true }, count);
  server.listen(0, HOST, () => {
    const address = server.address();
    console.log(typeof address === 'object' ? address?.port : '');
  });
}

function send(kind: string, target: string): Promise<number> {
  const [port = 0, bytes = 0] = target.split(' ').map(Number);
  const socket: Socket =
    kind === 'tls' ? connectPsk({ port, host: HOST }) : connect({ port, host: HOST, noDelay: true });
  const chunk = Buffer.alloc(CHUNK);
  return new Promise((resolve, reject) => {
    socket.once('error', reject);
    socket.once(kind === 'tls' ? 'secureConnect' : 'connect', () => {
      const startedAt = performance.now();
      const head = Buffer.alloc(8);
      head.writeBigUInt64BE(BigInt(bytes));
      socket.write(head);
      let left = bytes;
      const more = () => {
        while (left > 0) {
          const part = left < CHUNK ? chunk.subarray(0, left) : chunk;
          left -= part.length;
          if (!socket.write(part)) return;
        }
      };
      socket.on('drain', more);
      socket.once('data', () => resolve(bytes / 1000 / (performance.now() - startedAt)));
      more();
    });
  });
}
