/**
 * A whole NAT report at 40 ms round trips behind a restrict-port NAT: type, delta, range, UDP and TCP.
 * Beside it, in turn, Debian's `stun` client and coturn's `turnutils_natdiscovery`, which tell the
 * type alone. Then the same report of other NATs, and packets sent to each server address. Linux,
 * root, socat, coturn and stun-client.
 *
 *   node bench/run.js nat [RUNS]
 */
import { type NatOptions, natPreset } from '../src/lab/index.ts';
import type { Lab } from '../test/netns/lab.ts';
import { behindUserNat, STUN } from '../test/netns/user-nat.ts';
import { median, round, summary, table } from './lib/figures.ts';

/** ms that the router holds each packet, each way: a round trip of 40 ms. */
const HOLD = 20;
const RTT = 2 * HOLD;
const TARGET = 600;
const PACKETS = 60;
const SERVER = STUN[0][0];
const ADDRESSES = STUN.flat();

const NATS: readonly (readonly [string, NatOptions])[] = [
  ['restrict port, equal', natPreset('restrict port', 'equal')],
  ['full cone, independent', natPreset('full cone', 'independent')],
  ['restrict, dependent', natPreset('restrict', 'dependent')],
  ['symmetric, random', natPreset('symmetric', 'random')],
];

interface Told {
  /** ms, as the report says and as the process took. */
  readonly elapsed: number;
  readonly outside: number;
  readonly said: string;
}

async function own(lab: Lab, servers: string): Promise<Told> {
  const startedAt = performance.now();
  const program = await lab.start('alice', ['nat', '--json', '--servers', servers]).exits(0);
  const outside = performance.now() - startedAt;
  const { reports } = JSON.parse(program.stdout);
  const { elapsed, udp, tcp } = reports[0];
  return { elapsed, outside, said: `${udp.name}, ${udp.delta.name}; TCP ${tcp.mapping}, ${tcp.delta.name}` };
}

/** ms until a command is done, whatever it exits with. */
async function timed(lab: Lab, ...command: readonly string[]): Promise<number> {
  const startedAt = performance.now();
  await lab.run('alice', ['sh', '-c', '"$@" >/dev/null 2>&1; true', 'sh', ...command]).exits(0);
  return performance.now() - startedAt;
}

function countPackets(lab: Lab): () => number {
  const rules = ADDRESSES.map((ip) => `ip saddr 192.168.1.2 ip daddr ${ip} counter`);
  lab.net.filter(
    'router',
    ['table ip count {', 'chain pre {', 'type filter hook prerouting priority -300', ...rules, '}', '}'].join(
      '\n',
    ),
  );
  const read = () =>
    [...lab.net.run('router', 'nft', 'list', 'table', 'ip', 'count').matchAll(/packets (\d+)/g)].map(
      ([, n]) => Number(n),
    );
  let before = read();
  return () => {
    const now = read();
    const most = Math.max(...now.map((count, i) => count - (before[i] ?? 0)));
    before = now;
    return most;
  };
}

async function measure(
  lab: Lab,
  become: (rules: NatOptions) => Promise<void>,
  servers: string,
  runs: number,
) {
  const packets = countPackets(lab);
  await become(natPreset('restrict port', 'equal'));
  const figures = {
    own: [] as number[],
    outside: [] as number[],
    stun: [] as number[],
    discovery: [] as number[],
  };
  for (let i = 0; i < runs; i++) {
    const { elapsed, outside } = await own(lab, servers);
    figures.own.push(elapsed);
    figures.outside.push(outside);
    figures.stun.push(await timed(lab, 'stun', SERVER));
    figures.discovery.push(await timed(lab, 'turnutils_natdiscovery', '-m', '-f', SERVER));
  }
  packets();
  const others: string[][] = [];
  for (const [name, rules] of NATS) {
    await become(rules);
    const told: Told[] = [];
    let most = 0;
    for (let i = 0; i < Math.ceil(runs / 3); i++) {
      told.push(await own(lab, servers));
      most = Math.max(most, packets());
    }
    others.push([
      name,
      told[0]?.said ?? '',
      `${round(median(told.map(({ elapsed }) => elapsed)))} ms`,
      String(most),
    ]);
  }
  report(figures, others, runs);
}

function report(
  { own: told, outside, stun, discovery }: Record<'own' | 'outside' | 'stun' | 'discovery', number[]>,
  others: readonly string[][],
  runs: number,
): void {
  const fastest = Math.min(median(stun), median(discovery));
  console.log(`\nrestrict port, equal; round trip ${RTT} ms; medians of ${runs}, in turn\n`);
  console.log(
    table([
      ['what', 'median ms', 'least', 'most', 'target'],
      ['whole report (elapsed)', ...summary(told), `< ${TARGET}`],
      ['… with its process', ...summary(outside), `<= ${round(fastest / 2)} (half of the fastest below)`],
      ['stun: the type alone', ...summary(stun), ''],
      ['turnutils_natdiscovery -m -f', ...summary(discovery), ''],
    ]),
  );
  console.log(`\npackets to one server address: at most ${PACKETS}\n`);
  console.log(table([['NAT', 'told', 'elapsed', 'packets'], ...others]));
}

const runs = Number(process.argv[2] ?? 9);
await behindUserNat((lab, nat, servers) => measure(lab, (rules) => nat.become(rules), servers, runs), HOLD)();
