/**
 * A file from disk to disk between two processes of the built program on loopback, beside the same work over Node's
 * own TLS 1.3 and bare node:net (read, hashed, sent, hashed, written, flushed), and beside both from memory to nowhere; in
 * turn, several rounds, fresh processes each time. `TMPDIR=/dev/shm` leaves the disk out.
 *
 *   node bench/run.js transfer [MEGABYTES] [ROUNDS]
 */
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { median, round, table } from './lib/figures.ts';
import { beside, playRole } from './lib/plain-transfer.ts';

const PROGRAM = join(import.meta.dirname, '../bin/p2pd-demo.js');

const [first = '1000', second = '3', third = ''] = process.argv.slice(2);
if (!(await playRole(first, second, third))) await compare(Number(first), Number(second));

async function compare(megabytes: number, rounds: number): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'p2pd-transfer-'));
  process.once('exit', () => rmSync(folder, { recursive: true, force: true }));
  const path = join(folder, 'data.bin');
  writeFileSync(path, Buffer.alloc(megabytes * 1e6, 'p2pd'));
  writeFileSync(join(folder, 'none.json'), '{}');
  const copy = { from: path, to: join(folder, 'copy.bin') };
  const results: {
    file: number;
    memory: number;
    tlsFile: number;
    tcpFile: number;
    tls: number;
    tcp: number;
  }[] = [];
  for (let turn = 0; turn < rounds; turn++) {
    const { speed: file, memory } = await sendFile(folder, path, megabytes);
    const [tlsFile, tcpFile] = [await beside('tls', megabytes, copy), await beside('tcp', megabytes, copy)];
    const [tls, tcp] = [await beside('tls', megabytes), await beside('tcp', megabytes)];
    results.push({ file, memory, tlsFile, tcpFile, tls, tcp });
  }
  const of = (pick: (one: (typeof results)[number]) => number) => round(median(results.map(pick)));
  const row = (what: string, speed: (one: (typeof results)[number]) => number) => [
    what,
    of(speed),
    of(({ file, ...one }) => (file / speed({ file, ...one })) * 100),
  ];
  console.log(
    table([
      [`${megabytes} MB`, 'MB/s', 'ours, % of it'],
      row('file over a pipe', ({ file }) => file),
      row('the same work over TLS 1.3', ({ tlsFile }) => tlsFile),
      row('the same work over node:net', ({ tcpFile }) => tcpFile),
      row('TLS 1.3, memory to nowhere', ({ tls }) => tls),
      row('node:net, memory to nowhere', ({ tcp }) => tcp),
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
