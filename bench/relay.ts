/**
 * Pipes by a relay and pipes that move, with real packets: two people behind simulated NATs, 20 ms round trip from each
 * to the services and 40 ms from each other, Debian's coturn as the relay; fresh processes of the built program. Linux,
 * root, socat, python3 and the three servers.
 *
 *   node bench/run.js relay [RUNS]
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { natPreset } from '../src/lab/index.ts';
import type { Lab, Line, Program } from '../test/netns/lab.ts';
import { startCoturn } from '../test/netns/services.ts';
import { become, behindTwoNats, type TwoNats } from '../test/netns/two-nats.ts';
import { round, summary, table } from './lib/figures.ts';

/** ms that each router holds a packet, and nearly one more for its timer. */
const DELAY = 9;
const HOST = '198.51.100.20';
const USER = { username: 'demo', credential: 'secret' };
const RELAY = ['lt-cred-mech', 'realm=example.org', 'user=demo:secret', 'min-port=50000', 'max-port=50100'];
const HARD = natPreset('symmetric', 'random');
const SOFT = natPreset('restrict port', 'random');
/** Between two runs: what a peer may ask for long. */
const PAUSE = 2_100;

const LIBRARY = pathToFileURL(join(import.meta.dirname, '../dist/lib/library.js')).href;
const AGAIN = join(import.meta.dirname, 'lib/connect-again.mjs');

const runs = Number(process.argv[2] ?? 9);
const rows: string[][] = [['from request', 'median', 'min', 'max', 'target', 'runs']];
const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));
const at = ({ at: time }: Line) => Number(time);

await behindTwoNats(async (lab, nats) => {
  await startCoturn(lab, 'server2', { addresses: [HOST], port: 3480 }, RELAY);
  const known = JSON.parse(readFileSync(nats.servers, 'utf8')) as Record<string, unknown>;
  const turn = [{ url: `turn:${HOST}:3480?transport=tcp`, ...USER }];
  const servers = lab.file('relay.json', JSON.stringify({ ...known, turn }));
  await become(nats, HARD, HARD);
  await openings(lab, servers, 'TCP', '320');
  await warm(lab, servers, 'TCP');
  const udp = [{ url: `turn:${HOST}:3480?transport=udp`, ...USER }];
  const byUdp = lab.file('relay-udp.json', JSON.stringify({ ...known, turn: udp }));
  await openings(lab, byUdp, 'UDP', '320');
  await warm(lab, byUdp, 'UDP');
  await become(nats, SOFT, SOFT);
  await moves(lab, servers);
  await recoveries(lab, nats);
}, DELAY)();
console.log(table(rows));

/** Where nothing but the relay works: an open pipe, and the first message that came back. */
async function openings(lab: Lab, servers: string, transport: string, target: string): Promise<void> {
  const peer = await lab.accept('b', ['--echo', '--servers', servers]);
  const [open, echo]: [number[], number[]] = [[], []];
  for (let run = 0; run < runs; run++) {
    const command = ['connect', peer.address, '--json', '--send', '.', '--servers', servers];
    const program = await lab.start('a', command).ended();
    const [opened] = program.all('open');
    const back = program.all('message').find(({ direction }) => direction === 'in');
    if (opened?.method === 'relay' && back !== undefined) {
      open.push(Number(opened.elapsed));
      echo.push(at(back) - at(opened) + Number(opened.elapsed));
    }
    await sleep(PAUSE);
  }
  tell(`to an authenticated pipe by the relay (${transport}), cold`, open, target);
  tell('to the first message that came back by it', echo, '500');
  await leave(peer.program);
}

/** The same from one node that goes on: the relay, the brokers and the peer know it already. */
async function warm(lab: Lab, servers: string, transport: string): Promise<void> {
  const peer = await lab.accept('b', ['--servers', servers]);
  const args = [LIBRARY, servers, peer.address, String(runs + 1), String(PAUSE)];
  const program = lab.run('a', [process.execPath, AGAIN, ...args]);
  const lines = () => program.stdout.split('\n').slice(0, -1);
  for (let run = 0; run <= runs; run++)
    await program.until('the next connect', () => (lines().length > run ? true : undefined));
  await program.ended();
  const times = lines().map((line) => JSON.parse(line) as { method: string; elapsed: number });
  times.shift();
  const relayed = times.filter(({ method }) => method === 'relay').map(({ elapsed }) => elapsed);
  tell(`the same, warm (${transport})`, relayed, '220');
  await leave(peer.program);
}

/** From the relayed pipe to the punched one, and the longest gap between echoes around the move. */
async function moves(lab: Lab, servers: string): Promise<void> {
  const peer = await lab.accept('b', ['--echo', '--servers', servers]);
  const [direct, gaps]: [number[], number[]] = [[], []];
  for (let run = 0; run < runs; run++) {
    const command = ['connect', peer.address, '--json', '--servers', servers, '--methods', 'tpu'];
    const program = lab.start('a', command, { input: null });
    const open = await program.event('open');
    for (let i = 0; i < 100 && program.all('path').length === 0; i++) {
      program.type('.\n');
      await sleep(20);
    }
    for (let i = 0; i < 20; i++) {
      program.type('.\n');
      await sleep(20);
    }
    const [path] = program.all('path');
    const times = program
      .all('message')
      .filter(({ direction }) => direction === 'in')
      .map(at);
    if (open.method === 'relay' && path !== undefined) {
      direct.push(at(path) - at(open));
      gaps.push(Math.max(...times.slice(1).map((time, i) => time - (times[i] ?? 0))));
    }
    await leave(program);
    await sleep(PAUSE);
  }
  tell('relayed to direct, from the first to the second', direct, '1000');
  tell('longest gap between echoes that are sent every 20 ms', gaps, '80');
  await leave(peer.program);
}

/** One router forgets its mappings: from the next message to its echo. */
async function recoveries(lab: Lab, nats: TwoNats): Promise<void> {
  const peer = await lab.accept('b', ['--echo', '--servers', nats.servers]);
  const back: number[] = [];
  for (let run = 0; run < runs; run++) {
    const command = ['connect', peer.address, '--json', '--servers', nats.servers, '--methods', 'pu'];
    const program = lab.start('a', command, { input: null });
    await program.event('open');
    await sleep(3_000);
    await nats.a.become(SOFT, 0);
    program.type('.\n');
    const echoed = await program
      .until('an echo', () => program.all('message').find(({ direction }) => direction === 'in'))
      .catch(() => null);
    const sent = program.all('message').find(({ direction }) => direction === 'out');
    if (echoed !== null && sent !== undefined) back.push(at(echoed) - at(sent));
    await leave(program);
    await sleep(PAUSE);
  }
  tell('recovery after a router has forgotten', back, '3000');
  await leave(peer.program);
}

async function leave(program: Program): Promise<void> {
  program.signal('SIGTERM');
  await program.ended();
}

function tell(what: string, values: readonly number[], target: string): void {
  rows.push([
    what,
    ...(values.length === 0 ? ['-', '-', '-'] : summary(values)),
    target,
    `${values.length}/${runs}`,
  ]);
  console.log(what, values.map(round).join(' '));
}
