/**
 * Records docs/recording.svg: two people behind two NATs, the built program in two real terminals, real keys, real
 * packets between network namespaces. Linux, root, tmux, and what the tests between two NATs need.
 *
 *   npm run record [FILE]
 */
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { natPreset } from '../src/lab/index.ts';
import type { Lab } from '../test/netns/lab.ts';
import { become, behindTwoNats } from '../test/netns/two-nats.ts';
import { type Recorded, recordingSvg } from './recording/svg.ts';
import { Recorder, type Terminal } from './recording/terminals.ts';

const ROOT = join(import.meta.dirname, '..');
const [FILE = join(ROOT, 'docs/recording.svg')] = process.argv.slice(2);
const SIZE = { columns: 74, rows: 19 } as const;
/** ms that each router holds a packet: 40 ms between the two. */
const DELAY = 9;
/** ms for a reader, and of the last screen. */
const READ = 1_600;
const END = 5_000;

const folder = mkdtempSync(join(tmpdir(), 'p2pd-record-'));
const recorder = new Recorder(folder);
try {
  await behindTwoNats(async (lab, nats) => {
    await become(nats, natPreset('restrict port', 'equal'), natPreset('symmetric', 'independent'));
    const alice = open(lab, 'a', nats.servers);
    const bob = open(lab, 'b', nats.servers);
    await Promise.all([alice.until(/\$/), bob.until(/\$/)]);
    recorder.start();
    await play(alice, bob);
    const length = (await recorder.stop()) + END;
    await Promise.all([leave(alice), leave(bob)]);
    const terminals: Recorded[] = [
      { title: 'Alice, behind a restrict-port NAT', frames: alice.frames },
      { title: 'Bob, behind a symmetric NAT', frames: bob.frames },
    ];
    const label =
      'Two terminals, each behind its own NAT: Alice shows her address, Bob pastes it, a hole punch opens a direct pipe, they chat, and the timeline says why it worked.';
    const svg = recordingSvg(terminals, { ...SIZE, length, label });
    writeFileSync(FILE, svg);
    const frames = alice.frames.length + bob.frames.length;
    console.log(
      `${FILE}: ${(length / 1_000).toFixed(1)} s, ${frames} frames, ${Buffer.byteLength(svg)} bytes`,
    );
  }, DELAY)();
} finally {
  recorder.close();
  rmSync(folder, { recursive: true, force: true });
}

/** A shell on a machine, with the program and the list of this network's servers at hand. */
function open(lab: Lab, machine: 'a' | 'b', servers: string): Terminal {
  const home = join(folder, machine);
  mkdirSync(home);
  symlinkSync(servers, join(home, 'ours.json'));
  symlinkSync(join(ROOT, 'bin/p2pd-demo.js'), join(home, 'p2pd-demo'));
  const env = [
    `P2PD_HOME=${join(home, 'state')}`,
    `PATH=${home}:/usr/local/bin:/usr/bin:/bin:${join(process.execPath, '..')}`,
    'PS1=$ ',
    'LANG=C.UTF-8',
    'TERM=tmux-256color',
    `HOME=${home}`,
    'HISTFILE=/dev/null',
  ];
  const shell = ['env', '-C', home, '-i', ...env, 'bash', '--norc', '--noprofile'];
  return recorder.open(SIZE.columns, SIZE.rows, [
    ...['ip', 'netns', 'exec', lab.net.namespace(machine)],
    ...shell,
  ]);
}

async function play(alice: Terminal, bob: Terminal): Promise<void> {
  await pause(600);
  await Promise.all([start(alice), start(bob)]);
  alice.press('1');
  const screen = await alice.until(/p2pd1/, /Waiting for pipes/);
  const [, rows = ''] = /address:\n([\s\S]*?)\n\n/.exec(screen) ?? [];
  const address = rows.replace(/\s/g, '');
  await pause(READ);
  bob.press('0');
  await bob.until(/families/);
  await pause(400);
  bob.paste(address);
  await pause(800);
  bob.press('Enter');
  await bob.until(/encrypted/);
  await pause(READ);
  alice.press('Enter');
  await alice.until(/encrypted/);
  await pause(500);
  await bob.type('Hi Alice! No server between us?');
  bob.press('Enter');
  await alice.until(/No server between us/);
  await pause(500);
  await alice.type('None. A hole through both routers.');
  alice.press('Enter');
  await bob.until(/through both routers/);
  await pause(READ);
  bob.press('C-y');
  await bob.until(/punch/i);
  await pause(2 * READ);
}

async function start(terminal: Terminal): Promise<void> {
  await terminal.type('p2pd-demo --servers ours.json');
  terminal.press('Enter');
  await terminal.until(/Accept connections/, /NAT/);
}

/** So that nothing is written any more when the folder goes. */
async function leave(terminal: Terminal): Promise<void> {
  terminal.press('C-c');
  await terminal.until(/\$ *\n*$/);
}
