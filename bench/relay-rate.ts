/**
 * How much goes through a relay: two machines and Debian's coturn on one link, by an allocation of TCP and by those of UDP,
 * over each transport to the server. Linux, root and the servers.
 *
 *   node bench/run.js relay-rate [MEGABYTES]
 */
import { inLab, type Lab } from '../test/netns/lab.ts';
import { serversFile, startCoturn, startMosquitto } from '../test/netns/services.ts';
import type { Plan } from '../test/netns/topology.ts';
import { RELAY, USER } from '../test/netns/turn-relay.ts';
import { round, table } from './lib/figures.ts';

const SERVER = '198.51.100.20';
const PLAN: Plan = {
  families: [4],
  links: [
    ['a', 'b', 'server'].map((machine, i) => ({
      machine,
      interface: 'eth0',
      addresses: [machine === 'server' ? `${SERVER}/24` : `198.51.100.${i + 1}/24`],
    })),
  ],
};
const bytes = Number(process.argv[2] ?? 50) * 1e6;
const rows: string[][] = [['allocation, to the server by', 'sent, MB/s', 'received, MB/s', 'round trip, ms']];

await inLab(PLAN, async (lab) => {
  await startMosquitto(lab, 'server', { addresses: [SERVER], port: 1883 });
  await startCoturn(lab, 'server', { addresses: [SERVER], port: 3480 }, RELAY);
  await startCoturn(lab, 'server', { addresses: [SERVER], port: 3481 }, [...RELAY, 'no-tcp-relay']);
  await measure(lab, 'TCP, by TCP', `turn:${SERVER}:3480?transport=tcp`);
  await measure(lab, 'UDP, by TCP', `turn:${SERVER}:3481?transport=tcp`);
  await measure(lab, 'UDP, by UDP', `turn:${SERVER}:3480?transport=udp`);
})();
console.log(table(rows));

async function measure(lab: Lab, what: string, url: string): Promise<void> {
  const plain = serversFile(lab, { mqtt: [`mqtt://${SERVER}:1883`] });
  const relay = lab.file(
    'relay.json',
    JSON.stringify({ mqtt: [`mqtt://${SERVER}:1883`], turn: [{ url, ...USER }] }),
  );
  const peer = await lab.accept('b', ['--servers', plain]);
  const command = [
    'connect',
    peer.address,
    '--json',
    '--servers',
    relay,
    '--methods',
    't',
    '--timeout',
    '60',
  ];
  const program = await lab.start('a', [...command, '--bench', String(bytes)]).ended();
  const [result] = program.all('bench');
  const [open] = program.all('open');
  const rate = (value: unknown) => round(Number(value) / 8);
  rows.push([
    what,
    ...(result ? [rate(result.sendMbps), rate(result.receiveMbps), String(result.rtt)] : ['-', '-', '-']),
  ]);
  console.log(what, open?.transport, JSON.stringify(result), result ? '' : program.said());
  peer.program.signal('SIGTERM');
  await peer.program.ended();
}
