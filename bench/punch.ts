/**
 * Hole punching with real packets between two people behind simulated NATs, 20 ms round trip from
 * each to mosquitto, coturn and chrony and 40 ms from each other: from the request to an open pipe and
 * to the first echoed byte, in a fresh process of the built program each time. Linux, root, socat,
 * python3 and the three servers.
 *
 *   node bench/run.js punch [RUNS] [METHODS] [PAIR…]
 *
 * METHODS as of the program: p TCP, u UDP, pu both. Targets are TCP's; UDP's are in README.md.
 */
import { type NatOptions, natPreset } from '../src/lab/index.ts';
import type { Lab, Line, Program } from '../test/netns/lab.ts';
import { become, behindTwoNats, type TwoNats } from '../test/netns/two-nats.ts';
import { median, round, table } from './lib/figures.ts';

/** ms that each router holds a packet, and nearly one more for its timer: a round trip between the two takes four. */
const DELAY = 9;
const REPORT_TIME = 3_000;

interface Pair {
  readonly name: string;
  readonly a: NatOptions;
  readonly b: NatOptions;
  /** ms between mappings that others make on both routers; 0: nobody does. */
  readonly noise: number;
  /** ms from request to first echoed byte. */
  readonly target: number;
}

const [runsText = '9', METHODS = 'p', ...chosen] = process.argv.slice(2);
const counting = { type: 'independent', value: 2 } as const;
const port = (delta: Parameters<typeof natPreset>[1], changes: Partial<NatOptions> = {}) =>
  natPreset('restrict port', delta, changes);
const PAIRS: readonly Pair[] = [
  pair('restrict port, equal × the same; drop', port('equal'), port('equal'), 170),
  pair('restrict port, equal × the same; reset', ...both(port('equal', { unsolicited: 'reset' })), 200),
  pair('full cone, equal × restrict, equal; drop', natPreset('full cone'), natPreset('restrict'), 170),
  pair('restrict port, random × the same; drop', ...both(port('random')), 230),
  pair('restrict port, random × the same; reset', ...both(port('random', { unsolicited: 'reset' })), 260),
  pair(
    'symmetric, preserving × restrict port, random',
    natPreset('symmetric', 'preserving'),
    port('random'),
    400,
  ),
  pair('symmetric, random × restrict, equal', natPreset('symmetric', 'random'), natPreset('restrict'), 400),
  pair(
    'symmetric, independent × restrict port, random',
    natPreset('symmetric', counting),
    port('random'),
    400,
  ),
  pair('… others’ mappings, one in 40 ms', natPreset('symmetric', counting), port('random'), 400, 40),
  pair('symmetric, independent × the same', ...both(natPreset('symmetric', counting)), 400),
  pair('… others’ mappings, one in 40 ms', ...both(natPreset('symmetric', counting)), 400, 40),
  ...(METHODS.includes('u')
    ? [
        pair(
          'symmetric, random × restrict port, equal: chance',
          natPreset('symmetric', 'random'),
          port('equal'),
          800,
        ),
      ]
    : []),
];

function pair(name: string, a: NatOptions, b: NatOptions, target: number, noise = 0): Pair {
  return { name, a, b, target, noise };
}

function both(nat: NatOptions): [NatOptions, NatOptions] {
  return [nat, nat];
}

/** A neighbour who opens a mapping for each transport every so many ms. */
const NOISE = `
import socket, sys, time
while True:
    s = socket.socket(); s.setblocking(False)
    u = socket.socket(type=socket.SOCK_DGRAM)
    try: s.connect(('198.51.100.10', 9))
    except BlockingIOError: pass
    u.sendto(b'.', ('198.51.100.10', 9))
    time.sleep(float(sys.argv[1]) / 1000)
    s.close(); u.close()
`;

const runs = Number(runsText);
const rows: string[][] = [];

await behindTwoNats(async (lab, nats) => {
  for (const one of PAIRS.filter((_, i) => chosen.length === 0 || chosen.includes(String(i)))) {
    const { opened, echoed } = await measure(lab, nats, one);
    const all = [median(opened), median(echoed), Math.min(...echoed), Math.max(...echoed)];
    rows.push([one.name, ...all.map(round), String(one.target), `${echoed.length}/${runs}`]);
    console.log(rows.at(-1)?.join(' | '));
  }
}, DELAY)();
console.log(
  table([['pair', 'open', 'first echo', 'min', 'max', 'target', 'opened at the first try'], ...rows]),
);

async function measure(lab: Lab, nats: TwoNats, { name, a, b, noise }: Pair) {
  await become(nats, a, b);
  const neighbours =
    noise === 0 ? [] : ['a', 'b'].map((machine) => lab.run(machine, ['python3', '-c', NOISE, String(noise)]));
  const options = ['--servers', nats.servers, '--methods', METHODS];
  const [home, peerHome] = [lab.home(), lab.home()];
  // The first run finds out the NAT: its address tells it from the next start on.
  const before = await lab.accept('b', options, { home: peerHome });
  await new Promise((resolve) => setTimeout(resolve, REPORT_TIME));
  before.program.signal('SIGTERM');
  await before.program.exits(0);
  const peer = await lab.accept('b', ['--echo', ...options], { home: peerHome });
  await new Promise((resolve) => setTimeout(resolve, REPORT_TIME));
  const opened: number[] = [];
  const echoed: number[] = [];
  for (let run = -1; run < runs; run++) {
    const command = ['connect', peer.address, '--json', '--send', '.', ...options];
    const program = await lab.start('a', command, { home }).ended();
    // As often as a peer may ask for long; guesses at one address are rarer.
    await new Promise((resolve) => setTimeout(resolve, name.includes('chance') ? 16_000 : 2_100));
    // The first one finds out the NAT, and is none of them.
    if (run < 0) continue;
    if (!opens(program)) {
      console.log(name, program.said());
      continue;
    }
    const { open, echo } = timesOf(program);
    opened.push(open);
    echoed.push(echo);
  }
  for (const neighbour of neighbours) neighbour.signal('SIGKILL');
  peer.program.signal('SIGTERM');
  await peer.program.exits(0);
  return { opened, echoed };
}

function opens(program: Program): boolean {
  return program.all('open').length > 0;
}

function timesOf(program: Program): { readonly open: number; readonly echo: number } {
  const [open] = program.all('open');
  const echo = program.all('message').find(({ direction }) => direction === 'in');
  if (open === undefined || echo === undefined) throw new Error(program.said());
  const began = atOf(open) - Number(open.elapsed);
  return { open: Number(open.elapsed), echo: atOf(echo) - began };
}

function atOf({ at }: Line): number {
  return Number(at);
}
