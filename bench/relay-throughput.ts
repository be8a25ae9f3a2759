/**
 * Bytes over Debian's coturn between the built program in two network namespaces of one machine, beside Node's own TLS 1.3 and bare node:net on loopback without a relay; in turn, several rounds, fresh processes each time. Linux, root.
 *
 *   node bench/run.js relay-throughput [MEGABYTES] [ROUNDS]
 */
import { inLab, type Lab } from '../test/netns/lab.ts';
import { startCoturn, startMosquitto } from '../test/netns/services.ts';
import { median, round, table } from './lib/figures.ts';
import { beside, playRole } from './lib/plain-transfer.ts';

const HOST = '198.51.100.10';
const USER = { username: 'demo', credential: 'secret' };
const RELAY = ['lt-cred-mech', 'realm=example.org', 'user=demo:secret', 'min-port=50000', 'max-port=50100'];

const [first = '300', second = '3', third = ''] = process.argv.slice(2);
if (!(await playRole(first, second, third))) {
  await inLab(
    {
      families: [4],
      links: [
        [
          { machine: 'a', interface: 'eth0', addresses: ['198.51.100.1/24'] },
          { machine: 'b', interface: 'eth0', addresses: ['198.51.100.2/24'] },
          { machine: 'server', interface: 'eth0', addresses: [`${HOST}/24`] },
        ],
      ],
    },
    (lab) => compare(lab, Number(first), Number(second)),
  )();
}

async function compare(lab: Lab, megabytes: number, rounds: number): Promise<void> {
  await startCoturn(lab, 'server', { addresses: [HOST], port: 3478 }, RELAY);
  await startMosquitto(lab, 'server', { addresses: [HOST], port: 1883 });
  const known = {
    stun: [{ host: HOST, port: 3478, tcp: true }],
    mqtt: [`mqtt://${HOST}:1883`],
    turn: [{ url: `turn:${HOST}:3478?transport=tcp`, ...USER }],
  };
  const servers = lab.file('relay.json', JSON.stringify(known));
  const results: { out: number; back: number; tls: number; tcp: number }[] = [];
  for (let turn = 0; turn < rounds; turn++) {
    const { out, back } = await relayed(lab, servers, megabytes);
    results.push({ out, back, tls: await beside('tls', megabytes), tcp: await beside('tcp', megabytes) });
  }
  const of = (pick: (one: (typeof results)[number]) => number) => round(median(results.map(pick)));
  const row = (what: string, speed: (one: (typeof results)[number]) => number) => [
    what,
    of(speed),
    of((one) => (speed(one) / one.tls) * 100),
    of((one) => (speed(one) / one.tcp) * 100),
  ];
  console.log(
    table([
      [`${megabytes} MB`, 'MB/s', '% of TLS', '% of TCP'],
      row('pipe by coturn, there', ({ out }) => out),
      row('pipe by coturn, back', ({ back }) => back),
      row('TLS 1.3, direct', ({ tls }) => tls),
      row('node:net, direct', ({ tcp }) => tcp),
    ]),
  );
}

/** MB/s each way, as `--bench` measures them. */
async function relayed(lab: Lab, servers: string, megabytes: number) {
  const peer = await lab.accept('b', ['--servers', servers]);
  const bytes = String(megabytes * 1e6);
  const command = [
    'connect',
    peer.address,
    '--json',
    '--bench',
    bytes,
    '--servers',
    servers,
    '--methods',
    't',
  ];
  const giver = await lab.start('a', command).exits(0);
  peer.program.signal('SIGTERM');
  await peer.program.ended();
  const [bench] = giver.all('bench');
  return { out: Number(bench?.sendMbps) / 8, back: Number(bench?.receiveMbps) / 8 };
}
