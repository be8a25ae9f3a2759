/**
 * Throughput of a punched pipe between two people behind simulated NATs, 40 ms round trip, on a clean path
 * and on one that loses 1 % of all packets, over UDP and over TCP in turn: the built program, real packets.
 * Linux, root, socat, python3 and the three servers.
 *
 *   node bench/run.js bulk [MEGABYTES] [ROUNDS]
 */
import { natPreset } from '../src/lab/index.ts';
import { become, behindTwoNats } from '../test/netns/two-nats.ts';
import { median, round, table } from './lib/figures.ts';

/** ms that each router holds a packet, and nearly one more for its timer: a round trip takes four. */
const DELAY = 9;
const NAT = natPreset('restrict port');
const TARGETS: Readonly<Record<string, string>> = { 'u 0.01': '8' };

const [megabytes = '40', rounds = '3'] = process.argv.slice(2);
const speeds = new Map<string, number[]>();

await behindTwoNats(async (lab, nats) => {
  for (let i = 0; i < Number(rounds); i++)
    for (const loss of [0, 0.01])
      for (const methods of ['u', 'p']) {
        // Two routers lose what one would.
        await become(nats, NAT, NAT, loss / 2);
        const options = ['--servers', nats.servers, '--methods', methods];
        const peer = await lab.accept('b', options);
        const bytes = String(Number(megabytes) * 1e6);
        const program = lab.start('a', ['connect', peer.address, '--json', '--bench', bytes, ...options]);
        const { sendMbps, receiveMbps } = await finished(program);
        const key = `${methods} ${loss}`;
        speeds.set(key, [...(speeds.get(key) ?? []), Number(sendMbps) / 8, Number(receiveMbps) / 8]);
        peer.program.signal('SIGTERM');
        await peer.program.exits(0);
      }
}, DELAY)();

const rows = [...speeds].map(([key, all]) => {
  const [methods, loss] = key.split(' ');
  const name = `${methods === 'u' ? 'UDP' : 'TCP'}, loss ${100 * Number(loss)} %`;
  return [name, round(median(all)), round(Math.min(...all)), round(Math.max(...all)), TARGETS[key] ?? ''];
});
console.log(`${megabytes} MB each way, ${rounds} rounds, MB/s`);
console.log(table([['pipe', 'median', 'least', 'most', 'target: at least'], ...rows]));

/** As long as it takes: slow paths are what is measured. */
async function finished(program: ReturnType<Parameters<Parameters<typeof behindTwoNats>[0]>[0]['start']>) {
  const until = Date.now() + 300_000;
  while (program.all('bench').length === 0 && Date.now() < until)
    await new Promise((resolve) => setTimeout(resolve, 200));
  const [result] = program.all('bench');
  if (result === undefined) throw new Error(program.said());
  await program.ended();
  return result;
}
